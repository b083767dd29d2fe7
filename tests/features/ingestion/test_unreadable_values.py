"""A text that is no time or number is named with what it looks like and the option that reads it."""

import pyarrow as pa
import pytest

from features.ingestion.unreadable_values import thousands_option, unreadable_numbers, unreadable_times


def first_time_reason(text: str, *formats: str) -> str:
    return next(reason for reason, where in unreadable_times(pa.array([text]), formats) if where[0].as_py())


def first_number_reason(text: str, decimal: str = ".", hints: bool = True) -> str:
    return next(reason for reason, where in unreadable_numbers(pa.array([text]), decimal, hints) if where[0].as_py())


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("01/02/2024", "--time-format day_first"),
        ("1.2.24 9:05", "--time-format month_first"),
        ("45296.4375", "--time-format excel"),
        ("1709287200", "--time-format epoch_s"),
        ("1709287200000", "--time-format epoch_ms"),
        ("1709287200000000", "--time-format epoch_us"),
        ("20240301", "--time-format '%Y%m%d'"),
        ("1709287200000000000", "--time-format epoch_ns"),
        ("1.7E+09", "export the column as text"),
        ("2024-061", "--time-format '%Y-%j'"),
        ("2024-03", "add the day"),
        ("03/2024", "add the day"),
        ("March 2024", "add the day"),
        ("2024-Q1", "add the day"),
        ("2024", "add the day"),
        ("2024-W09", "give the day"),
        ("0000-00-00 00:00:00", "fill in its time"),
        ("2024-02-31", "is a day that does not exist"),
        ("2023-2-29 10:00", "is a day that does not exist"),
        ("2024-04-31T24:00", "is a day that does not exist"),
        ("2024-13-07 10:00:00", "is a day that does not exist"),
        ("2024-12-32", "is a day that does not exist"),
        ("2024-03-01 24:00:00", "00:00:00 to 23:59:59"),
        ("2024-03-01 10:00:60", "00:00:00 to 23:59:59"),
        ("2024-03-01T10:00:00[Europe/Berlin]", "--timezone"),
        ("2024-03-01 10:00 EST", "--timezone"),
        ("2024-03-01 10:00 Europe/Berlin", "--timezone"),
        ("soon", "expected one like 2011-06-10 09:30:00, or give its own format, such as --time-format"),
    ],
)
def test_the_reason_of_a_time_names_the_cure(text: str, cure: str) -> None:
    """Where options of ingest are in use; a service, which has none, says what it expects."""
    assert cure in first_time_reason(text, "iso")
    assert first_time_reason(text) == "is no time: expected one like 2011-06-10 09:30:00"
    assert "'%d'" in first_time_reason(text, "%d")


def test_a_day_that_does_not_exist_is_no_question_of_order() -> None:
    """Where an order is in use already."""
    assert first_time_reason("31/02/2024", "day_first") == "is no day, read as day_first"
    assert "--time-format day_first" not in first_time_reason("31/02/2024 9:05", "day_first")


@pytest.mark.parametrize(
    ("text", "decimal", "cure"),
    [
        ("1,234.50", ".", "--thousands ','"),
        ("1.234,50", ",", "--thousands '.'"),
        ("1'234.50", ".", '--thousands "\'"'),
        ("1 234,50", ",", "--thousands ' '"),
        ("12,50", ".", "--decimal ','"),
        ("1.234,56", ".", "--decimal ','"),
        ("(12.50)", ".", "--negative return"),
        ("12.50-", ".", "--negative return"),
        ("$12.50", ".", "--currency-sign"),
        ("12.50 USD", ".", "--currency-sign"),
        ("\N{ARABIC-INDIC DIGIT THREE}", ".", "digits 0 to 9"),
        ("5%", ".", "map another column to amount"),
        ("12.50 CR", ".", "--kinds CR=return"),
        ("1.2k", ".", "write it out"),
        ("N/A", ".", "leave it blank"),
        ("--", ".", "leave it blank"),
        ("#VALUE!", ".", "leave it blank"),
        ("12 Taler", ".", "--currency-sign"),
        ("ten", ".", "is no number (decimal mark '.')"),
    ],
)
def test_the_reason_of_a_number_names_the_cure(text: str, decimal: str, cure: str) -> None:
    """Where options of ingest are in use."""
    assert cure in first_number_reason(text, decimal)
    assert first_number_reason(text, decimal, hints=False) == f"is no number (decimal mark {decimal!r})"


def test_each_row_has_one_reason_and_null_none() -> None:
    """The first that fits."""
    texts = pa.array(["1,234.50", None, "ten", "$1"])
    counts = [0] * 4
    for _, where in unreadable_numbers(texts, ".", hints=True):
        counts = [count + bool(value) for count, value in zip(counts, where.to_pylist(), strict=True)]
    assert counts == [1, 0, 1, 1]


def test_options_can_be_pasted_into_a_shell() -> None:
    """An apostrophe stands in double quotes."""
    assert (thousands_option(","), thousands_option("'")) == ("--thousands ','", '--thousands "\'"')
