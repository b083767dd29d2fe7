"""What is said of a log that ended long ago, has gaps, or brings far more or less than forecast."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from features.as_of import AsOf
from features.errors import TooLittleDataError
from reporting.log_warnings import bias_warning, english, log_warnings, require_events
from tests.training.logs import stored

START = date(2024, 1, 1)


def log_of(days, folder):
    """A store with one purchase on each of these days from START on."""
    rows = [
        {"customer_id": "a", "event_type": "purchase", "event_time": START + timedelta(days=day), "amount": 5.0}
        for day in days
    ]
    table = pa.Table.from_pylist(rows)
    return stored(table.set_column(2, "event_time", table["event_time"].cast(pa.timestamp("us"))), folder)


def at(day):
    return AsOf.parse(START + timedelta(days=day), "UTC")


@pytest.mark.parametrize(
    ("days", "cutoff", "horizon", "said"),
    [
        (range(100), 60, 30, []),
        (range(100), 500, 30, ["The log ends on 2024-04-09, 401 days before 2025-05-15: what happened since"]),
        (
            [*range(50), *range(90, 200)],
            85,
            90,
            ["no event from 2024-02-20 to 2024-03-25 (35 days), in the year before"],
        ),
        (
            [*range(100), *range(140, 200)],
            90,
            90,
            ["no event from 2024-04-10 to 2024-05-19 (40 days), within"],
        ),
        ([*range(100), *range(120, 200)], 90, 90, []),
        (range(130), 90, 365, []),
        ([*range(50), *range(90, 200)], 150, 30, ["no event from 2024-02-20 to 2024-03-30 (40 days), in the year"]),
        ([*range(50), *range(90, 600)], 500, 30, []),
    ],
)
def test_gaps_of_a_month_are_named(tmp_path, days, cutoff, horizon, said):
    """Before the cutoff, within the outcome, or up to it; shorter ones and what is still to come are not."""
    found = [english(notice) for notice in log_warnings(log_of(days, tmp_path), at(cutoff), horizon)]
    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))


def test_a_date_before_the_log_is_an_error_with_its_beginning(tmp_path):
    """The line has the log's first day and what to do."""
    store = log_of(range(10), tmp_path)
    require_events(store, at(1))
    with pytest.raises(TooLittleDataError, match=r"the log begins on 2024-01-01.* before 2024-01-01: give a later"):
        require_events(store, at(0))


def test_a_log_without_events_is_an_error_of_its_own(tmp_path, monkeypatch):
    """Not one that names a date of 1970."""
    store = log_of(range(2), tmp_path)
    monkeypatch.setattr("reporting.log_warnings.first_day", lambda store: None)
    with pytest.raises(TooLittleDataError, match="the log has no events"):
        require_events(store, None)
    monkeypatch.setattr("reporting.log_warnings.last_day", lambda store: None)
    assert log_warnings(store, at(1), 30) == []


@pytest.mark.parametrize(
    ("expected", "observed", "text"),
    [(8.0, 100.0, "(−92 %)"), (180.0, 100.0, "(+80 %)"), (140.0, 100.0, None), (5.0, 0.0, "Nobody bought")],
)
def test_a_forecast_far_from_the_outcome_is_named(expected, observed, text):
    """By more than half of it either way."""
    found = [english(notice) for notice in bias_warning(expected, observed)]
    assert len(found) == (text is not None)
    assert text is None or text in found[0]
