"""What the models make of the customers at one date, then or now."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from training.models.btyd.bg_nbd import BGNBD
from training.models.purchases.covariates import BaseStatistics, covariates
from training.models.purchases.seasonality import Seasonality
from training.models.window import Window

Floats = NDArray[np.float64]

PRIOR = 0.25
"""Half the prior precision of BG/NBD's log parameters, times in mean T's: a standard deviation of 1.4 about 0. Worth
less than one customer, it keeps few customers, or some without a repeat purchase, from forecasts of 0 or no end."""


@dataclass(frozen=True)
class CutoffFit:
    """A window's customers in clock time, the buy-till-you-die model fitted to them alone, and their signals."""

    window: Window
    clock: Seasonality
    histories: pd.DataFrame
    model: BGNBD
    base: BaseStatistics
    covariates: Floats

    @classmethod
    def of(cls, window: Window, clock: Seasonality) -> Self:
        """Fit the model to what was known at the window's date, as it would have been fitted then."""
        X, day = window.features, window.day
        histories = clock.histories(X, day)
        model = BGNBD(penalizer=PRIOR / len(histories)).fit(histories)
        base = BaseStatistics.of(X, histories, model, clock, day)
        return cls(window, clock, histories, model, base, covariates(X, histories, model, clock, base, day))

    def expected(self, days: int) -> Floats:
        """Return the expected occasions in so many days from the window's date on, shape (n,)."""
        return self.model.expected_purchases(self.histories, self.clock.span(self.window.day, days))

    def none(self, days: int) -> Floats:
        """Return P(no purchase) in so many days from the window's date on, shape (n,)."""
        return self.model.no_purchase_probability(self.histories, self.clock.span(self.window.day, days))

    def totals(self, spans: ArrayLike) -> Floats:
        """Return what the base is expected to buy within each of several spans of clock days."""
        return np.array([self.model.expected_purchases(self.histories, span).sum() for span in np.ravel(spans)])
