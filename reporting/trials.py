"""The measures of the model, the rule and the baselines at further dates."""

from collections.abc import Callable, Sequence

import pandas as pd

from features.as_of import AsOf
from features.errors import HorizonNotOverError
from features.loyalty.formula import Formula
from features.store.event_store import EventStore
from reporting.comparison import model_as_of
from reporting.log_warnings import require_events
from training.baseline_forecasts import baseline_forecasts
from training.evaluation.evaluation import measures
from training.registry.mlflow_client import Tracking
from training.settings import BASELINES, FitSettings
from training.targets import horizon_is_over
from training.windows import midnight, window


def trial_table(
    store: EventStore,
    dates: Sequence[str],
    horizon_days: int,
    formula: Formula,
    tracking: Tracking | None = None,
    *,
    baselines: Sequence[str] = BASELINES,
    metrics: Sequence[str] = (),
    quick: bool = False,
    settings: FitSettings = FitSettings(),
    progress: Callable[[str], None] = lambda step: None,
) -> pd.DataFrame:
    """Return the measures of every forecast at each date, dates ascending.

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
    baselines, metrics : sequence of str
        Names of models and of metrics.
    quick, settings, progress
        As in `reporting.comparison.compare`.

    Returns
    -------
    pandas.DataFrame
        `date`, `customers`, `model_version` (null for a model trained for this table), `forecast`, and a column for
        each metric.

    Raises
    ------
    HorizonNotOverError
        When the log ends before a horizon does.
    TooLittleDataError
        When nobody had bought before a date.
    """
    tables = []
    cutoffs = {midnight(store, date).day: midnight(store, date) for date in dates}
    for day, cutoff in sorted(cutoffs.items()):
        require_events(store, cutoff)
        _require_outcome(store, cutoff, horizon_days)
        progress(f"trial at {cutoff.date}")
        compared = model_as_of(store, cutoff, formula, tracking, quick, settings=settings)
        observed = window(store, cutoff, [horizon_days])
        forecasts = {"model": compared.model.predict(observed.features, day, horizon_days)}
        forecasts |= baseline_forecasts(store, observed, horizon_days, formula, baselines)
        purchases = pd.Series(observed.purchases[horizon_days], observed.features.index, name="purchases")
        table = measures(purchases, forecasts, metrics).reset_index()
        table.insert(0, "date", str(cutoff.date))
        table.insert(1, "customers", len(purchases))
        table.insert(2, "model_version", pd.Series([compared.version] * len(table), dtype="Int64"))
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["date", "forecast"])


def _require_outcome(store: EventStore, cutoff: AsOf, horizon_days: int) -> None:
    if not horizon_is_over(store, cutoff, horizon_days):
        raise HorizonNotOverError(
            f"the {horizon_days} days from the trial at {cutoff.date} on are not over in the log: give an earlier "
            "--trial or fewer --horizon-days"
        )
