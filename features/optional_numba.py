"""Numba's compiler if it is installed; otherwise, as in a Bento, the functions run as plain Python."""

from collections.abc import Callable
from typing import Any

try:
    import numba
except ImportError:
    numba = None

__all__ = ["njit"]


def njit(**options: Any) -> Callable[[Any], Any]:
    """Return Numba's decorator with these options, or one that returns the function unchanged."""
    return (lambda function: function) if numba is None else numba.njit(**options)
