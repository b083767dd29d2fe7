"""Reads off a sample how times and amounts are written; where two readings fit, asks instead of guessing."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.errors import AmbiguousSourceError
from features.ingestion.amounts import AmountMarks
from features.ingestion.casting import RowErrors, cast_text, cast_timestamps, strip_whitespace
from features.ingestion.characters import plain_characters
from features.ingestion.currencies import is_currency_sign
from features.ingestion.time_formats import EPOCHS, EXCEL, ORDERS, read_times
from features.ingestion.unreadable_values import thousands_option
from features.timezones import business_timezone

RARE = 0.05
"""The share of values of another kind up to which they are faulty rows, not a question."""
NUMBER_AND_SIGN = re.compile(
    r"([^\d\s.,'()+-]+\.?)\s*[-+]?[\d.,][\d.,' ]*|[-+]?[\d.,' ]*[\d.,]-{0,2}\s*([^\d\s.,'()+-]+\.?)"
)
"""An amount with what stands before or behind it."""
USUAL_SHARE = 0.95
"""The share of the readable values that must be of one kind, such as dates, for that kind to be taken."""
EARLIEST, LATEST = (int(np.datetime64(day, "us").astype(np.int64)) for day in ("1990-01-01", "2100-01-01"))
DIGITS = ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%y%m%d", "%d%m%y", "%m%d%y")
EXAMPLES = {"day_first": "%d/%m/%Y", "month_first": "%m/%d/%Y", "year_first": "%y/%m/%d"}
SHORT_YEARS = "of two digits: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068"
SHORT_DATE = r"^\d{1,2}([./-])\d{1,2}([./-])\d{2}(\D|$)|^\d{1,2}[ -]?[A-Za-z]{3,}\.?[ -]?'?\d{2}(\D|$)"

Bools = NDArray[np.bool_]


def detect_time_format(column: pa.Array) -> tuple[str, ...]:
    """Return the formats of a sample of times besides the contract's own: one, or none where these read all or nothing.

    Raises
    ------
    AmbiguousSourceError
        When several formats fit all readable values and give different times, or none fits all.
    """
    values = strip_whitespace(cast_text("", column, RowErrors())).drop_null()
    text = values.unique()
    plain = cast_timestamps("", text, business_timezone("UTC"), RowErrors(), ["iso"])
    rest = text.filter(plain.is_null())
    if not len(rest):
        return ()
    kinds = [[name for name in ORDERS if name != "iso"], [*EPOCHS, EXCEL, *DIGITS]]
    readings = [{name: _plausible_times(rest, name) for name in names} for names in kinds]
    counts = [int(np.any([readable for readable, _ in kind.values()], axis=0).sum()) for kind in readings]
    if not max(counts):
        return ()
    kind = readings[int(np.argmax(counts))]
    readable = np.any([of_name for of_name, _ in kind.values()], axis=0)
    fitting = {name: times for name, (of_name, times) in kind.items() if (of_name == readable).all()}
    if len(fitting) == 1 and max(counts) >= USUAL_SHARE * sum(counts):
        return tuple(fitting)
    if pc.sum(pc.is_in(values, rest)).as_py() <= RARE * len(values):
        return ()  # so few are faulty rows, each with its reason
    if max(counts) < USUAL_SHARE * sum(counts):
        raise AmbiguousSourceError(f"times are written in several ways, such as {_some(rest)}: give --time-format")
    if fitting:  # equal times do not settle it: the rows after the sample may differ
        differ = np.ptp(np.stack(list(fitting.values())), axis=0) > 0
        example = rest.filter(pa.array((differ if differ.any() else True) & readable))[0].as_py()
        options = " or ".join(
            f"--time-format {shlex.quote(name)}" + (f" ({EXAMPLES[name]})" if name in EXAMPLES else "")
            for name in fitting
        )
        raise AmbiguousSourceError(f"times such as {example!r} can be read in {len(fitting)} ways: give {options}")
    counted = {name: int(of_name.sum()) for name, (of_name, _) in kind.items()}
    shares = ", ".join(f"{count:,} {name}" for name, count in counted.items() if count)
    raise AmbiguousSourceError(
        f"no format fits all of {int(readable.sum()):,} times ({shares}), such as {_some(rest)}: give --time-format"
    )


def has_short_years(column: pa.Array) -> bool:
    """Return whether dates of a sample have years of two digits."""
    text = strip_whitespace(cast_text("", column, RowErrors()))
    return bool(pc.any(pc.match_substring_regex(text, SHORT_DATE)).as_py())


def _plausible_times(text: pa.StringArray, name: str) -> tuple[Bools, NDArray[np.int64]]:
    """Return which texts a format reads as times of today's logs, and these."""
    if name in DIGITS:  # strptime takes fewer digits than its format has
        digits = {"%Y%m%d": 8, "%d%m%Y": 8, "%m%d%Y": 8, "%Y%m%d%H%M": 12, "%Y%m%d%H%M%S": 14}.get(name, 6)
        text = pc.if_else(pc.match_substring_regex(text, rf"^\d{{{digits}}}$"), text, None)
    times = read_times(text, [name])
    plausible = times.readable & (times.microseconds >= EARLIEST) & (times.microseconds < LATEST)
    return plausible, np.where(plausible, times.microseconds, 0)


def detect_amount_marks(columns: Iterable[pa.Array], decimal: str, thousands: str, sign: str) -> AmountMarks:
    """Return how a sample of amounts is written; what is given is not detected.

    Raises
    ------
    AmbiguousSourceError
        When a mark can be one of decimals or of thousands, or amounts have several currency signs.
    """
    texts = [strip_whitespace(cast_text("", column, RowErrors())) for column in columns if not _is_number(column)]
    texts = [plain_characters(text) for text in texts]
    sample = [text for text in pa.chunked_array(texts, pa.string()).unique().to_pylist() if text]
    sign = sign or _currency_sign(sample)
    cores = [_without_sign(text, sign) for text in sample]
    readings = {mark: {core: _read_core(core, mark, thousands) for core in cores} for mark in ".,"}
    point, comma = readings["."], readings[","]
    only_point = [core for core in cores if point[core] and not comma[core]]
    only_comma = [core for core in cores if comma[core] and not point[core]]
    either = [core for core in cores if (a := point[core]) and (b := comma[core]) and a[0] != b[0]]
    given = bool(decimal or thousands in (".", ","))
    if not decimal:
        if thousands in (".", ","):
            decimal = "," if thousands == "." else "."
        elif only_point and only_comma and (either or min(len(only_point), len(only_comma)) > RARE * len(cores)):
            raise AmbiguousSourceError(
                f"amounts are written in two ways, such as {only_point[0]!r} and {only_comma[0]!r}: give "
                "--decimal '.' or --decimal ','"
            )
        elif either and not only_point and not only_comma:
            raise AmbiguousSourceError(_which_mark(either[0]))
        else:
            decimal = "," if len(only_comma) > len(only_point) else "."
    marks = Counter(reading[1] for core in cores if (reading := readings[decimal][core]) and reading[1])
    certain = given or any(mark in core for core in cores for mark in ".," if readings[decimal][core])
    return AmountMarks(decimal, thousands or (marks.most_common(1)[0][0] if marks else ""), sign, certain)


def _read_core(core: str, decimal: str, thousands: str) -> tuple[float, str] | None:
    """Return the number and its thousands mark under a decimal mark, or None if it cannot be read so."""
    others = thousands or (",' " if decimal == "." else ".' ")
    match = re.fullmatch(
        rf"(?P<whole>\d*|[1-9]\d{{0,2}}(?P<mark>[{re.escape(others)}])(?:\d{{2,3}}(?P=mark))*\d{{3}})"
        rf"(?:{re.escape(decimal)}(?P<part>\d*))?",
        core,
    )
    if not match or not re.search(r"\d", core):
        return None
    mark = match["mark"] or ""
    return float(f"{match['whole'].replace(mark, '') or 0}.{match['part'] or 0}"), mark


def _without_sign(text: str, sign: str) -> str:
    """Return an amount without its currency sign, brackets and minus."""
    core = re.sub(f"^{re.escape(sign)}|{re.escape(sign)}$", "", _unsigned(text), flags=re.IGNORECASE)
    return _unsigned(core)


def _unsigned(text: str) -> str:
    """Return an amount without brackets, minus, and what stands for no hundredths."""
    return text.removesuffix("/-").strip("()+-' ")


def _currency_sign(sample: Sequence[str]) -> str:
    """Return the one currency sign or code of the sample, or ""."""
    matches = (NUMBER_AND_SIGN.fullmatch(_unsigned(text)) for text in sample)
    signs: dict[str, str] = {}
    for match in matches:
        if match and is_currency_sign(sign := match[1] or match[2]):
            signs.setdefault(sign.casefold(), sign)
    if len(signs) > 1:
        names = sorted(signs.values())
        raise AmbiguousSourceError(
            f"amounts have the currency signs {', '.join(names)}, and currencies are not added up: give "
            f"--currency-sign {shlex.quote(names[0])}, and rows with another one go to quarantine"
        )
    return next(iter(signs.values()), "")


def _which_mark(example: str) -> str:
    mark = next(each for each in example if each in ".,")
    value = example.replace(mark, "")
    return (
        f"amounts such as {example!r} can be read in two ways: give {thousands_option(mark)} ({int(value):,}) or "
        f"--decimal '{mark}' ({float(example.replace(mark, '.')):g})"
    )


def _is_number(column: pa.Array) -> bool:
    type_ = column.type
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _some(texts: pa.StringArray) -> str:
    return ", ".join(repr(text) for text in texts.slice(0, 3).to_pylist())
