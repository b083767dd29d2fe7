"""Visits that lie after what was known of them were planned, and do not count as made."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.ingestion.planned_visits import PLANNED, is_after
from features.ingestion.validation import ValidationRules, validate_batch
from features.timezones import business_timezone

UTC, BERLIN = (business_timezone(name) for name in ("UTC", "Europe/Berlin"))
HOUR = 3_600_000_000


def faults(rules: ValidationRules, **values: Any) -> list[str]:
    row = {"customer_id": "A", "event_type": "visit"} | values
    log = {name: value if isinstance(value, pa.Array) else pa.array([value]) for name, value in row.items()}
    return [f"{column} {reason}" for column, reason, _ in validate_batch(log, rules).errors.entries]


AFTER = f"event_time is after its recorded_at and the visit has no outcome: {PLANNED}"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"recorded_at": "2024-02-28 09:00"}, [AFTER]),
        ({"recorded_at": "2024-02-29 09:59"}, [AFTER]),
        ({"recorded_at": "2024-02-28"}, [AFTER]),
        ({"recorded_at": "2024-02-29"}, []),
        ({"recorded_at": "2024-02-29 10:00"}, []),
        ({"recorded_at": None}, []),
        ({"recorded_at": "2024-02-28", "outcome": "neutral"}, []),
        ({"recorded_at": "2024-02-28", "satisfaction": "7"}, []),
        ({"recorded_at": "2024-02-28", "loyalty": "0"}, []),
        ({"recorded_at": "2024-02-28", "event_type": "purchase"}, []),
        ({"outcome": "planned"}, [f"outcome is {PLANNED}"]),
        ({"outcome": "scheduled"}, [f"outcome is {PLANNED}"]),
        (
            {"outcome": "planned", "event_type": "incentive"},
            ["outcome is unknown for incentives: expected sent, redeemed, expired"],
        ),
    ],
)
def test_a_planned_visit_is_no_event(values: dict[str, Any], found: list[str]) -> None:
    """One that lies after what was known of it, and shows by nothing that it was made; a date stands for its day."""
    assert faults(ValidationRules(UTC), **{"event_time": "2024-02-29 10:00"} | values) == found


@pytest.mark.parametrize(("known_at", "wrong"), [(1, True), (0, False), (-1, False)])
def test_a_visit_after_the_reading_of_the_log_is_planned(known_at: int, wrong: bool) -> None:
    """Where the reader says when that is; a visit of the same moment was made."""
    rules = ValidationRules(UTC, known_at=10**15 - known_at)
    expected = f"event_time is in the future and the visit has no outcome: {PLANNED}"
    assert faults(rules, event_time=pa.array([10**15], pa.timestamp("us", "UTC"))) == [expected] * wrong


def test_the_day_of_a_record_is_that_of_the_business() -> None:
    """Midnight in Berlin is 22:00 or 23:00 of the day before in UTC."""
    midnight = np.array([19_900 * 24 * HOUR - 2 * HOUR] * 3)
    times = midnight + np.array([0, 24 * HOUR - 1, 24 * HOUR])
    assert is_after(times, midnight, BERLIN).tolist() == [False, False, True]
    assert is_after(times, midnight, UTC).tolist() == [False, True, True]
