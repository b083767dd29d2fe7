"""The comparison at further dates: the measures of every forecast, and whether the verdicts hold."""

from collections.abc import Callable, Sequence

import pandas as pd

from features.as_of import AsOf
from features.errors import HorizonNotOverError
from features.loyalty.formula import Formula
from features.store.event_store import EventStore
from features.store.log_dates import first_day
from reporting.comparison import Comparison, compare
from reporting.log_warnings import require_events
from reporting.tables import headline_table
from training.evaluation.evaluation import measures
from training.registry.mlflow_client import Tracking
from training.settings import BASELINES, FitSettings
from training.targets import horizon_is_over
from training.windows import midnight

VERDICT_COLUMNS = (
    *("date", "outcome", "list", "among", "by_model", "by_rule", "by_chance", "difference", "low", "high"),
)


def earlier_dates(store: EventStore, cutoff: AsOf, horizon_days: int, count: int, least_history_days: int) -> list[str]:
    """Return up to `count` dates before a cutoff, one horizon apart, so that no outcome counts twice; ascending.

    Parameters
    ----------
    store : EventStore
    cutoff : AsOf
    horizon_days : int
        Days between two dates.
    count : int
        How many dates at most; there are fewer where the log is short.
    least_history_days : int
        Days of the log before the first date.

    Returns
    -------
    list of str
        ISO dates.
    """
    begins = first_day(store)
    if begins is None:
        return []
    days = (cutoff.day - step * horizon_days for step in range(count, 0, -1))
    return [str(AsOf.at_midnight(day, store.timezone).date) for day in days if day - begins >= least_history_days]


def trial_comparisons(
    store: EventStore,
    dates: Sequence[str],
    horizon_days: int,
    formula: Formula,
    tracking: Tracking | None = None,
    *,
    baselines: Sequence[str] = BASELINES,
    quick: bool = False,
    settings: FitSettings = FitSettings(),
    progress: Callable[[str], None] = lambda step: None,
) -> list[Comparison]:
    """Return the comparison at each date, dates ascending; each trains a model, unless the champion is old enough.

    Parameters
    ----------
    store : EventStore
    dates : sequence of str
        ISO dates; a date given twice counts once.
    horizon_days : int
        Days from each date on.
    formula : Formula
        The rule.
    tracking : Tracking, optional
        Where the champion is registered; at a date by which it had learnt nothing later it is the model.
    baselines : sequence of str
        Names of models.
    quick, settings, progress
        As in `reporting.comparison.compare`.

    Returns
    -------
    list of Comparison

    Raises
    ------
    HorizonNotOverError
        When the log ends before a horizon does.
    TooLittleDataError
        When nobody had bought before a date.
    """
    comparisons = []
    cutoffs = {midnight(store, date).day: midnight(store, date) for date in dates}
    for _, cutoff in sorted(cutoffs.items()):
        require_events(store, cutoff)
        _require_outcome(store, cutoff, horizon_days)
        progress(f"trial at {cutoff.date}")
        comparisons.append(
            compare(store, cutoff, horizon_days, formula, tracking, quick, settings=settings, baselines=baselines)
        )
    return comparisons


def trial_table(comparisons: Sequence[Comparison], metrics: Sequence[str] = ()) -> pd.DataFrame:
    """Return the measures of every forecast at each date.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One a date.
    metrics : sequence of str
        Names of metrics; all without any.

    Returns
    -------
    pandas.DataFrame
        `date`, `customers`, `model_version` (null for a model trained for this table), `forecast`, and a column for
        each metric.
    """
    tables = []
    for each in comparisons:
        table = measures(each.purchases, each.forecasts, metrics).reset_index()
        table.insert(0, "date", each.as_of)
        table.insert(1, "customers", len(each.purchases))
        table.insert(2, "model_version", pd.Series([each.compared_model.version] * len(table), dtype="Int64"))
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["date", "forecast"])


def verdict_table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the headline at each date: `date`, then the columns of `reporting.tables.headline_table`."""
    dated = {each.as_of: each for each in comparisons}
    tables = [headline_table(dated[date]).assign(date=date) for date in sorted(dated)]
    return pd.concat(tables, ignore_index=True)[list(VERDICT_COLUMNS)]


def _require_outcome(store: EventStore, cutoff: AsOf, horizon_days: int) -> None:
    if not horizon_is_over(store, cutoff, horizon_days):
        raise HorizonNotOverError(
            f"the {horizon_days} days from the trial at {cutoff.date} on are not over in the log: give an earlier "
            "--trial or fewer --horizon-days"
        )
