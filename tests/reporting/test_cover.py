"""The cover in every language, and that of two versions."""

import pytest

from reporting.cover import report_cover, versions_cover
from reporting.translations import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_to_fill_in(report, language):
    """Every fact has a value, every sentence is whole, in each language."""
    cover = report_cover(report, language)
    texts = [cover.title, *cover.sentences, *(str(part) for fact in cover.facts for part in fact)]
    assert all(text and "{" not in text and "*" not in text for text in texts)
    assert len(cover.sentences) == len(report.advice) + len(report.warnings)


def test_the_cover_of_two_versions_names_them(compared):
    """Their numbers, the cutoff and the days."""
    cover = versions_cover(compared, [])
    first, second = (str(compared.versions[side].number) for side in ("first", "second"))
    assert cover.title == f"Version {second} against version {first}"
    assert dict(cover.facts)["Versions"] == f"{first}, {second}"
