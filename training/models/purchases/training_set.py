"""What windows teach before any candidate makes its own of it: so several candidates share the costly part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.level_calibration import STEPS, YEAR_AGO, LevelCalibration
from training.models.purchases.seasonality import Seasonality
from training.models.window import Activity, Window


@dataclass(frozen=True)
class TrainingSet:
    """The standpoint of today, those of earlier windows with a horizon that is over, and the level of the year."""

    now: CutoffFit
    told: tuple[tuple[CutoffFit, int], ...]
    stretch: LevelCalibration
    first_day: int

    @classmethod
    def of(cls, now: Window, earlier: Sequence[Window], activity: Activity) -> Self:
        """Draw them from the feature table of `now` (no outcomes), windows before it with theirs, and daily activity.

        Rows are customers who had bought by the window's date; all that is given was known at `now`. A window a year
        ago, followed in `STEPS`, gives the level.
        """
        clock = Seasonality.fit(now.features, activity, now.day)
        here = CutoffFit.of(now, clock)
        told: list[tuple[CutoffFit, int]] = []
        stretch = LevelCalibration.none()
        for window in earlier:
            then = CutoffFit.of(window, clock)
            a_year_ago = window.day == now.day - YEAR_AGO
            told += [(then, days) for days in sorted(window.purchases) if not (a_year_ago and days in STEPS)]
            if a_year_ago:
                stretch = LevelCalibration.fit(here, then)
        return cls(here, tuple(told), stretch, activity.first_day)
