"""Opt-outs recorded after a plan's cutoff stop the plan, from the customers' table and from records of plans."""

from pathlib import Path

import pandas as pd
import pytest

from features.as_of import AsOf
from planning.options.later_opt_outs import later_opt_outs
from tests.planning.record_plans import ITEMS, plan_folder, write_records

CUTOFF = AsOf.parse("2026-11-20", "UTC")


def table(**opted_out: list[str]) -> pd.DataFrame:
    """A customers' table of these customers."""
    frame = pd.DataFrame({"opted_out": pd.Series(opted_out, dtype=object)})
    return frame.assign(not_opted_out=[{} for _ in range(len(frame))])


def test_what_the_table_says_later_counts_by_channel() -> None:
    """Of customers known at the cutoff and of new ones; what was known at the cutoff is no later opt-out."""
    known, latest = table(a=["email"], b=[]), table(a=["email", "phone"], b=["phone"], c=["email"], d=[])
    assert later_opt_outs(known, latest, [], CUTOFF) == {"a": ["phone"], "b": ["phone"], "c": ["email"]}
    assert later_opt_outs(latest, latest, [], CUTOFF) == {}
    assert later_opt_outs(None, None, [], CUTOFF) == {}


@pytest.mark.parametrize(
    ("recorded_at", "opted_in", "expected"),
    [
        ("2026-11-19T23:59:59", None, {}),
        ("2026-11-20", None, {"c1": ["phone"]}),
        ("2026-11-25", "2026-11-24", {"c1": ["phone"]}),
        ("2026-11-25", "2026-11-26", {}),
    ],
)
def test_what_a_rep_recorded_later_counts(
    tmp_path: Path, recorded_at: str, opted_in: str | None, expected: dict[str, list[str]]
) -> None:
    """From the cutoff on, unless a newer row of the table says that the customer has not opted out."""
    folder = plan_folder(tmp_path / "plan")
    row = {
        "plan_item": ITEMS["c1"],
        "customer_id": "c1",
        "status": "skipped",
        "reason": "opted_out",
        "channel": "phone",
    }
    write_records(folder, [row | {"recorded_at": recorded_at}])
    latest = table(c1=[])
    if opted_in:
        latest["not_opted_out"] = pd.Series([{"phone": pd.Timestamp(opted_in, tz="UTC")}], latest.index, dtype=object)
    assert later_opt_outs(None, latest, [folder], CUTOFF) == expected
