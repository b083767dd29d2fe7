"""The settings of reading logs: their defaults, and what they refuse."""

import pytest

from features.errors import InvalidArgumentError
from features.ingestion.settings import IngestSettings
from features.schema import RATING_MAXIMUM


def test_the_default_settings_of_ingest_are_these() -> None:
    """The rating scale is that of the event contract, and all else is detected."""
    assert IngestSettings() == IngestSettings(RATING_MAXIMUM, None, None, None)


@pytest.mark.parametrize("maximum", [0.0, -5.0, 1e7, float("inf"), float("nan")])
def test_a_rating_scale_has_a_top(maximum: float) -> None:
    """A number above 0, up to a million."""
    with pytest.raises(InvalidArgumentError, match="rating_maximum"):
        IngestSettings(rating_maximum=maximum)


@pytest.mark.parametrize("settings", [{"delimiter": ";;"}, {"decimal": "'"}])
def test_marks_of_a_csv_file_are_checked(settings: dict[str, str]) -> None:
    """As the options of the command are."""
    with pytest.raises(InvalidArgumentError, match=r"is not a de(limiter|cimal mark)"):
        IngestSettings(**settings)  # type: ignore[arg-type]
