"""Source columns become text, timestamps and numbers; each value that cannot be cast is an error of its row."""

import numpy as np
import pyarrow as pa
import pytest

from features.ingestion.casting import RowErrors, cast_numbers, cast_text, cast_timestamps, strip_whitespace, text_bytes
from features.timezones import SECOND, business_timezone

BERLIN = business_timezone("Europe/Berlin")
MIDNIGHT = 1_704_067_200 * SECOND  # 2024-01-01 in UTC


def reasons(errors: RowErrors) -> list[tuple[str, list[int]]]:
    return [(reason, rows.tolist()) for _, reason, rows in errors.entries]


def test_the_first_error_of_a_row_and_column_is_kept() -> None:
    """Other columns have errors of their own; null in a mask is false, and a mask without a row adds nothing."""
    errors = RowErrors()
    errors.add("a", "first", np.array([True, True, False]))
    errors.add("a", "second", pa.array([True, None, True]))
    errors.add("a", "third", np.array([True, False, False]))
    errors.add("b", "other", np.array([True, False, False]))
    assert [(column, reason, rows.tolist()) for column, reason, rows in errors.entries] == [
        ("a", "first", [0, 1]),
        ("a", "second", [2]),
        ("b", "other", [0]),
    ]


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array(["x", None]), ["x", None]),
        (pa.array(["x", "x", "y"]).dictionary_encode(), ["x", "x", "y"]),
        (pa.array([17850.0, 1.5, None, float("nan")]), ["17850", "1.5", None, None]),
        (pa.array([17850, None]), ["17850", None]),
        (pa.array([b"x", "é".encode()]), ["x", "é"]),
        (pa.array([b"x"], pa.large_binary()), ["x"]),
    ],
)
def test_columns_of_any_type_become_text(column: pa.Array, texts: list[str | None]) -> None:
    """Whole numbers without a decimal point, NaN as null."""
    errors = RowErrors()
    assert cast_text("a", column, errors).to_pylist() == texts
    assert errors.entries == []


def test_bytes_that_are_not_utf8_are_an_error() -> None:
    """Of their row alone, which becomes null."""
    errors = RowErrors()
    assert cast_text("a", pa.array([b"x", b"\xff", None]), errors).to_pylist() == ["x", None, None]
    assert reasons(errors) == [("holds bytes that are not UTF-8", [1])]


def test_white_space_is_stripped_and_blank_text_is_null() -> None:
    """Also white space beyond ASCII; text without any is returned as it is."""
    assert strip_whitespace(pa.array([" a ", "\u00a0b\t", "  ", "", None])).to_pylist() == ["a", "b", None, None, None]
    plain = pa.array(["a", "b"])
    assert strip_whitespace(plain) is plain


def test_the_bytes_of_a_slice_are_its_own() -> None:
    """Not those of the array that it was cut from."""
    assert bytes(text_bytes(pa.array(["ab", "cd", "ef"])[1:2])) == b"cd"
    assert bytes(text_bytes(pa.array([], pa.string()))) == b""


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["2024-01-01 01:00:00"]), MIDNIGHT),
        (pa.array(["2024-01-01T00:00:00Z"]), MIDNIGHT),
        (pa.array(["2024-01-01 02:00 +02:00", " "]), MIDNIGHT),
        (pa.array(["2024-01-01 01:00:00.0000019"]), MIDNIGHT + 1),
        (pa.array([MIDNIGHT // SECOND], pa.timestamp("s", "UTC")), MIDNIGHT),
        (pa.array([MIDNIGHT // SECOND + 3600], pa.timestamp("s")), MIDNIGHT),
        (pa.array([19_723], pa.date32()), MIDNIGHT - 3600 * SECOND),
        (pa.array([MIDNIGHT // 1000], pa.date64()), MIDNIGHT - 3600 * SECOND),
    ],
)
def test_times_become_microseconds_in_utc(column: pa.Array, expected: int) -> None:
    """Text or typed; without an offset they are in the business time zone."""
    errors = RowErrors()
    assert cast_timestamps("recorded_at", column, BERLIN, errors)[0].as_py() == expected
    assert errors.entries == []


def test_times_that_cannot_be_are_errors() -> None:
    """Unreadable, skipped by the clocks, outside the years, absent where required; all others are cast."""
    texts = ["2024-01-01", "01.02.2024", "2024-03-31 02:30", "1850-01-01", None, "2024-02-30"]
    errors = RowErrors()
    times = cast_timestamps("event_time", pa.array(texts), BERLIN, errors)
    assert times[0].as_py() == MIDNIGHT - 3600 * SECOND
    assert {row for _, rows in reasons(errors) for row in rows} == {1, 2, 3, 4, 5}
    found = dict(reasons(errors))
    assert found["is no time: expected one like 2011-06-10 09:30:00"] == [1, 5]
    assert found["does not exist in Europe/Berlin: the clocks were put forward over it"] == [2]
    assert found["is outside the years 1900 to 2200"] == [3]


def test_times_too_large_for_microseconds_are_outside_the_years() -> None:
    """They do not wrap around into the years that are allowed."""
    errors = RowErrors()
    cast_timestamps("event_time", pa.array([2**62], pa.timestamp("s")), BERLIN, errors)
    assert reasons(errors) == [("is outside the years 1900 to 2200", [0])]


@pytest.mark.parametrize(
    ("texts", "decimal", "numbers", "invalid"),
    [
        (["1.5", "-2", " 3 ", "", None], ".", [1.5, -2.0, 3.0, None, None], []),
        (["1,5", "2"], ",", [1.5, 2.0], []),
        (["1.5", "2,5"], ",", [None, 2.5], [0]),
        (["ten", "1,5", "2"], ".", [None, None, 2.0], [0, 1]),
        (["1e3", "+.5", "inf"], ".", [1000.0, 0.5, float("inf")], []),
    ],
)
def test_numbers_in_text(texts: list[str], decimal: str, numbers: list[float | None], invalid: list[int]) -> None:
    """With the decimal mark of the source and no other."""
    errors = RowErrors()
    assert cast_numbers("amount", pa.array(texts), decimal, errors).to_pylist() == numbers
    assert [rows for _, rows in reasons(errors)] == ([invalid] if invalid else [])


def test_typed_numbers_are_cast() -> None:
    """Integers and decimals to floats."""
    assert cast_numbers("amount", pa.array([1, None]), ",", RowErrors()).to_pylist() == [1.0, None]
