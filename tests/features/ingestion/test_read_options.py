"""Options for reading are checked when they are given."""

from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_formats import Source
from features.ingestion.sources import open_sources
from tests.features.reading import csv_file

GOOD = "A,2024-01-01,usage,,,,,,"


def opened(*sources: Path | str, **options: object) -> list[Source]:
    return open_sources(sources, ReadOptions(**options), Path("unused"))  # type: ignore[arg-type]


def said(*sources: Path | str, **options: object) -> str:
    """Return the one line with which sources are refused."""
    with pytest.raises(SourceError) as refusal:
        opened(*sources, **options)
    message = str(refusal.value)
    assert "\n" not in message
    assert ": " in message or ";" in message
    return message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"map": {"customer": "x"}},
            "'customer' is no column of the contract: expected one of customer_id, event_time",
        ),
        ({"constants": {"kind": "usage"}}, "'kind' is no column of the contract"),
        ({"map": {"amount": "price"}}, "has no column price: "),
        ({"constants": {"event_type": "usage"}}, "event_type is given as a constant, but the source has that column"),
        ({"delimiter": ",,"}, "',,' is not a delimiter: give one ASCII character"),
        ({"delimiter": "§"}, "'§' is not a delimiter"),
        ({"delimiter": '"'}, "is not a delimiter"),
        ({"decimal": "x"}, "'x' is not a decimal mark: expected '.' or ','"),
        ({"encoding": "klingon"}, "has no encoding named 'klingon'"),
        ({"encoding": "utf-16"}, "is not in utf-16"),
        ({"delimiter": ";"}, "has no column customer_id, event_time, event_type"),
        ({"query": "SELECT 1"}, "a query needs a database URL"),
    ],
)
def test_options_that_do_not_fit_are_one_line(options: dict[str, object], message: str, tmp_path: Path) -> None:
    """The same for how to read."""
    path = csv_file(tmp_path, GOOD)
    with pytest.raises(SourceError) as refusal:
        opened(path, **options)
    assert message in str(refusal.value)
