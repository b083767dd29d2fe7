"""The page of two versions: the figures of its tables, in both languages, alone and without code from texts."""

import html
import re
from dataclasses import replace

import pytest

from reporting.number_formats import number, share
from reporting.page.versions_page import render_versions
from reporting.version_tables import version_tables
from tests.reporting.page.test_html_page import Cells, filled


@pytest.fixture(scope="module")
def text(compared, tables):
    return render_versions(compared, tables, [])


def visible(text: str) -> str:
    bare = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", bare)).split())


def test_figures_are_those_of_the_tables(text, compared, tables):
    """The summary, the measures, the bands and the largest changes."""
    values, figures = filled(text), tables["version_agreement"].set_index("figure")["value"]
    assert values["versions.total_up"]["change"] == share(figures["total_ratio"] - 1)
    assert values["versions.order"]["correlation"] == number(figures["rank_correlation"], 3)
    cells = Cells()
    cells.feed(text)
    measured = tables["version_measures"].drop(columns=["side", "version"])
    assert [row[1:] for row in cells.tables["version_measures"][1:]] == [
        [number(value, 4) for value in row] for row in measured.to_numpy()
    ]
    bands = tables["bands"]["customers"].to_numpy().reshape(5, 5)
    assert [row[1:] for row in cells.tables["bands"][1:]] == [[f"{n:,}" for n in row] for row in bands]
    largest = tables["forecasts"].query("change > 0").iloc[:10]
    assert [row[0] for row in cells.tables["movers-up"][1:]] == largest["customer_id"].tolist()


def test_ids_are_texts_and_nothing_is_fetched(text):
    """No element names another file, no attribute carries code, and ids with tags are escaped."""
    assert "<script>alert" not in text
    shell = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!#|data:,)', shell) == []
    assert re.findall(r'\s(?:style|on\w+)="', shell) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_cannot_be_measured_is_said(compared, language):
    """Without an outcome the page has no measures and no nan, and names the date that would have them."""
    unknown = replace(compared, purchases=None)
    page = render_versions(unknown, version_tables(unknown), [("warning.nothing", {"expected": "5"})], language)
    assert "--as-of 2024-03-01 --horizon-days 90" in visible(page)
    assert re.findall(r"\b(?:nan|None|inf)\b", visible(page)) == []
    assert 'data-table="version_measures"' not in page
    assert {"en": "Model version 1 and version 2", "zh": "模型版本 1 与版本 2"}[language] in visible(page)


def test_a_version_that_has_seen_the_outcome_is_named(compared):
    """It is not measured, and the page says why."""
    second = compared.versions["second"]
    later = replace(second, model=replace(second.model, card=replace(second.model.card, as_of="2024-04-01")))
    informed = replace(compared, versions={**compared.versions, "second": later})
    page = visible(render_versions(informed, version_tables(informed), []))
    assert "Version 2 was trained on events before 2024-04-01, after the date compared at" in page
    assert "--as-of 2024-04-01 --horizon-days" in page
