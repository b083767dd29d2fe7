"""The model's own 7-day forecasts against what happened, week by week: the earliest outcome that is complete.

Log loss alone is blind to the commonest change: when purchases fall by two fifths it falls too, because most customers
buy nothing in a week anyway. The ratio of purchases to forecast shows it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.store.event_store import EventStore
from features.store.log_dates import first_day
from monitoring.cusum import LOOKS, Cusum, cusum, simulated_threshold, spread_of
from training.fit import sample_customers
from training.models.count_intervals import at_cutoff
from training.models.customer_model import CustomerModel
from training.targets import targets

Floats = NDArray[np.float64]

WEEK = 7
YEAR_OF_WEEKS = 52
REFERENCE_WEEKS = 52
LEAST_REFERENCES = 8
TOLERANCE = 0.05
"""What a week may differ from the usual ratio without counting, as a share."""
TOLERANCE_WITHOUT_YEAR = 0.10
"""The same where the reference does not know the season, because the log has no year before."""
CUSTOMERS = 50_000
LEAST_PURCHASES = 20
CAUTION = 0.8
"""The share of the tolerance that the simulated threshold takes for granted, since the spread is an estimate."""
CLOSED = float(np.log(4))
"""A week counts as no more than this, in logarithms: one in which the shop is closed says nothing of demand."""
NEIGHBOURS = (-1, 0, 1)
"""The weeks of last year with which a week is compared: the same one and those beside it."""


@dataclass(frozen=True)
class WeeklyForecasts:
    """Weeks since the model was fitted, beside weeks before.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a week, the earliest first: `from` (date), `forecast` and `purchases` (purchase days), `ratio`
        (purchases / forecast), `reference` (whether the week lies before the cutoff of the fit), and of the others
        `deviation` (logarithm of the ratio less that of its reference), `up` and `down` (the sums of these or of the
        logarithms alone, the smaller ones).
    path : Cusum or None
        None where nothing can be said, see `reason`.
    tolerance : float
    seasonal : bool
        Whether each week is compared with the same weeks of last year.
    change : float or None
        With an alarm the change since it began, as a share of the forecast: -0.2 is a fifth fewer purchases.
    since : str or None
        The date on which it began.
    reason : str
        Why nothing can be said, or an empty text.
    """

    table: pd.DataFrame
    path: Cusum | None
    tolerance: float
    seasonal: bool
    change: float | None = None
    since: str | None = None
    reason: str = ""

    @property
    def alarm(self) -> bool:
        """Whether purchases differ from the forecasts by more than chance."""
        return self.path is not None and self.path.alarm


def weekly_forecasts(
    store: EventStore,
    model: CustomerModel,
    as_of: AsOf,
    budget: float = 0.05,
    *,
    seed: int = 0,
) -> WeeklyForecasts:
    """Compare the model's 7-day forecasts with outcomes, for each week since its fit and for a year before.

    The reference of a week is how the model did in the same weeks of last year, else in all weeks before its fit. A
    level that the model misses all year round is no news, nor is a season that it misses every year. Nor is it an alarm
    that a model which has learnt a change does otherwise than in the weeks before it: the forecasts have to be wrong.

    Parameters
    ----------
    store : EventStore
    model : CustomerModel
    as_of : AsOf
        The moment of looking; the last week that is compared ends there.
    budget : float
        The chance of an alarm in two years of weekly looks where nothing changed.
    seed : int

    Returns
    -------
    WeeklyForecasts
    """
    fitted = AsOf.parse(model.card.as_of, store.timezone).day
    weeks = list(range(as_of.day - WEEK, fitted - 1, -WEEK))[:LOOKS][::-1]
    before = (weeks[0] if weeks else as_of.day) - WEEK
    earlier = list(range(before, (first_day(store) or 0) + 4 * WEEK, -WEEK))[:REFERENCE_WEEKS][::-1]
    customers = sample_customers(store, as_of, CUSTOMERS, seed)
    rows = [
        {"day": day, **_week(store, model, day, as_of, customers), "reference": day in earlier}
        for day in [*earlier, *weeks]
    ]
    table = pd.DataFrame(rows, columns=["day", "from", "forecast", "purchases", "reference"])
    table["ratio"] = table["purchases"] / table["forecast"].where(table["forecast"] > 0)
    return judged(table, budget, seed=seed)


def _week(
    store: EventStore, model: CustomerModel, day: int, as_of: AsOf, customers: NDArray[np.int64] | None
) -> dict[str, object]:
    start = AsOf.at_midnight(day, store.timezone)
    features = feature_table(store, start, customers)
    buyers = features[features["purchase_days"] > 0]
    expected = float(np.sum(model.purchases.expected_purchases(at_cutoff(buyers, day), WEEK))) if len(buyers) else 0.0
    happened = targets(store, start, [WEEK], as_of)[f"purchases_{WEEK}"].reindex(buyers.index)
    return {"from": str(start.date), "forecast": expected, "purchases": int(happened.sum())}


def judged(table: pd.DataFrame, budget: float = 0.05, *, seed: int = 0) -> WeeklyForecasts:
    """Return what the weeks say.

    Parameters
    ----------
    table : pandas.DataFrame
        `day, from, forecast, purchases, reference` and `ratio`, the earliest week first, those before the fit first.
    budget : float
    seed : int
    """
    usual, looks = table[table["reference"]], table[~table["reference"]]
    out = table.drop(columns="day").assign(deviation=np.nan, up=np.nan, down=np.nan)
    reason = ""
    if len(usual) < LEAST_REFERENCES:
        reason = f"{len(usual)} weeks before the fit can be compared, expected {LEAST_REFERENCES}"
    elif looks.empty:
        reason = "no week is over since the fit"
    elif usual["purchases"].median() < LEAST_PURCHASES:
        reason = f"{usual['purchases'].median():.0f} purchase days in a usual week, expected {LEAST_PURCHASES}"
    if reason:
        return WeeklyForecasts(out, None, TOLERANCE, False, reason=reason)
    logs = np.log((table["purchases"].to_numpy(float) + 0.5) / (table["forecast"].to_numpy(float) + 0.5))
    logs = np.clip(logs, -CLOSED, CLOSED)
    silent = (table["forecast"] == 0).to_numpy()  # a log of forecasts may have such weeks: they are as usual
    logs[silent] = np.median(logs[: len(usual)][~silent[: len(usual)]])
    averages, seasonal = reference_weights(len(usual), len(looks))
    tolerance = TOLERANCE if seasonal else TOLERANCE_WITHOUT_YEAR
    reference = logs[: len(usual)]
    own = logs[len(usual) :]
    deviation = own - averages @ reference
    spread = max(float(spread_of(reference)), 1e-3)
    threshold = spread * simulated_threshold(len(usual), averages, CAUTION * tolerance / spread, budget, seed=seed)
    # A champion that has learnt a change does otherwise than in the weeks before it, and yet as it forecasts.
    path = cusum(np.stack([deviation, own]), tolerance, threshold)
    out.loc[~out["reference"], "deviation"] = deviation
    out.loc[~out["reference"], "up"] = path.up
    out.loc[~out["reference"], "down"] = path.down
    if path.since is None:
        return WeeklyForecasts(out, path, tolerance, seasonal)
    change = float(np.exp(deviation[path.since :].mean()) - 1)
    return WeeklyForecasts(out, path, tolerance, seasonal, change, str(looks["from"].iloc[path.since]))


def reference_weights(references: int, looks: int) -> tuple[Floats, bool]:
    """Return with which weights the reference weeks stand for each look, and whether these are those of last year.

    Parameters
    ----------
    references : int
        Weeks before the fit, which the looks follow without a gap.
    looks : int

    Returns
    -------
    numpy.ndarray of float, shape (looks, references)
        Each row sums to 1. A look more than a year after the fit has the same week of the year before the fit.
    bool
    """
    if references < YEAR_OF_WEEKS:
        return np.full((looks, references), 1 / references), False
    weights = np.zeros((looks, references))
    for look in range(looks):
        same = references - YEAR_OF_WEEKS + look % YEAR_OF_WEEKS
        near = [same + step for step in NEIGHBOURS if 0 <= same + step < references]
        weights[look, near] = 1 / len(near)
    return weights, True
