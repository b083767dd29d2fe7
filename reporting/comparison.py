"""The rule, the model and the baselines on the same customers at one cutoff, and the outcome of its horizon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from features.as_of import AsOf, AsOfLike
from features.engines.feature_table import feature_table
from features.errors import HorizonNotOverError, ModelError, TooLittleDataError, TrackingError
from features.loyalty.formula import Formula
from features.loyalty.scoring import score
from features.store.event_store import EventStore
from features.store.log_dates import first_day
from reporting.log_warnings import require_events
from training.baseline_forecasts import baseline_forecasts
from training.evaluation.evaluation import segment
from training.fit import fit_customer_model
from training.models.bundle import CHAMPION
from training.models.catalog import MODELS
from training.models.customer_model import CustomerModel
from training.registry.mlflow_client import Tracking
from training.registry.versions import load, version
from training.settings import BASELINES, FitSettings
from training.targets import horizon_is_over, log_end, targets
from training.windows import window

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ComparedModel:
    """A model trained only on events before the cutoff.

    Attributes
    ----------
    model : CustomerModel
        The model.
    version : int or None
        Its registered version; None for a model trained for the report.
    unusable : tuple of (int, str), optional
        The champion's version and why it could not be used, where that is why a model was trained.
    """

    model: CustomerModel
    version: int | None
    unusable: tuple[int, str] | None = None


@dataclass(frozen=True)
class Comparison:
    """The rule and the forecasts at a cutoff, on the same customers, and what these customers did in the horizon.

    All frames and series with one row per customer have the same index, `customer_id`, in the same order.

    Attributes
    ----------
    cutoff : AsOf
        The midnight of the date compared at.
    horizon_days : int
        Days from the cutoff on.
    timezone : str
        The business time zone of the store.
    formula : Formula
        The rule.
    compared_model : ComparedModel
        The model.
    features : pandas.DataFrame
        The feature table at the cutoff.
    rule : pandas.DataFrame
        What `features.loyalty.scoring.score` returns.
    segment : pandas.Series
        `new`, `one-time`, `repeat` or `lapsed`.
    forecasts : dict of str to pandas.DataFrame
        `model`, then the baselines, each with `expected_purchases` (occasions) and `churn_probability`.
    purchases : pandas.Series
        Purchase occasions in the horizon.
    spend : pandas.Series
        Spend in the horizon net of returns, in the currency of the log.
    returned : pandas.Series
        What was returned, by the end of the horizon, of the purchases in it.
    unmatched : pandas.DataFrame
        Customers known at the cutoff with a score or a forecast only, indexed by `customer_id`: `loyalty_score`,
        `expected_purchases` (NaN where missing) and the `reason`.
    later_customers : int
        Customers whose first event is at or after the cutoff.
    data_digest : str
        The digest of the store.
    """

    cutoff: AsOf
    horizon_days: int
    timezone: str
    formula: Formula
    compared_model: ComparedModel
    features: pd.DataFrame
    rule: pd.DataFrame
    segment: pd.Series
    forecasts: dict[str, pd.DataFrame]
    purchases: pd.Series
    spend: pd.Series
    returned: pd.Series
    unmatched: pd.DataFrame
    later_customers: int
    data_digest: str

    @property
    def as_of(self) -> str:
        """The date of the cutoff, in ISO format."""
        return str(self.cutoff.date)

    @property
    def churned(self) -> pd.Series:
        """Whether a customer made no purchase in the horizon, a boolean per customer named `stayed_away`."""
        return (self.purchases == 0).rename("stayed_away")

    @property
    def has_spend(self) -> bool:
        """Whether any money was kept in the horizon; without any the report has no spend outcome."""
        return bool(self.spend.sum() > 0)


def compare(
    store: EventStore,
    as_of: AsOfLike | None,
    horizon_days: int,
    formula: Formula,
    tracking: Tracking | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    settings: FitSettings = FitSettings(),
    baselines: Sequence[str] = BASELINES,
) -> Comparison:
    """Return the rule, the model and the baselines at a past date with the outcome of the horizon after it.

    Parameters
    ----------
    store : EventStore
        The event log.
    as_of : AsOf, str, datetime.date, datetime.datetime or None
        The date to compare at, from its midnight on; None is the latest date whose horizon the log covers.
    horizon_days : int
        Days from the date on.
    formula : Formula
        The rule.
    tracking : Tracking, optional
        Where the champion is registered. It is compared if it was trained only on events before the date; otherwise,
        and without `tracking`, a model is trained.
    quick : bool
        Train on fewer customers.
    progress : callable, optional
        Called with the name of each step.
    settings : FitSettings
        What a model trained here learns from.
    baselines : sequence of str
        Names of the models to compare with.

    Returns
    -------
    Comparison

    Raises
    ------
    HorizonNotOverError
        When the log ends before the horizon does.
    TooLittleDataError
        When the log is empty, no customer had bought before the date, or the rule has a score for none of them.
    """
    report_step = progress or (lambda step: None)
    require_events(store, None)
    last_day = log_end(store).day
    day = last_day - horizon_days if as_of is None else AsOf.parse(as_of, store.timezone).day
    cutoff = AsOf.at_midnight(day, store.timezone)
    if as_of is None and day <= (begins := first_day(store) or 0):
        raise TooLittleDataError(
            f"the log is {last_day - begins} days long, too short for {horizon_days} days of outcome: "
            "give fewer --horizon-days"
        )
    require_events(store, cutoff)
    if not horizon_is_over(store, cutoff, horizon_days):
        log_ends = AsOf.at_midnight(last_day - 1, store.timezone).date
        horizon_ends = AsOf.at_midnight(day + horizon_days - 1, store.timezone).date
        stale = f", {day - last_day + 1:,} days before {cutoff.date}" if day >= last_day else ""
        raise HorizonNotOverError(
            f"the log ends on {log_ends}{stale}, the {horizon_days} days from {cutoff.date} end on {horizon_ends}: "
            "give an earlier --as-of or fewer --horizon-days"
        )
    compared_model = model_as_of(store, cutoff, formula, tracking, quick, progress, settings)
    report_step("outcomes")
    observed = window(store, cutoff, [horizon_days])
    if observed.features.empty:
        raise TooLittleDataError(f"no customer had bought before {cutoff.date}: give a later --as-of")
    rule = score(observed.features, formula)
    forecasts = {"model": compared_model.model.predict(observed.features, day, horizon_days)}
    report_step("baselines")
    forecasts |= baseline_forecasts(store, observed, horizon_days, formula, baselines)
    known = feature_table(store, cutoff)
    scored = rule["loyalty_score"].notna()
    if not scored.any():
        raise TooLittleDataError(
            f"the rule has no score for any customer who had bought before {cutoff.date}: use parts that have data"
        )
    index = observed.features.index[scored]
    return Comparison(
        cutoff=cutoff,
        horizon_days=horizon_days,
        timezone=store.timezone,
        formula=formula,
        compared_model=compared_model,
        features=observed.features[scored],
        rule=rule[scored],
        segment=segment(observed.features[scored]),
        forecasts={name: forecast[scored] for name, forecast in forecasts.items()},
        purchases=pd.Series(observed.purchases[horizon_days][scored], index, name="purchases"),
        spend=pd.Series(observed.spend[horizon_days][scored], index, name="spend"),
        returned=targets(store, cutoff, [horizon_days])[f"returned_{horizon_days}"].reindex(index).rename("returned"),
        unmatched=_unmatched(known, formula, forecasts["model"][~scored]),
        later_customers=store.n_customers - len(known),
        data_digest=str(store.manifest["digest"]),
    )


def model_as_of(
    store: EventStore,
    cutoff: AsOf,
    formula: Formula,
    tracking: Tracking | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    settings: FitSettings = FitSettings(),
) -> ComparedModel:
    """Return the champion if it was trained only on events before the cutoff, else a model trained on these.

    The latter is of the champion's kind where that is known here. A champion that cannot be loaded, or not be used on
    this log, does not end the comparison: the returned model says why it was not used.
    """
    date, kind, unusable = str(cutoff.date), "standard", None
    champion = version(tracking, CHAMPION) if tracking else None
    if tracking and champion:
        kind = champion.candidate if champion.candidate in MODELS else kind
        try:
            model = load(tracking, champion)
            model.card.require_rating_scale(store.rating_maximum)
            if model.card.as_of <= date and model.card.timezone == store.timezone:
                return ComparedModel(model, champion.number)
        except (ModelError, TrackingError) as error:
            unusable = (champion.number, str(error))
    fitted = fit_customer_model(store, date, formula, model=kind, settings=settings, quick=quick, progress=progress)
    return ComparedModel(fitted, None, unusable)


def _unmatched(known: pd.DataFrame, formula: Formula, unscored: pd.DataFrame) -> pd.DataFrame:
    """Return the customers who never bought, with their score, and those without a score, with their forecast."""
    never_bought = known[known["purchase_days"] == 0]
    rule = score(never_bought, formula)["loyalty_score"] if len(never_bought) else pd.Series(dtype=float)
    scores = pd.DataFrame({"loyalty_score": rule, "expected_purchases": float("nan"), "reason": "never_bought"})
    forecasts = pd.DataFrame(
        {"loyalty_score": float("nan"), "expected_purchases": unscored["expected_purchases"], "reason": "no_score"}
    )
    filled = [frame for frame in (scores, forecasts) if len(frame)]
    table = pd.concat(filled) if filled else scores
    return table.astype({"loyalty_score": float, "reason": "str"}).rename_axis("customer_id")
