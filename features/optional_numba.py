"""Numba's compiler where it is installed; elsewhere, as in a Bento, the same functions run as they are written."""

from collections.abc import Callable
from typing import Any

__all__ = ["njit"]

try:
    from numba import njit
except ImportError:

    def njit(**options: Any) -> Callable[[Any], Any]:
        """Return a decorator that leaves its function alone."""
        return lambda function: function
