"""Completes the profile of a source by what a sample of its rows says: formats, marks, the one currency."""

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import AmbiguousSourceError
from features.ingestion.casting import RowErrors, cast_text, strip_whitespace
from features.ingestion.column_names import CURRENCY_NAMES, letters
from features.ingestion.currencies import currency_codes
from features.ingestion.detection import SHORT_YEARS, detect_amount_marks, detect_time_format, has_short_years
from features.ingestion.id_rules import WHOLE_NUMBER, are_whole_numbers
from features.ingestion.profile import SourceProfile
from features.ingestion.read_options import OWN
from features.schema import LOG_COLUMNS

SAMPLE_ROWS = 10_000

Sample = Mapping[str, pa.Array]


def detect_profile(name: str, profile: SourceProfile, sample: Sample) -> tuple[SourceProfile, dict[str, str]]:
    """Return the profile with what was detected, and that in words for the report.

    Parameters
    ----------
    name : str
        The source's name, for messages.
    profile : SourceProfile
        What is given; that is not detected.
    sample : mapping of str to pyarrow.Array
        The first rows: the contract's columns, and the source's own under `OWN`. Empty without rows.

    Raises
    ------
    AmbiguousSourceError
        When values can be read in two ways; the message names the option that settles it.
    """
    sample = {key: column.slice(0, SAMPLE_ROWS) for key, column in sample.items()}
    found: dict[str, str] = {}
    try:
        for detect in (_times, _marks, _ids, _currency):
            profile = detect(profile, sample, found)
    except AmbiguousSourceError as error:
        raise AmbiguousSourceError(f"{name}: {error}") from None
    return profile, found


def _times(profile: SourceProfile, sample: Sample, found: dict[str, str]) -> SourceProfile:
    for column in ("event_time", "recorded_at"):
        if column not in sample or profile.times.format or _is_time(sample[column]):
            continue
        found |= {"years": SHORT_YEARS} if has_short_years(sample[column]) else {}
        if formats := detect_time_format(sample[column]):
            found["times"] = formats[0]
            profile = profile.with_values(times={"format": formats})
    return profile


def _marks(profile: SourceProfile, sample: Sample, found: dict[str, str]) -> SourceProfile:
    amounts = profile.amounts
    own = {OWN + column for column in (*profile.amount_columns(), amounts.refund)}
    floats = {column.name for column in LOG_COLUMNS if column.type == "float"}
    if amounts.expression:
        floats -= {"amount"}
    columns = [column for key, column in sample.items() if key in own | floats]
    marks = detect_amount_marks(columns, amounts.decimal, amounts.thousands, amounts.sign)
    found["decimal"] = marks.decimal
    found |= {key: value for key, value in (("thousands", marks.thousands), ("sign", marks.sign)) if value}
    decimal = marks.decimal if marks.certain else ""  # rows after the sample may be the first with a mark
    return profile.with_values(amounts={"decimal": decimal, "thousands": marks.thousands, "sign": marks.sign})


def _ids(profile: SourceProfile, sample: Sample, found: dict[str, str]) -> SourceProfile:
    column = sample.get("customer_id")
    if column is None or profile.ids.whole_numbers or pa.types.is_floating(column.type):
        return profile
    if not are_whole_numbers(column, profile.ids):
        return profile
    ids = strip_whitespace(cast_text("", column, RowErrors()))
    first = ids.filter(pc.match_substring_regex(ids, WHOLE_NUMBER))[0].as_py()
    found["customer_id"] = f"{first} is {first.partition('.')[0]}"
    return profile.with_values(ids={"whole_numbers": True})


def _currency(profile: SourceProfile, sample: Sample, found: dict[str, str]) -> SourceProfile:
    currency = profile.currency
    amounts = {"amount", *(OWN + column for column in profile.amount_columns())} & set(sample)
    names = [currency.column] if currency.column else [key.removeprefix(OWN) for key in sample if _is_currency(key)]
    if not names or not amounts:
        return profile
    codes = currency_codes(sample[OWN + names[0]]).unique().drop_null().to_pylist()
    if not currency.keep and len(codes) > 1:
        raise AmbiguousSourceError(
            f"amounts are in {', '.join(sorted(codes)[:5])} (column {names[0]}), and currencies are not added up: give "
            f"--currency {sorted(codes)[0]}, and the others go to quarantine, or currency.rates in a profile"
        )
    keep = currency.keep or (codes[0] if codes else "")
    if keep:
        found["currency"] = keep
    return profile.with_values(currency={"column": names[0], "keep": keep})


def _is_currency(key: str) -> bool:
    return key.startswith(OWN) and re.fullmatch(CURRENCY_NAMES, letters(key)) is not None


def _is_time(column: pa.Array) -> bool:
    return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))
