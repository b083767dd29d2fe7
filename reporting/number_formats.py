"""Numbers as the pages and sentences of the reports write them; a dash where there is none."""

import math


def count(value: float) -> str:
    """Return a number of things: 1,234."""
    return "–" if _missing(value) else f"{value:,.0f}"


def share(value: float) -> str:
    """Return a share of 1 in per cent, without the sign: 54.3."""
    return "–" if _missing(value) else f"{100 * value:.1f}"


def number(value: float, digits: int = 2) -> str:
    """Return a number with this many decimals and a minus sign: 1,234.50, −0.02."""
    return "–" if _missing(value) else f"{value:,.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 0) -> str:
    """Return a difference with its sign: +9, −8."""
    return "–" if _missing(value) else f"{value:+,.{digits}f}".replace("-", "−")


def _missing(value: float) -> bool:
    return value is None or math.isnan(value)
