"""Formats and marks are read off a sample where one alone fits; where two do, the option that settles it is named."""

import pyarrow as pa
import pytest

from features.errors import AmbiguousSourceError
from features.ingestion.amounts import AmountMarks
from features.ingestion.detection import detect_amount_marks, detect_time_format


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-01-01", "2024-01-02 10:00:00Z"], ()),
        (["2024-3-1", "2024-03-01 9:05", "Mar 1, 2024"], ()),
        (["soon", "later", None, " "], ()),
        (["08/03/2014", "21/05/2014"], ("day_first",)),
        (["1/3/2023 21:26", "1/13/2023 9:01"], ("month_first",)),
        (["1.3.2024", "31.12.2024 8:00"], ("day_first",)),
        (["2024-03-01", "31/12/2024"], ("day_first",)),
        (["99-12-31", "98-01-30"], ("year_first",)),
        (["1672781160", "1672942980"], ("epoch_s",)),
        (["1672781160000"], ("epoch_ms",)),
        (["1672781160000000"], ("epoch_us",)),
        (["45296.4375", "45328"], ("excel",)),
        (["20240301", "20241231"], ("%Y%m%d",)),
        (["20240301093000"], ("%Y%m%d%H%M%S",)),
        (["31122024", "01032024"], ("%d%m%Y",)),
    ],
)
def test_a_format_that_alone_fits_is_taken(texts: list[str], expected: tuple[str, ...]) -> None:
    """None where the contract's own formats do, or nothing does."""
    assert detect_time_format(pa.array(texts)) == expected


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        (["08/03/2014", "09/04/2014"], ["day_first (%d/%m/%Y)", "month_first (%m/%d/%Y)"]),
        (["5/5/2024"], ["day_first", "month_first"]),
        (["24-03-01"], ["day_first", "year_first"]),
        (["01032004", "02032004"], ["'%d%m%Y'", "'%m%d%Y'"]),
        (["21/05/2014", "05/21/2014"], ["1 day_first, 1 month_first"]),
        (["21/05/2014", "45296"], ["--time-format"]),
    ],
)
def test_two_formats_are_a_question(texts: list[str], options: list[str]) -> None:
    """It names both, and an example."""
    with pytest.raises(AmbiguousSourceError) as question:
        detect_time_format(pa.array(texts))
    for option in options:
        assert option.replace("'", "") in str(question.value).replace("'", "")


def test_a_few_odd_values_are_faulty_rows_and_no_question() -> None:
    """Up to a twentieth; more are asked about."""
    texts = [f"2024-01-{day:02}" for day in range(1, 29)] * 4 + ["01/02/2024"]
    assert detect_time_format(pa.array(texts)) == ()
    with pytest.raises(AmbiguousSourceError):
        detect_time_format(pa.array(texts + ["03/04/2024"] * 9))


def marks(*texts: str, decimal: str = "", thousands: str = "", sign: str = "") -> AmountMarks:
    return detect_amount_marks([pa.array(texts)], decimal, thousands, sign)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "2"], AmountMarks(certain=False)),
        (["1.5"], AmountMarks()),
        (["1,5"], AmountMarks(",")),
        (["1.234,50", "12,00"], AmountMarks(",", ".")),
        (["1,234.50", "12.00"], AmountMarks(".", ",")),
        (["12.5", "1,234"], AmountMarks(".", ",")),
        (["1,23,456"], AmountMarks(".", ",")),
        (["1'234.50"], AmountMarks(".", "'")),
        (["1 234,50", "7,5"], AmountMarks(",", " ")),
        (["0.125"], AmountMarks()),
        (["$12.50", "13"], AmountMarks(sign="$")),
        (["12.50 USD", "13 usd"], AmountMarks(sign="USD")),
        (["Rs. 1,234.50/-"], AmountMarks(".", ",", "Rs.")),
        (["12,-", "3 kr."], AmountMarks(",", "", "kr.")),
        (["5%", "6 kg", "*7", "8 CR", "~9", "\N{EN DASH}10"], AmountMarks(certain=False)),
        (["12,50 \N{EURO SIGN}"], AmountMarks(",", "", "\N{EURO SIGN}")),
        (["(12.50)", "1e3", "nan", "N/A", "-"], AmountMarks()),
    ],
)
def test_marks_that_alone_fit_are_taken(texts: list[str], expected: AmountMarks) -> None:
    """Decimals, thousands and the currency sign."""
    assert marks(*texts) == expected


@pytest.mark.parametrize(
    ("texts", "option"),
    [
        (["150.000", "85.000"], "--thousands '.' (150,000) or --decimal '.' (150)"),
        (["1,234"], "--thousands ',' (1,234) or --decimal ',' (1.234)"),
        (["12.345", "7"], "--decimal '.' (12.345)"),
        (["1,234.5", "1.234,5"], "--decimal '.' or --decimal ','"),
        (["\N{EURO SIGN}12", "$3"], "--currency-sign '$'"),
    ],
)
def test_two_meanings_are_a_question(texts: list[str], option: str) -> None:
    """With the options that settle it, and an example of each."""
    with pytest.raises(AmbiguousSourceError) as question:
        marks(*texts)
    assert option in str(question.value)


def test_what_is_given_settles_it() -> None:
    """The decimal mark, or that of thousands."""
    assert marks("150.000", decimal=".") == AmountMarks(".")
    assert marks("150.000", thousands=".") == AmountMarks(",", ".")
    assert marks("150.000", decimal=",") == AmountMarks(",", ".")
    assert marks("1,234", thousands=",") == AmountMarks(".", ",")
    assert marks("\N{EURO SIGN}12", "$3", sign="$").sign == "$"


def test_numbers_need_no_marks() -> None:
    """Columns with types are not looked at."""
    assert detect_amount_marks([pa.array([1.5]), pa.array(["2,5"])], "", "", "") == AmountMarks(",")
