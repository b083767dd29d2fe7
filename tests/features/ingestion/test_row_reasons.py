"""The reason of a faulty row is the fault that says most, and a row of totals is named as one."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.ingestion.casting import RowErrors
from features.ingestion.id_rules import IS_TOTAL
from features.ingestion.profile import SourceProfile
from features.ingestion.row_reasons import EMPTY, LIKE_TOTAL, first_errors, settle_reasons
from features.ingestion.source_sample import preview_events
from tests.features.reading import csv_file, read

HEADER = "customer_id,event_time,event_type,amount,currency,note"
GOOD = [f"c{number},2024-01-01,purchase,20,EUR," for number in range(20)]


def test_the_first_error_of_a_row_is_the_most_telling() -> None:
    """Whatever was looked at first; of equal ones the first found."""
    errors = RowErrors()
    errors.add("amount", "has no currency", np.array([True, True, False, True]))
    errors.add("channel", "is unknown", np.array([True, False, True, True]))
    errors.add("customer_id", EMPTY, np.array([True, False, False, False]))
    settled = settle_reasons(errors, lambda rows: pa.table({"note": pa.array(["x"] * len(rows))}))
    rows, places = first_errors(settled, 4)
    assert rows.tolist() == [0, 1, 2, 3]
    assert [settled.entries[place][0] for place in places.tolist()] == ["customer_id", "amount", "channel", "amount"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",,,400,,", LIKE_TOTAL),
        (",,,400,,Summe:", IS_TOTAL),
        (",Total,,400,,", IS_TOTAL),
        (",2024-12-31,purchase,400,,合计", IS_TOTAL),
        (",2024-12-31,purchase,400,,Cup", EMPTY),
        (",,purchase,,EUR,Cup", EMPTY),
    ],
)
def test_a_total_below_the_rows_is_named_once(line: str, reason: str, tmp_path: Path) -> None:
    """Not by its currency, which it has not either; inspect says the same."""
    profile = SourceProfile().with_values(currency={"column": "currency", "keep": "EUR"})
    report = read(csv_file(tmp_path, *GOOD, line, header=HEADER), profile=profile).report
    assert report.quarantined_by_reason == {f"customer_id {reason}": 1}
    rows = [text.split(",") for text in [*GOOD, line]]
    sample = {name: pa.array([row[place] for row in rows]) for place, name in enumerate(HEADER.split(","))}
    own = profile.with_values(columns={name: name for name in HEADER.split(",")[:4]})
    assert preview_events(sample, own, "UTC", 3)[1] == {f"customer_id {reason}": 1}
