"""How much the level of demand in a horizon may differ from that of the forecast."""

from typing import NamedTuple

QUARTER_DAYS = 90


class LevelVariance(NamedTuple):
    """Variances of the log level of demand.

    Attributes
    ----------
    lasting : float
        What past windows leave open of the level that lasts.
    quarter : float
        Of a quarter about it.

    Examples
    --------
    A quarter differs by .15, two quarters together by less:

    >>> variance = LevelVariance(0.0, 0.15**2)
    >>> [round(variance.in_horizon(days), 4) for days in (30, 90, 180)]
    [0.0225, 0.0225, 0.0112]
    """

    lasting: float = 0.0
    quarter: float = 0.0

    def in_horizon(self, horizon_days: float) -> float:
        """Return the variance of the mean log level in a horizon; quarters differ independently."""
        return self.lasting + self.quarter / max(horizon_days / QUARTER_DAYS, 1.0)


NO_VARIANCE = LevelVariance()
"""For models of earlier releases, and for those whose dispersion includes how levels differ."""
