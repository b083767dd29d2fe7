"""Times in the formats of other programs are read as what they are, and in no other way."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ProfileError
from features.ingestion.time_formats import WORDS, check_format, read_times


def one(text: str, *formats: str) -> tuple[str, bool] | None:
    times = read_times(pa.array([text]), formats)
    if not times.readable[0]:
        return None
    moment = datetime.fromtimestamp(times.microseconds[0] / 1e6, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000"), bool(times.aware[0])


NAIVE = [
    ("2024-3-1", "2024-03-01 00:00:00"),
    ("2024/03/01", "2024-03-01 00:00:00"),
    ("2024.03.01 7:05", "2024-03-01 07:05:00"),
    ("2024-03-01 9:05", "2024-03-01 09:05:00"),
    ("2024-03-01T9:05:07", "2024-03-01 09:05:07"),
    ("2024-03-01, 9:05", "2024-03-01 09:05:00"),
    ("2024-03-01 09:05:07.25", "2024-03-01 09:05:07.250000"),
    ("2024-03-01 10:00:00.0000000", "2024-03-01 10:00:00"),
    ("2024-03-01 3:05 PM", "2024-03-01 15:05:00"),
    ("2024-03-01 12:05am", "2024-03-01 00:05:00"),
    ("2024-03-01 3:05:01 p.m.", "2024-03-01 15:05:01"),
    ("1 Mar 2024", "2024-03-01 00:00:00"),
    ("01-Mar-2024 10:00", "2024-03-01 10:00:00"),
    ("1st March 2024", "2024-03-01 00:00:00"),
    ("Mar 1, 2024", "2024-03-01 00:00:00"),
    ("March 1 2024 3:05 PM", "2024-03-01 15:05:00"),
    ("Mar 1, 2024 at 3:05 PM", "2024-03-01 15:05:00"),
    ("Fri Mar 01 2024", "2024-03-01 00:00:00"),
    ("Friday, 1 March 2024", "2024-03-01 00:00:00"),
    ("Sept 3, 2024", "2024-09-03 00:00:00"),
]
AWARE = [
    ("2024-03-01 10:00:00 UTC", "2024-03-01 10:00:00"),
    ("2024-03-01 9:00Z", "2024-03-01 09:00:00"),
    ("2024-03-01 9:00:00 +0200", "2024-03-01 07:00:00"),
    ("2024-03-01 9:00+02", "2024-03-01 07:00:00"),
    ("Fri Mar 01 2024 10:00:00 GMT+0100 (Central European Time)", "2024-03-01 09:00:00"),
    ("Fri, 01 Mar 2024 10:00:00 GMT", "2024-03-01 10:00:00"),
]


@pytest.mark.parametrize(("text", "expected"), NAIVE)
def test_dates_with_one_meaning_are_read_under_every_order(text: str, expected: str) -> None:
    """Dates that begin with four digits of a year, or name the month."""
    for order in ("iso", "day_first", "month_first", "year_first"):
        assert one(text, order) == (expected, False)


@pytest.mark.parametrize(("text", "expected"), AWARE)
def test_offsets_and_utc_are_honoured(text: str, expected: str) -> None:
    """However they are written."""
    assert one(text, "iso") == (expected, True)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("1/3/2024", "day_first", "2024-03-01"),
        ("1/3/2024", "month_first", "2024-01-03"),
        ("01.03.24", "day_first", "2024-03-01"),
        ("01-03-24", "month_first", "2024-01-03"),
        ("24-03-01", "year_first", "2024-03-01"),
        ("24/3/1", "year_first", "2024-03-01"),
    ],
)
def test_the_order_says_what_numbers_mean(text: str, order: str, expected: str) -> None:
    """With years of two and of four digits, and a clock behind them."""
    assert one(text, order) == (f"{expected} 00:00:00", False)
    assert one(f"{text} 9:05", order) == (f"{expected} 09:05:00", False)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("1709287200", "epoch_s", "2024-03-01 10:00:00"),
        ("1709287200.5", "epoch_s", "2024-03-01 10:00:00.500000"),
        ("1709287200000", "epoch_ms", "2024-03-01 10:00:00"),
        ("1709287200000000", "epoch_us", "2024-03-01 10:00:00"),
    ],
)
def test_seconds_since_1970_are_in_utc(text: str, name: str, expected: str) -> None:
    """And their thousandths and millionths."""
    assert one(text, name) == (expected, True)


def test_days_of_spreadsheets() -> None:
    """With a fraction of the day; on the clock of the sheet, to the second."""
    assert one("45296.4375", "excel") == ("2024-01-05 10:30:00", False)
    assert one("45328", "excel") == ("2024-02-06 00:00:00", False)
    assert one("45296.999988425925", "excel") == ("2024-01-05 23:59:59", False)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "31/02/2024",
        "2024-13-01",
        "2024-03-01 24:00",
        "2024-03-01 10:00:60",
        "2024-03",
        "0000-00-00",
        "x",
        "",
    ],
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    """Days and clocks that do not exist, and parts of dates."""
    for word in WORDS:
        assert one(text, word) is None


def test_formats_of_strptime_are_strict() -> None:
    """The first that fits counts; nothing else is read."""
    assert one("21/05/2014", "%m/%d/%Y", "%d/%m/%Y") == ("2014-05-21 00:00:00", False)
    assert one("2014-05-21", "%d/%m/%Y") is None
    assert one("2024-03-01 10:00+0200", "%Y-%m-%d %H:%M%z") == ("2024-03-01 08:00:00", True)


def test_what_is_no_format_is_refused() -> None:
    """With the words that there are."""
    for text in (*WORDS, "%d.%m.%Y"):
        check_format(text)
    for text in ("dayfirst", "%Q", "DD/MM/YYYY"):
        with pytest.raises(ProfileError, match="expected one like '%d/%m/%Y"):
            check_format(text)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31)), st.sampled_from(["day_first", "month_first"]))
def test_what_is_written_in_an_order_is_read_back(moment: datetime, order: str) -> None:
    """Any second of a century."""
    moment = moment.replace(microsecond=0)
    date = "%d/%m/%Y" if order == "day_first" else "%m/%d/%Y"
    assert one(moment.strftime(f"{date} %H:%M:%S"), order) == (moment.strftime("%Y-%m-%d %H:%M:%S"), False)
