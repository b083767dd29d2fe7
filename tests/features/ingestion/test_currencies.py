"""Amounts are converted by the rate of their day, and never added up with those of another currency."""

from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import ProfileError
from features.ingestion.casting import RowErrors
from features.ingestion.currencies import convert_amounts, currency_codes, read_rates
from features.ingestion.profile import CurrencyProfile
from features.timezones import DAY


def convert(
    rows: list[tuple[float | None, str | None, int]], rules: CurrencyProfile
) -> tuple[list[float | None], dict[int, str]]:
    amounts, codes, days = zip(*rows, strict=True)
    errors = RowErrors()
    times = pa.array([day * DAY for day in days])
    found = convert_amounts(pa.array(amounts), currency_codes(pa.array(codes, pa.string())), times, rules, errors)
    return found.to_pylist(), {row: reason for _, reason, of_reason in errors.entries for row in of_reason.tolist()}


def test_one_currency_is_kept_and_others_are_faulty() -> None:
    """In any case; a blank is no currency."""
    rows = [(10.0, "EUR", 0), (10.0, " eur ", 0), (10.0, "USD", 0), (10.0, None, 0), (None, None, 0)]
    found, faulty = convert(rows, CurrencyProfile("Currency", "EUR"))
    assert found[:2] == [10.0, 10.0]
    assert list(faulty) == [2, 3]
    assert "is in USD: expected EUR" in faulty[2]
    assert faulty[3] == "has no currency: expected EUR"


def test_a_rate_holds_from_its_day_to_the_next(tmp_path: Path) -> None:
    """Before the first day there is none; a currency without a rate is faulty."""
    file = tmp_path / "rates.csv"
    file.write_text("day,currency,rate\n1970-01-11,USD,0.5\n1970-01-21,usd,0.25\n1970-01-01,JPY,0.01\n")
    rows = [(8.0, "USD", 9), (8.0, "USD", 10), (8.0, "USD", 19), (8.0, "USD", 20), (300.0, "JPY", 5), (1.0, "GBP", 5)]
    found, faulty = convert(rows, CurrencyProfile("c", "EUR", str(file)))
    assert found[1:5] == [4.0, 4.0, 2.0, 3.0]
    assert list(faulty) == [0, 5] or sorted(faulty) == [0, 5]
    assert "before the first day" in faulty[0]
    assert f"add its rate to {file}" in faulty[5]


def test_rates_without_days_hold_always(tmp_path: Path) -> None:
    """For a table of fixed rates."""
    file = tmp_path / "rates.csv"
    file.write_text("currency,rate\nUSD,0.5\n")
    assert convert([(8.0, "USD", -9999)], CurrencyProfile("c", "EUR", str(file))) == ([4.0], {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,rate\nUSD,1\n", "have no column currency"),
        ("currency,rate\nUSD,0\n", "not above 0"),
        ("currency,rate\nUSD,\n", "not above 0"),
        ("currency,rate\nUSD,much\n", "cannot be read"),
        ("currency,rate,day\nUSD,1,soon\n", "cannot be read"),
    ],
)
def test_wrong_rates_are_one_line(text: str, message: str, tmp_path: Path) -> None:
    """With the file and what is expected."""
    file = tmp_path / "rates.csv"
    file.write_text(text)
    with pytest.raises(ProfileError, match=message):
        read_rates(str(file))
    with pytest.raises(ProfileError, match="cannot be read"):
        read_rates(str(tmp_path / "none.csv"))
