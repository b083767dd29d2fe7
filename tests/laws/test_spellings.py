"""Whole ingests, by the command, of logs in many spellings: the right value, a question, or a reason with the cure."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from features.schema import EVENT_TYPES
from features.store.event_store import open_store

Moments = tuple[str, ...]

A, B = "2024-03-01T09:05:07", "2024-12-31T23:59:59"
MINUTES, HOURS, DAYS = (
    ("2024-03-01T09:05", "2024-12-31T23:59"),
    ("2024-03-01T09", "2024-12-31T23"),
    ("2024-03-01", "2024-12-31"),
)

TIMES: list[tuple[tuple[str, ...], Moments | str]] = [
    (("2024-03-01 09:05:07", "2024-12-31 23:59:59"), (A, B)),
    (("2024-03-01T09:05:07", "2024-12-31T23:59:59"), (A, B)),
    (("2024-03-01T09:05:07Z", "2024-12-31T23:59:59z"), (A, B)),
    (("2024-03-01T10:05:07+01", "2025-01-01T00:59:59+01"), (A, B)),
    (("2024-03-01T10:05:07+0100", "2024-12-31T18:29:59-0530"), (A, B)),
    (("2024-03-01T10:05:07+01:00", "2024-12-31 22:59:59 \N{MINUS SIGN}01:00"), (A, B)),
    (("2024-03-01 09:05:07,500", "2024-12-31 23:59:59,25"), ("2024-03-01T09:05:07.5", "2024-12-31T23:59:59.25")),
    (("2024-03-01 09:05:07:500", "2024-12-31 23:59:59:250"), ("2024-03-01T09:05:07.5", "2024-12-31T23:59:59.25")),
    (("2024-03-01 09:05:07.1234567", "2024-12-31 23:59:59.9"), ("2024-03-01T09:05:07.123456", "2024-12-31T23:59:59.9")),
    (("20240301T090507Z", "20241231T235959Z"), (A, B)),
    (("20240301 090507", "20241231 235959"), (A, B)),
    (("20240301", "20241231"), DAYS),
    (("202403010905", "202412312359"), MINUTES),
    (("20240301090507", "20241231235959"), (A, B)),
    (("2024/03/01", "2024/12/31"), DAYS),
    (("2024.3.1 9:05", "2024.12.31 23:59"), MINUTES),
    (("01.03.2024 9:05", "31.12.2024 23:59"), MINUTES),
    (("01.03.2024, 9:05 Uhr", "31.12.2024, 23:59 Uhr"), MINUTES),
    (("1. 3. 2024", "31. 12. 2024"), DAYS),
    (("01.03.2024 09.05", "31.12.2024 23.59"), MINUTES),
    (("01/03/2024 9h05", "31/12/2024 23h59"), MINUTES),
    (("01.03.24", "31.12.24"), "--time-format day_first (%d/%m/%Y) or --time-format year_first"),
    (("3/1/24", "12/31/24"), DAYS),
    (("03/01/2024 09:05 AM", "12/31/2024 11:59 PM"), MINUTES),
    (("3/1/2024, 9:05:07\N{NARROW NO-BREAK SPACE}AM", "12/31/2024, 11:59:59\N{NARROW NO-BREAK SPACE}PM"), (A, B)),
    (("2024-03-01 9:05a.m.", "2024-12-31 11:59p.m."), MINUTES),
    (("2024-03-01 9 am", "2024-12-31 11 pm"), HOURS),
    (("2024-03-01 12:00 AM", "2024-12-31 12:00 PM"), ("2024-03-01", "2024-12-31T12")),
    (("01 Mar 2024", "31 Dec 2024"), DAYS),
    (("March 1st, 2024", "December 31st, 2024"), DAYS),
    (("01-MAR-24 09.05.07.000000 AM", "31-DEC-24 11.59.59.000000 PM"), (A, B)),
    (("Fri Mar  1 09:05:07 2024", "Tue Dec 31 23:59:59 2024"), (A, B)),
    (("Fri, 01 Mar 2024 09:05:07 GMT", "Tue, 31 Dec 2024 23:59:59 +0000"), (A, B)),
    (("01/Mar/2024:09:05:07 +0000", "31/Dec/2024:23:59:59 +0000"), (A, B)),
    (("Fri Mar 01 2024 10:05:07 GMT+0100 (CET)", "Wed Jan 01 2025 00:59:59 GMT+0100 (CET)"), (A, B)),
    (("1. März 2024 9:05", "31. Dezember 2024 23:59"), MINUTES),
    (("1 de marzo de 2024", "31 de diciembre de 2024"), DAYS),
    (("2024年3月1日", "2024年12月31日"), DAYS),
    (("2024年3月1日 9时05分07秒", "2024年12月31日 23时59分59秒"), (A, B)),
    (("２０２４-０３-０１", "２０２４-１２-３１"), DAYS),
    (("٢٠٢٤-٠٣-٠١", "٢٠٢٤-١٢-٣١"), DAYS),
    (("2024-W09-5", "2025-W01-2"), DAYS),
    (("1709283907", "1735689599"), (A, B)),
    (("1709283907.0", "1735689599.5"), (A, "2024-12-31T23:59:59.5")),
    (("1709283907000", "1735689599000"), (A, B)),
    (("1709283907000000", "1735689599000000"), (A, B)),
    (("1709283907000000000", "1735689599000000000"), (A, B)),
    (("45352.378553240742", "45657.999988425923"), (A, B)),
    (("45352,378553240742", "45657,999988425923"), (A, B)),
    (("45352", "45657"), DAYS),
    (("2024-03-01T10:05:07+01:00[Europe/Berlin]", "2024-12-31T23:59:59Z[UTC]"), (A, B)),
    (("1931-07-15", "1969-12-31 23:59:59"), ("1931-07-15", "1969-12-31T23:59:59")),
    (("01/02/2024", "03/04/2024"), "--time-format day_first (%d/%m/%Y) or --time-format month_first"),
    (("24-03-01", "12-12-31"), "--time-format day_first"),
    (("01022024", "03042024"), "--time-format %d%m%Y or --time-format %m%d%Y"),
    (("21/05/2024", "05/21/2024"), "give --time-format"),
    (("2024-03-01 24:00", "2024-12-31 24:00"), "times go from 00:00:00 to 23:59:59"),
    (("2016-12-31 23:59:60", "2015-06-30 23:59:60"), "times go from 00:00:00 to 23:59:59"),
    (("2024-03-01 09:05 CET", "2024-12-31 23:59 PST"), "times.zone_column"),
    (("2024-03-01 09:05 Europe/Berlin", "2024-12-31 23:59 Asia/Tokyo"), "times.zone_column"),
    (("2024-03", "2024-12"), "add the day"),
    (("Mar 2024", "Dec 2024"), "add the day"),
    (("2024-Q1", "2024-Q4"), "add the day"),
    (("2024-W09", "2024-W52"), "give the day"),
    (("2024-061", "2024-366"), "--time-format '%Y-%j'"),
    (("1.7093E+09", "1.7357E+09"), "export the column as text"),
    (("2024-02-30", "2023-02-29"), "does not exist"),
    (("0000-00-00 00:00:00", "0000-00-00 00:00:00"), "fill in its time"),
    (("yesterday", "soon"), "give its own format, such as --time-format"),
    (("1. marraskuuta 2024", "2. marraskuuta 2024"), "give its own format, such as --time-format"),
]
"""What is written, and the times in UTC or what the refusal names."""

POINT = (1234.50, 12.05, 1234567.89, 0.50)
AMOUNTS: list[tuple[tuple[str, ...], tuple[float | None, ...] | str]] = [
    (("1234.50", "12.05", "1234567.89", ".50"), POINT),
    (("1,234.50", "12.05", "1,234,567.89", "0.5"), POINT),
    (("1,234.50", "12.05", "12,34,567.89", "0.50"), POINT),
    (("1234,50", "12,05", "1234567,89", "0,5"), POINT),
    (("1.234,50", "12,05", "1.234.567,89", "0,50"), POINT),
    (("1.234,50 €", "12,05 €", "1.234.567,89 €", "0,50 €"), POINT),
    (
        (
            "1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€",
            "12,05",
            "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567,89",
            "0,50",
        ),
        POINT,
    ),
    (("1 234,50 kr", "12,05 kr", "1 234 567,89 kr", "0,50 kr"), POINT),
    (("1'234.50", "12.05", "1\N{RIGHT SINGLE QUOTATION MARK}234'567.89", "0.50"), POINT),
    (("CHF 1'234.50", "CHF 12.05", "CHF 1'234'567.89", "chf 0.50"), POINT),
    (("$1,234.50", "$12.05", "$1,234,567.89", "$0.50"), POINT),
    (("US$1,234.50", "US$12.05", "US$1,234,567.89", "US$0.50"), POINT),
    (("Rs. 1,234.50", "Rs. 12.05", "Rs. 12,34,567.89", "Rs. 0.50"), POINT),
    (("₹1,234.50/-", "₹12.05/-", "₹12,34,567.89/-", "₹0.50/-"), POINT),
    (("1,234.50 USD", "12.05 usd", "1,234,567.89USD", "0.50 USD"), POINT),
    (("1,234.50元", "12.05元", "1,234,567.89元", "0.50元"), POINT),
    (("１，２３４．５０", "１２．０５", "１，２３４，５６７．８９", "０．５"), POINT),
    (("١٬٢٣٤٫٥٠", "١٢٫٠٥", "١٬٢٣٤٬٥٦٧٫٨٩", "٠٫٥"), POINT),
    (("+1234.50", "+12.05", "1.23456789e6", "5E-1"), POINT),
    (("'1234.50", "'12.05", "'1234567.89", "'0.5"), POINT),
    (("¥1,000", "¥2,500,000", "¥3", "￥10"), (1000, 2_500_000, 3, 10)),
    (("1.234.567", "12.345.678", "1.000.000", "12"), (1_234_567, 12_345_678, 1_000_000, 12)),
    (("5.", "12.", "0.", "7"), (5, 12, 0, 7)),
    (("12,-", "1.234,--", "3,50", "7,-"), (12, 1234, 3.5, 7)),
    (("0,1", "0,25", "12,5", "3"), (0.1, 0.25, 12.5, 3)),
    (("12.3456", "0.125", "1234.5000", "7"), (12.35, 0.13, 1234.5, 7)),
    (("", " ", "5", "6"), (None, None, 5, 6)),
    (("(1,234.50)", "(12.05)", "3.00", "4.00"), (-1234.50, -12.05, 3, 4)),
    (("-1.234,50", "-12,05", "3,00", "4,00"), (-1234.50, -12.05, 3, 4)),
    (("1,234.50-", "12.05-", "3.00", "4.00"), (-1234.50, -12.05, 3, 4)),
    (("\N{MINUS SIGN}1,234.50", "\N{EN DASH}12.05", "3.00", "4.00"), (-1234.50, -12.05, 3, 4)),
    (("$ -1,234.50", "-$12.05", "$-3.00", "($4.00)"), (-1234.50, -12.05, -3, -4)),
    (("(1.234,50 €)", "(12,05) €", "3,00- €", "4,00 €"), (-1234.50, -12.05, -3, 4)),
    (("1.234", "12.000", "7", "8"), "--thousands '.' (1,234) or --decimal '.' (1.234)"),
    (("1,234", "12,000", "7", "8"), "--thousands ',' (1,234) or --decimal ',' (1.234)"),
    (("Rp150.000", "Rp85.000", "Rp999.500", "Rp1.000"), "--thousands '.'"),
    (("1,234.50", "1.234,50", "7", "8"), "--decimal '.' or --decimal ','"),
    (("$5", "€6", "$7", "€8"), "--currency-sign '$'"),
    (("5%", "6 %", "7%", "8%"), "map another column to amount"),
    (("5.00 CR", "6.00 DR", "7.00 CR", "8.00 DR"), "--kinds CR=return"),
    (("5 k", "6k", "7M", "8 Mio."), "write it out"),
    (("N/A", "-", "NULL", "#VALUE!"), "leave it blank"),
    (("5 Taler", "6 Taler", "7 Taler", "8 Taler"), "--currency-sign"),
    (("5²", "½", "6³", "¼"), "digits 0 to 9"),
    (("0x10", "1_000", "1 2", "ten"), "write it with digits"),
]
"""What is written, and the amounts (negative: given back) or what the refusal names."""


def ingested(folder: Path, times: tuple[str, ...], amounts: tuple[str, ...]) -> Result:
    """Run the command on a log with these times and amounts, as a person would who knows no option."""
    with (folder / "log.csv").open("w", encoding="utf-8", newline="") as file:
        rows = zip(times, amounts, strict=True)
        csv.writer(file).writerows(
            [
                ("customer_id", "event_time", "event_type", "amount"),
                *((f"k{i}", time, "purchase", amount) for i, (time, amount) in enumerate(rows)),
            ]
        )
    arguments = ["ingest", str(folder / "log.csv"), "--out", str(folder / "store"), "--negative", "return"]
    return CliRunner().invoke(app, arguments)


def columns(folder: Path) -> tuple[list[np.datetime64], list[float | None]]:
    """Return the times and amounts of a store, in the order of its customers."""
    store = open_store(str(folder / "store"))
    times = store.columns["time"].astype("datetime64[us]")
    signs = np.where(store.columns["kind"] == EVENT_TYPES.index("return"), -1, 1)
    cents = store.columns["cents"]
    return list(times), [None if cent < 0 else sign * cent / 100 for sign, cent in zip(signs, cents, strict=True)]


@pytest.mark.parametrize(("texts", "expected"), TIMES, ids=[texts[0] for texts, _ in TIMES])
def test_a_spelling_of_times(texts: tuple[str, ...], expected: Moments | str, tmp_path: Path) -> None:
    """Is read as what it means, or refused with what settles it, and then nothing is kept."""
    ended = ingested(tmp_path, texts, ("5",) * len(texts))
    if isinstance(expected, str):
        assert ended.exit_code == 1
        assert expected in str(ended.exception)
        assert not (tmp_path / "store/manifest.json").exists()
    else:
        assert ended.exit_code == 0, ended.exception
        assert columns(tmp_path)[0] == [np.datetime64(text, "us") for text in expected]


@pytest.mark.parametrize(("texts", "expected"), AMOUNTS, ids=[texts[0] or "blank" for texts, _ in AMOUNTS])
def test_a_spelling_of_amounts(
    texts: tuple[str, ...], expected: tuple[float | None, ...] | str, tmp_path: Path
) -> None:
    """Is read as what it means, or refused with what settles it, and then nothing is kept."""
    ended = ingested(tmp_path, ("2024-03-01",) * len(texts), texts)
    if isinstance(expected, str):
        assert ended.exit_code == 1
        assert expected in str(ended.exception)
        assert not (tmp_path / "store/manifest.json").exists()
    else:
        assert ended.exit_code == 0, ended.exception
        assert columns(tmp_path)[1] == pytest.approx(list(expected))


def test_there_are_as_many_spellings_as_promised() -> None:
    """At least forty of times and thirty of amounts."""
    assert len({texts for texts, _ in TIMES}) >= 40
    assert len({texts for texts, _ in AMOUNTS}) >= 30
