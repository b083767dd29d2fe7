"""Windows as one table for `Forecaster.fit`, and back."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from training.models.arrays import Floats
from training.models.forecaster import AS_OF_DAY, HORIZON_DAYS, column, latest_cutoff, outcome_of_rows
from training.models.window import Window


def to_table(current: Window, earlier: Sequence[Window], horizon_days: int) -> tuple[pd.DataFrame, Floats]:
    """Stack windows: a row for each customer, cutoff and horizon.

    Parameters
    ----------
    current : Window
        The window at the cutoff of the fit; its outcomes are not read.
    earlier : sequence of Window
        Windows at earlier cutoffs.
    horizon_days : int
        The horizon of the rows of `current`.

    Returns
    -------
    X : DataFrame, shape (n, columns + 2)
        The feature tables, oldest cutoff first, with `as_of_day` and `horizon_days`.
    y : ndarray of float64, shape (n,)
        The purchase occasions in the horizon; NaN in the rows of `current`.
    """
    parts = [(past, days) for past in earlier for days in sorted(past.purchases)] + [(current, horizon_days)]
    blocks = [
        np.column_stack([part.features.to_numpy(float), np.full((len(part.features), 2), [part.day, days])])
        for part, days in parts
    ]
    columns = [*current.features.columns, AS_OF_DAY, HORIZON_DAYS]
    index = pd.Index(np.concatenate([part.features.index.to_numpy(object) for part, _ in parts]), dtype="str")
    X = pd.DataFrame(np.concatenate(blocks), index.rename(current.features.index.name), columns)
    known = [part.purchases[days].astype(float) for part, days in parts[:-1]]
    return X, np.concatenate([*known, np.full(len(current.features), np.nan)])


def from_table(X: pd.DataFrame, y: ArrayLike | None) -> tuple[Window, list[Window]]:
    """Return the window at the latest cutoff, without outcomes, and the earlier windows with theirs, oldest first.

    Of a cutoff with several horizons the customers who have a known outcome in each of them are taken. The windows
    have no spend.
    """
    day = column(X, AS_OF_DAY)
    latest = latest_cutoff(X)
    current = Window(int(day.max()), _features(latest), {}, {})
    outcome = outcome_of_rows(y, len(X))
    horizon = column(X, HORIZON_DAYS) if HORIZON_DAYS in X.columns else np.zeros(len(X))
    usable = ~np.isnan(outcome) & (day < current.day)
    return current, [
        _window(int(start), X[rows], horizon[rows], outcome[rows])
        for start in np.unique(day[usable])
        for rows in [usable & (day == start)]
    ]


def _window(day: int, X: pd.DataFrame, horizon: Floats, outcome: Floats) -> Window:
    horizons = np.unique(horizon)
    tables = [X[horizon == days] for days in horizons]
    counts = [pd.Series(outcome[horizon == days], table.index) for days, table in zip(horizons, tables, strict=True)]
    if not all(table.index.equals(tables[0].index) for table in tables):
        common = tables[0].index.unique()
        for table in tables[1:]:
            common = common[common.isin(table.index)]
        tables[0] = tables[0][~tables[0].index.duplicated()].loc[common]
        counts = [count[~count.index.duplicated()].loc[common] for count in counts]
    purchases = {int(days): count.to_numpy(np.int64) for days, count in zip(horizons, counts, strict=True)}
    return Window(day, _features(tables[0]), purchases, {})


def _features(X: pd.DataFrame) -> pd.DataFrame:
    return X.drop(columns=[AS_OF_DAY, HORIZON_DAYS], errors="ignore")
