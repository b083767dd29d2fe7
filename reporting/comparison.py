"""What the report rests on: rule, model and naive rules on the same customers at one date, and what came after it."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from features.as_of import AsOf, AsOfLike, day_date
from features.engines.feature_table import feature_table
from features.errors import HorizonNotOverError, TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import score
from features.store.event_store import EventStore
from training.backtest import baseline_forecasts
from training.evaluation.evaluation import segment
from training.fit import fit_customer_model
from training.models.bundle import CHAMPION
from training.models.customer_model import CustomerModel
from training.registry.mlflow_client import Tracking
from training.registry.versions import load, version
from training.targets import log_end, mature
from training.windows import window

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Chosen:
    """A model that learnt from nothing later than a date, and its version (None: learnt for this report)."""

    model: CustomerModel
    version: int | None


@dataclass(frozen=True)
class Comparison:
    """Rule and model at a date, on the same customers, and what the days after it brought.

    `features`, `rule` (as `features.loyalty.scoring.score` gives it), `segment`, each of `forecasts` (`model`, then the
    baselines: `expected_purchases`, `churn_probability`), `purchases` (occasions that came) and `spend` (currency that
    came, before returns) are indexed by `customer_id`, in one order. `absent`: customers known at the date who are on
    one side alone or on neither, with the `reason`. `came_later`: customers first seen in the log at or after it.
    """

    as_of: str
    horizon: int
    timezone: str
    formula: Formula
    chosen: Chosen
    features: pd.DataFrame
    rule: pd.DataFrame
    segment: pd.Series
    forecasts: dict[str, pd.DataFrame]
    purchases: pd.Series
    spend: pd.Series
    absent: pd.DataFrame
    came_later: int
    data_digest: str

    @property
    def stayed_away(self) -> pd.Series:
        """Whether no purchase came."""
        return (self.purchases == 0).rename("stayed_away")

    @property
    def priced(self) -> bool:
        """Whether any amount was spent in the horizon: without one nothing is said of money."""
        return bool(self.spend.sum() > 0)


def compare(
    store: EventStore,
    as_of: AsOfLike | None,
    horizon: int,
    formula: Formula,
    tracking: Tracking | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Return rule and model at the midnight of `as_of` (None: the latest whose horizon the log reaches), and what came.

    The model is the champion of `tracking` where it learnt from nothing later than the date, else one learnt as of the
    date. Raises HorizonNotOverError when the log ends before the horizon does, TooLittleDataError when nobody had
    bought.
    """
    say = progress or (lambda step: None)
    last = AsOf.at_time(log_end(store), store.timezone).day
    day = last - horizon if as_of is None else AsOf.parse(as_of, store.timezone).day
    date = str(day_date(day))
    if not mature(store, date, horizon):
        found = f"the log ends on {day_date(last - 1)}, the {horizon} days from {date} on {day_date(day + horizon - 1)}"
        raise HorizonNotOverError(f"{found}: give an earlier --as-of or fewer --horizon-days")
    chosen = model_as_of(store, date, formula, tracking, quick, progress)
    say("what came after")
    now = window(store, day, [horizon])
    if now.features.empty:
        raise TooLittleDataError(f"nobody in the log has bought before {date}: give a later --as-of")
    rule = score(now.features, formula)
    forecasts = {"model": chosen.model.predict(now.features, day, horizon)}
    say("the naive rules")
    forecasts |= baseline_forecasts(store, now, horizon, formula)
    known = feature_table(store, date)
    both = rule["loyalty_score"].notna()
    if not both.any():
        raise TooLittleDataError(f"the rule scores nobody who had bought before {date}: give parts with data")
    index = now.features.index[both]
    return Comparison(
        as_of=date,
        horizon=horizon,
        timezone=store.timezone,
        formula=formula,
        chosen=chosen,
        features=now.features[both],
        rule=rule[both],
        segment=segment(now.features[both]),
        forecasts={name: forecast[both] for name, forecast in forecasts.items()},
        purchases=pd.Series(now.purchases[horizon][both], index, name="purchases"),
        spend=pd.Series(now.spend[horizon][both], index, name="spend"),
        absent=_absent(known, formula, forecasts["model"][~both]),
        came_later=store.n_customers - len(known),
        data_digest=str(store.manifest["digest"]),
    )


def model_as_of(
    store: EventStore,
    date: str,
    formula: Formula,
    tracking: Tracking | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Chosen:
    """Return the champion where it learnt from nothing later than the date, else a model learnt from before it."""
    champion = version(tracking, CHAMPION) if tracking else None
    if tracking and champion:
        model = load(tracking, champion)
        if model.card.as_of <= date and model.card.timezone == store.timezone:
            return Chosen(model, champion.number)
    return Chosen(fit_customer_model(store, date, formula, quick=quick, progress=progress), None)


def _absent(known: pd.DataFrame, formula: Formula, unscored: pd.DataFrame) -> pd.DataFrame:
    """Return the customers known at the date who have no score or no forecast, with what the other side says."""
    strangers = known[known["purchase_days"] == 0]
    rule = score(strangers, formula)["loyalty_score"] if len(strangers) else pd.Series(dtype=float)
    rows = pd.DataFrame({"loyalty_score": rule, "expected_purchases": float("nan"), "reason": "never_bought"})
    without = pd.DataFrame(
        {"loyalty_score": float("nan"), "expected_purchases": unscored["expected_purchases"], "reason": "no_score"}
    )
    both = [part for part in (rows, without) if len(part)]
    table = pd.concat(both) if both else rows
    return table.astype({"loyalty_score": float, "reason": "str"}).rename_axis("customer_id")
