"""Checks of single numbers given as arguments: whole numbers, and numbers within bounds."""

from math import inf
from numbers import Real
from typing import Any

from features.errors import InvalidArgumentError

DAY_LIMIT = 1_000_000
"""Cutoffs and horizons of single forecasts lie within this many days of 1970 and of the cutoff: 2,700 years."""


def require_whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return the value as an int; raises InvalidArgumentError unless it is a whole number from `least` to `most`."""
    bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
    if not (_is_finite(value) and value % 1 == 0) or not least <= int(value) <= (inf if most is None else most):
        raise InvalidArgumentError(f"{name} is {_shown(value)}; expected a whole number {bounds}")
    return int(value)


def require_number(name: str, value: Any, least: float, *, above: bool = False, most: float = inf) -> float:
    """Return the value as a float; raises InvalidArgumentError unless it is finite and from `least` to `most`.

    With `above` it must exceed `least`.
    """
    if not _is_finite(value) or not (least < value if above else least <= value) or value > most:
        bounds = f"above {least:g}" if above else f"of at least {least:g}"
        limit = "" if most == inf else f" and at most {most:g}"
        raise InvalidArgumentError(f"{name} is {_shown(value)}; expected a finite number {bounds}{limit}")
    return float(value)


def _is_finite(value: Any) -> bool:
    """Return whether a value is a finite number, of Python or NumPy; a truth value is none here."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    number: Any = value
    return bool(-inf < number < inf)


def _shown(value: Any) -> str:
    """Return a value in one short line."""
    if isinstance(value, Real):
        return str(value)
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"a {type(value).__name__}"
