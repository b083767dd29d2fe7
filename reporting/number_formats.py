"""Numbers as the pages and sentences of the reports write them; a dash where there is none."""

import math

from training.evaluation.measure_formats import PERCENT


def count(value: float) -> str:
    """Return a number of things: 1,234."""
    return "–" if _missing(value) else f"{value:z,.0f}"


def share(value: float) -> str:
    """Return a share of 1 in per cent, without the sign: 54.3."""
    return "–" if _missing(value) else f"{100 * value:.1f}"


def number(value: float, digits: int = 2) -> str:
    """Return a number with this many decimals and a minus sign: 1,234.50, −0.02; what rounds to nothing has none."""
    return "–" if _missing(value) else f"{value:z,.{digits}f}".replace("-", "−")


def money(value: float, currency: str = "", digits: int = 0) -> str:
    """Return an amount with its currency: 1,234 GBP; the bare number where the log's currency was not named."""
    text = number(value, digits)
    return f"{text}\u00a0{currency}" if currency and not _missing(value) else text


def signed(value: float, digits: int = 0) -> str:
    """Return a difference with its sign: +9, −8; what rounds to nothing has none: 0."""
    text = "–" if _missing(value) else f"{value:+z,.{digits}f}".replace("-", "−")
    return text[1:] if text.startswith("+") and not text.strip("+0.") else text


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
