"""Amounts beside the customers' own: a twentieth more is seen after four weeks, a change of who buys is none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.as_of import AsOf
from features.store.event_store import EventStore
from monitoring.intake import intake
from monitoring.own_amounts import OWN_AMOUNT, own_amounts
from monitoring.recommendation import recommendation
from tests.training.logs import stored

WEEKS = 60
END = datetime(2025, 3, 3, tzinfo=UTC)
BUYERS = 400


def shop(folder: Path, factor: float = 1.0, weeks: int = WEEKS, rich: float = 0.0, buyers: int = BUYERS) -> EventStore:
    """Customers who differ by a factor of 2 buy now and then, amounts vary by 40 %; a factor in the last 28 days.

    In the last 28 days customers who pay more may buy more often (`rich`), which changes no amount.
    """
    rng = np.random.default_rng(8)
    own = 3 + 0.7 * rng.standard_normal(4 * buyers)
    ids, times, amounts = [], [], []
    for week in range(weeks):
        last = week < 4
        chance = np.exp(rich * last * (own - 3))
        who = rng.choice(len(own), buyers, replace=False, p=chance / chance.sum())
        for customer in who:
            amount = np.exp(own[customer] + 0.4 * rng.standard_normal()) * (factor if last else 1)
            ids.append(f"c{customer:04}")
            times.append(END - timedelta(days=7 * week + int(rng.integers(1, 8)) - 0.5))
            amounts.append(round(float(amount), 2))
    log = pa.table({"customer_id": ids, "event_time": times, "event_type": ["purchase"] * len(ids), "amount": amounts})
    return stored(log, folder)


def at_end(store: EventStore) -> AsOf:
    return AsOf.parse(END, "UTC")


def test_a_twentieth_is_found_and_told(tmp_path: Path) -> None:
    """The size is about right, the intake alarms, and the reason has the figure."""
    store = shop(tmp_path, 1.05)
    row = own_amounts(store, at_end(store))
    assert row is not None
    assert row["last"] / row["usual"] == pytest.approx(1.05, abs=0.02)
    found = intake(store, at_end(store))
    assert OWN_AMOUNT in set(found.alarms["what"])
    reasons = " ".join(recommendation(found, None, None, None).reasons)
    assert "amounts of the last 28 days are" in reasons
    assert "above what the same customers paid before" in reasons


def test_who_buys_is_no_change_of_amounts(tmp_path: Path) -> None:
    """The geometric mean of all amounts grows by a third, nobody pays more than before."""
    store = shop(tmp_path, rich=0.7)
    row = own_amounts(store, at_end(store))
    assert row is not None
    assert row["p_value"] > 0.01
    assert row["last"] / row["usual"] == pytest.approx(1, abs=0.03)


def test_a_short_or_small_log_says_nothing(tmp_path: Path) -> None:
    """Fewer than sixteen weeks, or fewer than twenty repeated purchases a week."""
    for name, options in {"short": {"weeks": 15}, "small": {"buyers": 10}}.items():
        (tmp_path / name).mkdir()
        store = shop(tmp_path / name, **options)
        assert own_amounts(store, at_end(store)) is None
