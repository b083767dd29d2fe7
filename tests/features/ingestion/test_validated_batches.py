"""Batches of several sources: valid rows go on with their place in the source, all others to quarantine."""

from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.quarantine import Quarantine
from features.ingestion.read_options import ReadOptions
from features.ingestion.row_counts import RowCounts
from features.ingestion.sources import open_sources, read_batches
from features.ingestion.validated_batches import check_constants, validated_batches
from features.ingestion.validation import ValidationRules
from features.timezones import business_timezone
from tests.features.reading import csv_file

GOOD = "a,2024-01-05,purchase,10,,,,,"
RULES = ValidationRules(business_timezone("UTC"))


def test_valid_rows_have_their_place(tmp_path: Path) -> None:
    """Source and row number, for whoever must name them; what is left out is in quarantine and counted."""
    paths = [csv_file(tmp_path, GOOD, "x", GOOD), csv_file(tmp_path, GOOD, name="b.csv")]
    sources = open_sources(paths, ReadOptions(), tmp_path)
    counts, progress = RowCounts(), list[int]()
    with Quarantine(tmp_path / "quarantine.csv", sources) as quarantine:
        batches = list(validated_batches(read_batches(sources), RULES, quarantine, counts, progress.append))
    assert [(b["source"].to_pylist(), b["row_number"].to_pylist()) for b in batches] == [([0, 0], [1, 3]), ([1], [1])]
    assert quarantine.rows == 1
    assert counts.rows_in == sum(progress) == 4


def test_constants_stand_in_for_columns(tmp_path: Path) -> None:
    """Numbers as numbers, words as words, in every row."""
    path = csv_file(tmp_path, "a,2024-01-05", "b,2024-01-06", header="customer_id,event_time")
    options = ReadOptions(constants={"event_type": "purchase", "amount": "2.5"})
    sources = open_sources([path], options, tmp_path)
    with Quarantine(tmp_path / "quarantine.csv", sources) as quarantine:
        (events,) = validated_batches(read_batches(sources), RULES, quarantine, RowCounts())
    assert events["cents"].to_pylist() == [250, 250]
    assert set(events["kind"].to_pylist()) == {3}


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"event_type": "theft"}, "the constant event_type=theft is unknown: expected visit, "),
        ({"amount": "-1"}, "the constant amount=-1 is negative"),
        ({"event_type": "visit", "channel": "fax"}, "the constant channel=fax is unknown for visits"),
    ],
)
def test_an_invalid_constant_is_refused_at_once(constants: dict[str, str], message: str) -> None:
    """It would send every row to quarantine."""
    with pytest.raises(SourceError, match=message):
        check_constants(constants, RULES)


def test_valid_constants_pass() -> None:
    """Also those of event types with words of their own."""
    check_constants({"event_type": "incentive", "channel": "coupon", "outcome": "sent"}, RULES)
