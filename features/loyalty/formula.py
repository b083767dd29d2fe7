"""The loyalty formula as data: parts, weights, maxima and bands, checked and read from TOML (formula.toml)."""

import math
import re
import tomllib
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from features.errors import FormulaError
from features.loyalty.formula_checks import (
    check_keys,
    check_names,
    check_text,
    finite_number,
    formula_error,
    key_path,
    positive_number,
)

# A score a rounding error below a threshold has reached it: (3 * .95 + .25 + .5) / 9 is 40 % on paper and
# 39.99999999999999 in floats.
BAND_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Part:
    """One behaviour in the formula; its score is P = column / maximum, limited to 0..1.

    Parameters
    ----------
    name : str
        A lower-case word of a-z, 0-9 and _.
    column : str
        Column of the feature table.
    maximum : float
        Value that earns full points, in the column's unit; > 0.
    weight : float
        Weight W relative to the other parts, >= 0; 0 switches the part off.
    data : str, optional
        Column that is 0 or null for customers without such data; the part is then left out of their score.

    Raises
    ------
    FormulaError
        When a value is out of range.
    """

    name: str
    column: str
    maximum: float
    weight: float
    data: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch("[a-z][a-z0-9_]*", self.name):
            raise formula_error("parts", self.name, "a name of a-z, 0-9 and _", "rename the part")
        path = f"parts.{self.name}"
        check_text(f"{path}.column", self.column)
        if self.data is not None:
            check_text(f"{path}.data", self.data)
        object.__setattr__(self, "maximum", positive_number(f"{path}.maximum", self.maximum))
        if not finite_number(self.weight) >= 0:
            advice = "use 0 to switch the part off"
            raise formula_error(f"{path}.weight", self.weight, "a finite number >= 0", advice)
        object.__setattr__(self, "weight", float(self.weight))


@dataclass(frozen=True)
class Band:
    """A named range of the loyalty score.

    Parameters
    ----------
    name : str
    at_least : float
        Score at which the band begins, 0..100; it ends where the next band begins.

    Raises
    ------
    FormulaError
        When the name is empty or the score out of range.
    """

    name: str
    at_least: float

    def __post_init__(self) -> None:
        check_text("bands", self.name)
        if not 0 <= finite_number(self.at_least) <= 100:
            path = key_path("bands", self.name)
            advice = "give the score at which the band begins"
            raise formula_error(path, self.at_least, "a number from 0 to 100", advice)
        object.__setattr__(self, "at_least", float(self.at_least))


@dataclass(frozen=True)
class Maxima:
    """The maxima X, Y and Z of the base indices.

    Parameters
    ----------
    satisfaction, loyalty : float
        X and Y: the top of the rating scales.
    purchases : float
        Z: purchase days in 365 days that count as full.

    Raises
    ------
    FormulaError
        When a value is not a finite number > 0.
    """

    satisfaction: float = 10.0
    loyalty: float = 10.0
    purchases: float = 12.0

    def __post_init__(self) -> None:
        for name in ("satisfaction", "loyalty", "purchases"):
            object.__setattr__(self, name, positive_number(f"maxima.{name}", getattr(self, name)))


@dataclass(frozen=True)
class Formula:
    """One version of the loyalty formula, Loyalty = sum(P_i W_i) / sum(W_i).

    Parameters
    ----------
    version : str
        Name of the version, served with each score.
    reason : str
        Why this version was made.
    date : datetime.date
        When it was made.
    parts : tuple of Part
        At least one, with unique names and a sum of weights > 0.
    bands : tuple of Band
        At least one, with unique names; the thresholds rise from 0.
    maxima : Maxima, optional

    Raises
    ------
    FormulaError
        When a value is wrong; the message names it, what was expected and how to correct it.

    Examples
    --------
    >>> from datetime import date
    >>> parts = (Part("purchases", "purchase_days_365", 12, 4), Part("amount", "spend_365", 1000, 3))
    >>> formula = Formula("1", "example", date(2026, 1, 1), parts, (Band("bronze", 0), Band("gold", 70)))
    >>> formula.total_weight, formula.columns
    (7.0, ('purchase_days_365', 'spend_365'))
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
        check_text("version", self.version)
        check_text("reason", self.reason)
        # A datetime is a date to isinstance, yet its time would have no meaning here.
        if not isinstance(self.date, date) or isinstance(self.date, datetime):
            raise formula_error("date", str(self.date), "a date", "write it like 2026-11-22, without quotes or time")
        check_names("parts", [part.name for part in self.parts])
        check_names("bands", [band.name for band in self.bands])
        # 100 times: the score multiplies by 100 before it divides.
        if not (self.total_weight > 0 and math.isfinite(100 * self.total_weight)):
            raise formula_error("parts", self.total_weight, "weights with a finite sum > 0", "change the weights")
        first = self.bands[0]
        if first.at_least != 0:
            raise formula_error(key_path("bands", first.name), first.at_least, "0", "let the lowest band begin at 0")
        for below, band in pairwise(self.bands):
            if band.at_least <= below.at_least:
                expected = f"more than {below.at_least} of the band before"
                raise formula_error(key_path("bands", band.name), band.at_least, expected, "list them low to high")

    @cached_property
    def total_weight(self) -> float:
        """Sum of all weights."""
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
        """The feature columns that the parts read, without repetitions."""
        names = (name for part in self.parts for name in (part.column, part.data) if name is not None)
        return tuple(dict.fromkeys(names))

    def part(self, name: str) -> Part:
        """Return the part with this name.

        Parameters
        ----------
        name : str

        Raises
        ------
        FormulaError
            When there is no such part.
        """
        for part in self.parts:
            if part.name == name:
                return part
        known = ", ".join(part.name for part in self.parts)
        raise formula_error("parts", name, f"one of {known}", "name a part of the formula")

    def only(self, name: str) -> Self:
        """Return the single-behaviour formula: one part, whose weight cancels out.

        Parameters
        ----------
        name : str
            The part to keep; the new version is `<version>:<name>`.

        Raises
        ------
        FormulaError
            When there is no such part.
        """
        part = replace(self.part(name), weight=1.0)
        return replace(self, version=f"{self.version}:{name}", parts=(part,))


def load_formula(path: str | Path | None = None) -> Formula:
    """Read and check a formula file.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file like `features/loyalty/formula.toml`, which is read when no path is given.

    Returns
    -------
    Formula

    Raises
    ------
    FormulaError
        When the file cannot be read, is not TOML, or has unknown, missing or wrong values; the message has the file
        and the path of the key.

    Examples
    --------
    >>> [part.name for part in load_formula().parts]
    ['purchases', 'amount', 'usage', 'feedback', 'visits']
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
    check_keys("", table, required=("version", "reason", "date", "parts", "bands"), optional=("maxima",))
    for name in ("parts", "bands", "maxima"):
        if not isinstance(table.get(name, {}), dict):
            raise formula_error(name, table[name], "a table", f"begin it with [{name}]")
    for name, part in table["parts"].items():
        check_keys(key_path("parts", name), part, required=("column", "maximum", "weight"), optional=("data",))
    check_keys("maxima", table.get("maxima", {}), optional=("satisfaction", "loyalty", "purchases"))
    return Formula(
        version=table["version"],
        reason=table["reason"],
        date=table["date"],
        parts=tuple(Part(name=name, **part) for name, part in table["parts"].items()),
        bands=tuple(Band(name, at_least) for name, at_least in table["bands"].items()),
        maxima=Maxima(**table.get("maxima", {})),
    )
