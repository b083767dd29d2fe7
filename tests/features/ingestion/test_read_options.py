"""Options for reading are checked when they are given."""

from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.read_options import ReadOptions, matches
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


def test_a_pattern_before_a_column_is_for_the_sources_that_match() -> None:
    """Their whole name or the last part of it; it goes before the value without a pattern, whatever the order."""
    options = ReadOptions(map={"a/o*.csv:amount": "total", "amount": "sum", "*.xlsx/Sheet:event_time": "day"})
    assert options.patterns() == ["a/o*.csv", "*.xlsx/Sheet"]
    assert options.of_source("a/orders.csv").map == {"amount": "total"}
    assert options.of_source("b/orders.csv").map == {"amount": "sum"}
    assert options.of_source("log.xlsx/Sheet").map == {"amount": "sum", "event_time": "day"}
    assert matches("orders.csv", "/data/orders.csv")
    assert not matches("orders.csv", "/data/orders.csv/x")


def test_a_password_is_not_shown() -> None:
    """Neither by printing the options."""
    assert "secret" not in repr(ReadOptions(password="secret"))
