"""Numbers as the pages and sentences of the reports write them; a dash where there is none."""

import math

PERCENT = ("bias", "coverage")
"""Measures that are shares."""


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


def measure(value: float, name: str) -> str:
    """Return a measure of forecasts as the page, the terminal and the workbook write it: bias and coverage in per cent.

    Examples
    --------
    >>> measure(-0.0184, "bias"), measure(0.912, "coverage"), measure(0.6789, "auc")
    ('−1.8 %', '91.2 %', '0.679')
    """
    if name not in PERCENT or _missing(value):
        return number(value, 3)
    return f"{signed(100 * value, 1) if name == 'bias' else share(value)} %"


def _missing(value: float) -> bool:
    return value is None or math.isnan(value)
