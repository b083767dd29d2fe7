"""The loyalty rule as data: parts, weights, maxima and bands, checked, and read from TOML (formula.toml)."""

import math
import re
import reprlib
import tomllib
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from importlib import resources
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import Any, Self

from features.errors import FormulaError

# A score a rounding error below a threshold has reached it: (3 * .95 + .25 + .5) / 9 is 40 % on paper and
# 39.99999999999999 in floats.
BAND_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Part:
    """One behaviour of the rule: P = min(column / maximum, 1), at least 0, weighing `weight`.

    `data`, when given, names the column that says whether the customer has such data at all; where that is 0
    or null the part is left out.
    Raises FormulaError unless the name is a plain lower-case word, maximum > 0, weight >= 0, both finite.
    """

    name: str
    column: str
    maximum: float
    weight: float
    data: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch("[a-z][a-z0-9_]*", self.name):
            raise _fault("parts", self.name, "a name of a-z, 0-9 and _", "rename the part")
        path = f"parts.{self.name}"
        _text(f"{path}.column", self.column)
        if self.data is not None:
            _text(f"{path}.data", self.data)
        object.__setattr__(self, "maximum", _number(f"{path}.maximum", self.maximum))
        if not _finite(self.weight) >= 0:
            advice = "use 0 to switch the part off"
            raise _fault(f"{path}.weight", self.weight, "a finite number >= 0", advice)
        object.__setattr__(self, "weight", float(self.weight))


@dataclass(frozen=True)
class Band:
    """A named range of the score that begins at `at_least` (0..100) and ends where the next band begins."""

    name: str
    at_least: float

    def __post_init__(self) -> None:
        _text("bands", self.name)
        if not 0 <= _finite(self.at_least) <= 100:
            path = _dotted("bands", self.name)
            advice = "give the score at which the band begins"
            raise _fault(path, self.at_least, "a number from 0 to 100", advice)
        object.__setattr__(self, "at_least", float(self.at_least))


@dataclass(frozen=True)
class Maxima:
    """X, Y, Z of the base-level indices: the top of both rating scales, and full purchase days in 365."""

    satisfaction: float = 10.0
    loyalty: float = 10.0
    purchases: float = 12.0

    def __post_init__(self) -> None:
        for name in ("satisfaction", "loyalty", "purchases"):
            object.__setattr__(self, name, _number(f"maxima.{name}", getattr(self, name)))


@dataclass(frozen=True)
class Formula:
    """A version of the rule: parts, bands and maxima, with the reason and date of this version.

    Raises FormulaError unless part and band names are unique, the weights sum to more than 0, and the band
    thresholds rise from 0.
    """

    version: str
    reason: str
    date: date
    parts: tuple[Part, ...]
    bands: tuple[Band, ...]
    maxima: Maxima = field(default_factory=Maxima)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        object.__setattr__(self, "bands", tuple(self.bands))
        _text("version", self.version)
        _text("reason", self.reason)
        # A datetime is a date to isinstance, yet its time would have no meaning here.
        if not isinstance(self.date, date) or isinstance(self.date, datetime):
            raise _fault("date", str(self.date), "a date", "write it like 2026-11-22, without quotes or time")
        _names("parts", [part.name for part in self.parts])
        _names("bands", [band.name for band in self.bands])
        # 100 times: the score multiplies by 100 before it divides.
        if not (self.total_weight > 0 and math.isfinite(100 * self.total_weight)):
            raise _fault("parts", self.total_weight, "weights with a finite sum > 0", "change the weights")
        first = self.bands[0]
        if first.at_least != 0:
            raise _fault(_dotted("bands", first.name), first.at_least, "0", "let the lowest band begin at 0")
        for below, band in pairwise(self.bands):
            if band.at_least <= below.at_least:
                expected = f"more than {below.at_least} of the band before"
                raise _fault(_dotted("bands", band.name), band.at_least, expected, "list them low to high")

    @cached_property
    def total_weight(self) -> float:
        """Sum of all weights, in the order of the parts."""
        total = 0.0
        # Not sum(): from Python 3.12 on it compensates rounding, and a full coverage would not be 1.
        for part in self.parts:
            total += part.weight
        return total

    @cached_property
    def thresholds(self) -> tuple[float, ...]:
        """The scores at which the bands begin, ascending."""
        return tuple(band.at_least for band in self.bands)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The feature columns that the parts read, each once."""
        named = (name for part in self.parts for name in (part.column, part.data) if name is not None)
        return tuple(dict.fromkeys(named))

    def part(self, name: str) -> Part:
        """The part of that name; FormulaError for an unknown one."""
        for part in self.parts:
            if part.name == name:
                return part
        known = ", ".join(part.name for part in self.parts)
        raise _fault("parts", name, f"one of {known}", "name a part of the formula")

    def only(self, name: str) -> Self:
        """The single-behaviour score: the same formula with one part, whose weight cancels out.

        Its version reads `<version>:<name>`. Raises FormulaError for an unknown name.
        """
        part = replace(self.part(name), weight=1.0)
        return replace(self, version=f"{self.version}:{name}", parts=(part,))


def require_columns(present: Container[str], names: Iterable[str], use: str) -> None:
    """Raise FormulaError with the columns that are not there."""
    if missing := [name for name in names if name not in present]:
        found = f"features: found no {', '.join(missing)}"
        raise FormulaError(f"{found}, expected for {use}; build the table with feature_table")


def load_formula(path: str | Path | None = None) -> Formula:
    """Read and check a formula file (TOML); without a path the one that comes with the package.

    Raises FormulaError, one line with file and key path, for a file that cannot be read, is not TOML, or has
    unknown, missing or wrong values.
    """
    file = resources.files("features.loyalty").joinpath("formula.toml") if path is None else Path(path)
    try:
        # -sig: some editors begin a file with a byte order mark, which TOML refuses.
        return _formula(tomllib.loads(file.read_bytes().decode("utf-8-sig")))
    except FormulaError as error:
        raise FormulaError(f"{file}: {error}") from None
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise FormulaError(f"{file}: {problem}, expected a formula in TOML; check the path") from None
    except (ValueError, RecursionError) as error:
        raise FormulaError(f"{file}: {error}, expected TOML in UTF-8; correct the file") from None


def _formula(table: dict[str, Any]) -> Formula:
    _keys("", table, required=("version", "reason", "date", "parts", "bands"), optional=("maxima",))
    for name in ("parts", "bands", "maxima"):
        if not isinstance(table.get(name, {}), dict):
            raise _fault(name, table[name], "a table", f"begin it with [{name}]")
    for name, part in table["parts"].items():
        _keys(_dotted("parts", name), part, required=("column", "maximum", "weight"), optional=("data",))
    _keys("maxima", table.get("maxima", {}), optional=("satisfaction", "loyalty", "purchases"))
    return Formula(
        version=table["version"],
        reason=table["reason"],
        date=table["date"],
        parts=tuple(Part(name=name, **part) for name, part in table["parts"].items()),
        bands=tuple(Band(name, at_least) for name, at_least in table["bands"].items()),
        maxima=Maxima(**table.get("maxima", {})),
    )


def _keys(path: str, table: Any, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> None:
    known = ", ".join((*required, *optional))
    if not isinstance(table, dict):
        raise _fault(path, table, f"a table with {known}", f"begin it with [{path}]")
    for key in table:
        if key not in required and key not in optional:
            found = f"{_dotted(path, key)}: unknown key"
            raise FormulaError(f"{found}, expected one of {known}; remove or rename it")
    for key in required:
        if key not in table:
            raise FormulaError(f"{_dotted(path, key)}: found nothing, expected a value; add the key")


def _dotted(path: str, key: str) -> str:
    """The key path; a key that is not a plain word is quoted, which also keeps the message on one line."""
    key = key if re.fullmatch("[A-Za-z0-9_-]+", key) else reprlib.repr(key)
    return f"{path}.{key}" if path else key


def _names(path: str, names: list[str]) -> None:
    if not names or len(set(names)) < len(names):
        raise _fault(path, names, "at least one, no name twice", f"add or rename {path}")


def _text(path: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise _fault(path, value, "text in quotes", "fill it in")


def _number(path: str, value: Any) -> float:
    if not _finite(value) > 0:
        raise _fault(path, value, "a finite number > 0", "give the value that counts as full")
    return float(value)


def _finite(value: Any) -> float:
    """The value as a float; NaN, which no comparison passes, unless it is a finite number."""
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _fault(path: str, found: Any, expected: str, advice: str) -> FormulaError:
    return FormulaError(f"{path}: found {reprlib.repr(found)}, expected {expected}; {advice}")
