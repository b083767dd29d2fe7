"""What may be wrong with a log as a whole is said with its figure and what to do."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.ingestion.log_warnings import date_warnings
from tests.features.reading import csv_file, read

HEADER = "customer_id,event_time,event_type,amount"


def warnings(tmp_path: Path, *lines: str) -> list[str]:
    return list(read(csv_file(tmp_path, *lines, header=HEADER), decimal=".").report.warnings)


def day(number: int) -> str:
    return (date(2024, 1, 1) + timedelta(days=number)).isoformat()


def regular(customers: int = 40, days: int = 60) -> list[str]:
    """Return lines of a log in which nothing is wrong: everybody buys every other day."""
    return [
        f"c{customer},{day(number)} 10:{customer % 60:02},purchase,{number + 1}"
        for customer in range(customers)
        for number in range(customer % 2, days, 2)
    ]


def test_a_regular_log_has_no_warning(tmp_path: Path) -> None:
    """Nor has a log of one event."""
    assert warnings(tmp_path, *regular()) == []
    assert warnings(tmp_path, regular()[0]) == []


def test_nobody_ever_comes_back(tmp_path: Path) -> None:
    """An order number was taken for a customer."""
    lines = [f"order-{i},{day(i % 60)},purchase,{item}" for i in range(300) for item in (1, 2)]
    (warning,) = warnings(tmp_path, *lines)
    assert warning.startswith("0 of 300 customers have events on more than one day")


def test_one_customer_has_a_great_share(tmp_path: Path) -> None:
    """The id of whoever has no account."""
    lines = [f"0,{day(i % 60)} 1{i % 10}:{i % 60:02},purchase,{i}" for i in range(600)]
    (warning,) = warnings(tmp_path, *regular(), *lines)
    assert warning.startswith("customer '0' has 33% of all events (600 of 1,800)")
    assert "--nobody" in warning


def test_rows_equal_in_full(tmp_path: Path) -> None:
    """Each copy is counted; the same moment with another amount is none, nor is another customer's."""
    lines = [
        "a,2024-01-01,purchase,5",
        "a,2024-01-01,purchase,5.00",
        "a,2024-01-01,purchase,6",
        "b,2024-01-01,purchase,5",
    ]
    (warning,) = warnings(tmp_path, *lines)
    assert warning.startswith("1 of 4 events are equal in full")


TEN_DAYS = "no event for 10 days, from 1970-04-11 to 1970-04-20"


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (range(100), []),
        ([n for n in range(200) if n % 7 < 5], []),  # closed at weekends
        ([n for n in range(200) if n % 7 < 5 and not 70 <= n < 77], ["no event for 9 days, from 1970-03-10 to"]),
        ([*range(100), *range(110, 200)], ["no event for 10 days, from 1970-04-11 to 1970-04-20: is a file missing?"]),
        ([n for n in range(300) if not 100 <= n < 110 and n != 201], [f"{TEN_DAYS}, and 1 more day"]),
        (range(0, 900, 30), []),  # a day a month
        ([*range(0, 300, 3), *range(420, 600, 3)], ["no event for 122 days"]),
        ([*range(600, 700)] * 3 + [0], ["1 of 301 events, up to 1970-01-01, are 600 days from all others"]),
        ([*range(100)] * 3 + [30_000], ["1 of 301 events, from 2052-02-20 on, are 29,901 days from all others"]),
    ],
)  # fmt: skip
def test_gaps_and_far_dates(days: list[int], expected: list[str]) -> None:
    """By the pattern of weekdays; a date far from all others does not make a gap."""
    found = date_warnings(min(days), np.bincount(np.array([*days]) - min(days)))
    assert len(found) == len(expected)
    for text, beginning in zip(found, expected, strict=True):
        assert text.startswith(beginning)
