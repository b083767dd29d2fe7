"""Converts amounts to one currency by a table of rates; amounts of several currencies are never added up."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from features.error_lines import first_line
from features.errors import ProfileError
from features.ingestion.casting import RowErrors, cast_text, strip_whitespace
from features.ingestion.profile import CurrencyProfile
from features.timezones import DAY

WITHOUT_CENTS = frozenset(
    [
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    ]
)
"""Currencies (ISO 4217) whose smallest unit is the currency itself: payment services write them without cents."""

CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
    "HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL "
    "LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP "
    "TRY TTD TWD TZS UAH UGX USD UYI UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
)
"""Of ISO 4217."""
NATIONAL_SIGNS = (
    "kr kr. zł kč ft lei leu лв лв. руб руб. грн din din. ден rs rs. rp rp. rm fr fr. sfr sfr. tl rmb euro euros "
    "dollar dollars pound pounds 円 元 圆 圓 원"
)
"""Other signs of currencies, in small letters."""


def is_currency_sign(text: str) -> bool:
    """Return whether a text is a sign, a code or a usual short form of a currency.

    Examples
    --------
    >>> [is_currency_sign(text) for text in ["€", "US$", "eur", "Kč", "%", "CR", "kg"]]
    [True, True, True, True, False, False, False]
    """
    sign = text.rstrip()
    if unicodedata.category(sign[-1:] or " ") == "Sc":
        return len(sign) == 1 or (sign[:-1].isalpha() and len(sign) <= 4)
    return sign.upper() in CODES.split() or sign.lower() in NATIONAL_SIGNS.split()


@dataclass(frozen=True)
class Rates:
    """What one unit of a currency was worth, from each day on.

    Attributes
    ----------
    days : mapping of str to numpy.ndarray of int64
        By currency, the days from 1970-01-01 on which a rate begins, ascending.
    rates : mapping of str to numpy.ndarray of float64
    """

    days: dict[str, NDArray[np.int64]]
    rates: dict[str, NDArray[np.float64]]


def read_rates(file: str) -> Rates:
    """Return the rates of a CSV file with `currency`, `rate` and perhaps `day`; raises ProfileError."""
    try:
        stat = Path(file).stat()
    except OSError:
        return _read_rates(file, 0, 0)
    return _read_rates(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _read_rates(file: str, changed: int, size: int) -> Rates:
    try:
        table = csv.read_csv(
            Path(file), convert_options=csv.ConvertOptions(column_types={"rate": pa.float64(), "day": pa.date32()})
        )
    except (OSError, pa.ArrowException) as error:
        raise ProfileError(
            f"the rates {file} cannot be read ({first_line(error)}): expected CSV with currency, rate and day"
        ) from None
    if missing := {"currency", "rate"} - set(table.column_names):
        raise ProfileError(
            f"the rates {file} have no column {', '.join(sorted(missing))}: expected currency, rate, day"
        )
    if not pc.all(pc.greater(table["rate"], 0)).as_py() or table["rate"].null_count:
        raise ProfileError(f"the rates {file} have a rate that is not above 0: correct it")
    has_days = "day" in table.column_names
    frame = pa.table(
        {
            "currency": pc.utf8_upper(pc.utf8_trim_whitespace(table["currency"])),
            "rate": table["rate"],
            "day": table["day"].cast(pa.int32()).cast(pa.int64()) if has_days else pa.array([-(2**40)] * len(table)),
        }
    ).sort_by([("currency", "ascending"), ("day", "ascending")])
    days, rates = {}, {}
    for currency in frame["currency"].unique().to_pylist():
        own = frame.filter(pc.equal(frame["currency"], currency))
        days[currency], rates[currency] = own["day"].to_numpy(), own["rate"].to_numpy()
    return Rates(days, rates)


def currency_codes(column: pa.Array) -> pa.StringArray:
    """Return currencies in capitals, null where blank."""
    return pc.utf8_upper(strip_whitespace(cast_text("amount", column, RowErrors())))


def convert_amounts(
    amounts: pa.DoubleArray, codes: pa.StringArray, microseconds: pa.Array, rules: CurrencyProfile, errors: RowErrors
) -> pa.DoubleArray:
    """Return amounts in the currency that is kept; those that cannot be converted are added to the errors.

    Parameters
    ----------
    amounts : pyarrow.DoubleArray, shape (rows,)
    codes : pyarrow.StringArray, shape (rows,)
        The currency of each.
    microseconds : pyarrow.Int64Array, shape (rows,)
        The time of each, since 1970-01-01; a rate holds from its day on.
    rules : CurrencyProfile
    errors : RowErrors
    """
    keep = rules.keep.strip().upper()
    factors = pc.equal(codes, keep).fill_null(False).to_numpy(zero_copy_only=False).astype(np.float64)
    table = read_rates(rules.rates) if rules.rates else Rates({}, {})
    days = microseconds.fill_null(0).to_numpy() // DAY
    for code in codes.unique().drop_null().to_pylist():
        rows = np.flatnonzero(pc.equal(codes, code).fill_null(False).to_numpy(zero_copy_only=False))
        if code == keep:
            continue
        if code not in table.rates:
            cure = (
                f"add its rate to {rules.rates}" if rules.rates else "currencies are not added up; give currency.rates"
            )
            errors.add("amount", f"is in {code}: expected {keep}; {cure}", factors_of(rows, len(codes)))
            continue
        place = np.searchsorted(table.days[code], days[rows], "right") - 1
        factors[rows] = np.where(place >= 0, table.rates[code][np.maximum(place, 0)], 0.0)
        early = rows[place < 0]
        errors.add(
            "amount",
            f"is in {code} before the first day of its rates: add an earlier one",
            factors_of(early, len(codes)),
        )
    errors.add("amount", f"has no currency: expected {keep}", pc.and_(codes.is_null(), amounts.is_valid()))
    return pc.multiply(amounts, pa.array(factors))


def factors_of(rows: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """Return a mask of rows."""
    mask = np.zeros(size, bool)
    mask[rows] = True
    return mask
