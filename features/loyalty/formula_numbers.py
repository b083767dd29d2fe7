"""A loyalty formula as a JSON object, which a compiled model carries."""

from dataclasses import asdict
from datetime import date
from typing import Any

from features.errors import FormulaError
from features.loyalty.formula import Band, Formula, Maxima, Part


def formula_numbers(formula: Formula) -> dict[str, Any]:
    """Return a formula as a JSON object, from which `formula_of_numbers` makes an equal one.

    Examples
    --------
    >>> from features.loyalty.formula import load_formula
    >>> formula_of_numbers(formula_numbers(load_formula())) == load_formula()
    True
    """
    numbers = asdict(formula)
    lists = {name: list(numbers[name]) for name in ("parts", "bands")}
    return numbers | lists | {"date": formula.date.isoformat()}


def formula_of_numbers(numbers: dict[str, Any]) -> Formula:
    """Return the formula of a JSON object; raises FormulaError when it holds none."""
    try:
        parts = tuple(Part(**part) for part in numbers["parts"])
        bands = tuple(Band(**band) for band in numbers["bands"])
        rest = {"date": date.fromisoformat(numbers["date"]), "maxima": Maxima(**numbers["maxima"])}
        return Formula(**numbers | {"parts": parts, "bands": bands} | rest)
    except (LookupError, TypeError, ValueError) as error:
        raise FormulaError(f"the object holds no formula ({error}): publish the version again") from None
