"""Which side is ahead, by the interval of a difference: one rule for every verdict of the reports."""


def verdict(low: float, high: float) -> str:
    """Return `model`, `rule` or `open` by the 95 % interval of a difference, the model's figure less the rule's.

    A side is ahead where the interval is wholly on its side of 0. Intervals of the two figures themselves decide
    nothing: they may overlap while that of the difference is far from 0.

    Parameters
    ----------
    low, high : float
        The ends of the interval, in the unit of the figures; NaN where there is none, which leaves it open.

    References
    ----------
    Schenker & Gentleman (2001), On judging the significance of differences by examining the overlap between
    confidence intervals, The American Statistician 55.

    Examples
    --------
    >>> verdict(0.21, 0.74), verdict(-128.0, 896.0)
    ('model', 'open')
    """
    return "model" if low > 0 else "rule" if high < 0 else "open"
