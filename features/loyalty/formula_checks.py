"""Checks of the values in a loyalty formula; each error names the path of the key and how to correct it."""

import math
import re
import reprlib
from collections.abc import Container, Iterable
from numbers import Real
from typing import Any

from features.errors import FormulaError


def require_columns(present: Container[str], names: Iterable[str], use: str) -> None:
    """Raise FormulaError unless all columns are present."""
    if missing := [name for name in names if name not in present]:
        problem = f"features: found no {', '.join(missing)}"
        raise FormulaError(f"{problem}, expected for {use}; build the table with feature_table")


def check_keys(path: str, table: Any, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> None:
    """Raise FormulaError unless the value is a table with all required keys and no unknown one."""
    known = ", ".join((*required, *optional))
    if not isinstance(table, dict):
        raise formula_error(path, table, f"a table with {known}", f"begin it with [{path}]")
    for key in table:
        if key not in required and key not in optional:
            problem = f"{key_path(path, key)}: unknown key"
            raise FormulaError(f"{problem}, expected one of {known}; remove or rename it")
    for key in required:
        if key not in table:
            raise FormulaError(f"{key_path(path, key)}: found nothing, expected a value; add the key")


def key_path(path: str, key: str) -> str:
    """Return the path of the key; quotes a key that is not a plain word, which keeps the message on one line."""
    key = key if re.fullmatch("[A-Za-z0-9_-]+", key) else reprlib.repr(key)
    return f"{path}.{key}" if path else key


def check_names(path: str, names: list[str]) -> None:
    """Raise FormulaError unless there is at least one name and none occurs twice."""
    if not names or len(set(names)) < len(names):
        raise formula_error(path, names, "at least one, no name twice", f"add or rename {path}")


def check_text(path: str, value: Any) -> None:
    """Raise FormulaError unless the value is text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise formula_error(path, value, "text in quotes", "fill it in")


def positive_number(path: str, value: Any) -> float:
    """Return the value as a float; raises FormulaError unless it is a finite number > 0."""
    if not finite_number(value) > 0:
        raise formula_error(path, value, "a finite number > 0", "give the value that counts as full")
    return float(value)


def finite_number(value: Any) -> float:
    """Return the value as a float, or NaN, which fails every comparison, if it is no finite number."""
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def formula_error(path: str, found: Any, expected: str, advice: str) -> FormulaError:
    """Return the error for a value: the path of its key, what was found, what was expected and what to do."""
    return FormulaError(f"{path}: found {reprlib.repr(found)}, expected {expected}; {advice}")
