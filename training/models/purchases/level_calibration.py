"""The level of the year: last year's total over what the model would have said, as a stretch of the horizon."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from training.models.purchases.cutoff_fit import CutoffFit

Floats = NDArray[np.float64]

YEAR_AGO = 364
"""The same weekday a year ago; a window there gives the level of the year."""
STEPS = range(28, YEAR_AGO + 1, 28)
"""Horizons of that window, to follow the level through the year."""
LEVEL_HISTORY = 150
"""Days of history that a window needs before its level means anything."""
LEVEL_SD = 0.14
"""Prior standard deviation of the log of a step's level, each step by itself."""
FARTHEST, GRID = 5, 40


@dataclass(frozen=True)
class LevelCalibration:
    """The horizon, in clock days, to ask the model for instead of another: piecewise linear, rising, then even."""

    asked: Floats
    taken: Floats

    @classmethod
    def none(cls) -> Self:
        """Return the stretch that leaves every horizon as it is."""
        return cls(np.array([0.0, 1.0]), np.array([0.0, 1.0]))

    @classmethod
    def fit(cls, now: CutoffFit, then: CutoffFit) -> Self:
        """Learn how far to stretch, so that the base's total follows what came a year ago of what was expected.

        `then` is the standpoint `YEAR_AGO` days before `now`, with outcomes at `STEPS`. A step's actual over expected
        is believed as far as its noise lets: that of the purchases, whose variance is a multiple of their number as
        the customers' own counts show, and that of the expectation, which rests on the purchases before.
        """
        steps = [step for step in STEPS if step in then.window.purchases]
        if not steps:
            return cls.none()
        expected = [then.expected(step) for step in steps]
        was = np.diff([each.sum() for each in expected], prepend=0.0)
        came = np.diff([then.window.purchases[step].sum() for step in steps], prepend=0)
        total = came.sum()
        missed = then.window.purchases[steps[-1]] - expected[-1] * (total / was.sum())
        overdispersion = max(1.0, float((missed**2).sum() / max(total, 1)))
        before = max(1.0, float(then.histories["frequency"].sum()))
        doubt = overdispersion * (1 + was / before) / LEVEL_SD**2
        asked = now.clock.span(now.window.day, steps)
        will = np.diff(now.totals(asked), prepend=0.0)
        grid = np.concatenate(([0.0], np.geomspace(1, FARTHEST * asked[-1], GRID)))
        taken = np.interp(np.cumsum(will * (came + doubt) / (was + doubt)), now.totals(grid), grid)
        return cls(np.append(0.0, asked), np.maximum.accumulate(np.append(0.0, taken)))

    def at(self, span: float) -> float:
        """Return what to take for a horizon of `span` clock days; past the last step it goes on at an even pace."""
        if span <= self.asked[-1]:
            return float(np.interp(span, self.asked, self.taken))
        return float(self.taken[-1] + span - self.asked[-1])
