"""The training set of the purchase model: what all candidates share, computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from training.models.purchases.adjustment_rows import AdjustmentRows
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.level_calibration import LEVEL_HORIZONS, YEAR_AGO_DAYS, LevelCalibration
from training.models.purchases.level_variance import LevelVariance
from training.models.purchases.past_level import past_level
from training.models.purchases.pauses import fit_pauses
from training.models.purchases.seasonality import Seasonality
from training.models.window import Activity, PurchaseDays, Window


@dataclass(frozen=True)
class TrainingSet:
    """The fit at the cutoff, fits at earlier cutoffs whose outcome is known, and the calibration of the level.

    Attributes
    ----------
    current : CutoffFit
        The customers at the cutoff of the fit, without outcomes.
    past : tuple of (CutoffFit, int)
        Earlier cutoffs, each with a horizon in days that has ended since.
    past_level : float
        The log level of demand in past windows.
    level_variance : LevelVariance
        How much the level of a horizon may differ from it.
    level : LevelCalibration
        Last year's level of demand about it.
    first_day : int
        The first day of the log, counted from 1970.
    purchase_days : PurchaseDays or None
        Of the customers at the cutoff, for what the sequence of their purchases says.
    """

    current: CutoffFit
    past: tuple[tuple[CutoffFit, int], ...]
    past_level: float
    level_variance: LevelVariance
    level: LevelCalibration
    first_day: int
    purchase_days: PurchaseDays | None = None

    @cached_property
    def rows(self) -> AdjustmentRows | None:
        """The rows of the earlier cutoffs; None if there are none."""
        return AdjustmentRows.of(self.past) if self.past else None

    @classmethod
    def of(
        cls,
        current: Window,
        earlier: Sequence[Window],
        activity: Activity | None,
        purchase_days: PurchaseDays | None = None,
    ) -> Self:
        """Build the training set from what was known at the cutoff of `current`.

        Parameters
        ----------
        current : Window
            The feature table at the cutoff, of customers who have bought; its outcomes are not read.
        earlier : sequence of Window
            Windows at earlier cutoffs with outcomes. One a year before the cutoff, with outcomes at `LEVEL_HORIZONS`,
            gives the level.
        activity : Activity or None
            First and repeat purchases of each day; None for no season.
        purchase_days : PurchaseDays, optional
            The days before the cutoff on which the customers of `current` bought.
        """
        if activity is None:
            first_day = current.day - int(current.features["T"].max())
            seasonality = Seasonality(current.day)
        else:
            first_day = activity.first_day
            seasonality = Seasonality.fit(current.features, activity.until(current.day), current.day)
        year_ago_day = current.day - YEAR_AGO_DAYS
        fits = [CutoffFit.of(window, seasonality) for window in earlier]
        pauses = fit_pauses(_outcomes(fits, year_ago_day))
        fits = [fit.paused(*pauses) for fit in fits]
        current_fit = CutoffFit.of(current, seasonality).paused(*pauses)
        past = tuple(_outcomes(fits, year_ago_day))
        lasting, variance = past_level(past)
        level = LevelCalibration.identity()
        for fit in fits:
            if fit.window.day == year_ago_day:
                level = LevelCalibration.fit(current_fit, fit, lasting)
        return cls(current_fit, past, lasting, variance, level, first_day, purchase_days)


def _outcomes(fits: Sequence[CutoffFit], year_ago_day: int) -> list[tuple[CutoffFit, int]]:
    """Return each cutoff with each of its horizons, but those that only the level reads."""
    return [
        (fit, days)
        for fit in fits
        for days in sorted(fit.window.purchases)
        if not (fit.window.day == year_ago_day and days in LEVEL_HORIZONS)
    ]
