"""What changed since an earlier date, split into causes that add up exactly.

The rule, in points: what customers did (by part of the rule), the rule itself (weights and maxima), and parts that had
data at one of the two dates only. The model, in expected purchase occasions: what customers did, the season, and the
model's version. Where the order of two causes matters, the mean over both orders is taken.

References
----------
Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games 2, 307-317.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import InvalidArgumentError
from features.loyalty.formula import Formula, Part
from features.loyalty.scoring import part_scores, score
from features.store.event_store import EventStore
from reporting.comparison import ComparedModel
from training.models.customer_model import CustomerModel

Floats = NDArray[np.float64]

MODEL_STEPS = ("behaviour", "season", "model_version")


@dataclass(frozen=True)
class Change:
    """The change between two dates, and the rule and model of the earlier one.

    Attributes
    ----------
    since : str
        The earlier date, in ISO format.
    formula : Formula
        The rule of the earlier date.
    compared_model : ComparedModel
        The model of the earlier date.
    rule, model : pandas.DataFrame
        What `rule_change` and `model_change` return, indexed by `customer_id`: customers with a number at both dates.
    unmatched : pandas.DataFrame
        Customers with a number at one date only, indexed by `customer_id`: `before`, `now`, `reason`, `side`.
    bridge : pandas.DataFrame
        How the mean over the base changed: `side` (rule or model), `step`, `value`, `customers`. The steps between
        `before` and `now` sum to the difference.
    """

    since: str
    formula: Formula
    compared_model: ComparedModel
    rule: pd.DataFrame
    model: pd.DataFrame
    unmatched: pd.DataFrame
    bridge: pd.DataFrame


def change_since(
    store: EventStore,
    cutoffs: tuple[AsOf, AsOf],
    horizon_days: int,
    formulas: tuple[Formula, Formula],
    models: tuple[ComparedModel, ComparedModel],
) -> Change:
    """Return what changed between two cutoffs.

    Parameters
    ----------
    store : EventStore
        The event log.
    cutoffs : tuple of AsOf
        The earlier and the later midnight.
    horizon_days : int
        Days that the models forecast.
    formulas, models : tuple
        The rule and the model of each cutoff.

    Returns
    -------
    Change

    Raises
    ------
    InvalidArgumentError
        Unless the first cutoff is before the second.
    """
    earlier, later = cutoffs
    if earlier.day >= later.day:
        raise InvalidArgumentError(f"the earlier date {earlier.date} is not before {later.date}: give an earlier one")
    features = (feature_table(store, earlier), feature_table(store, later))
    scores = [score(table, formula)["loyalty_score"] for table, formula in zip(features, formulas, strict=True)]
    forecasts = [
        compared.model.predict(table, cutoff.day, horizon_days)["expected_purchases"]
        for compared, table, cutoff in zip(models, features, cutoffs, strict=True)
    ]
    index = _in_both(*scores)
    rule = rule_change(features[0].loc[index], features[1].loc[index], formulas)
    index = _in_both(*forecasts)
    model = model_change(
        features[0].loc[index],
        features[1].loc[index],
        (earlier.day, later.day),
        horizon_days,
        (models[0].model, models[1].model),
    )
    sides = {"rule": (rule, scores, rule_steps(rule)), "model": (model, forecasts, list(MODEL_STEPS))}
    bridge = pd.concat(
        [
            _bridge(change, values[0], values[1], steps).assign(side=side)
            for side, (change, values, steps) in sides.items()
        ],
        ignore_index=True,
    )[["side", "step", "value", "customers"]]
    unmatched = pd.concat(
        [_unmatched(values[0], values[1]).assign(side=side) for side, (_, values, _) in sides.items()]
    )
    return Change(str(earlier.date), formulas[0], models[0], rule, model, unmatched.rename_axis("customer_id"), bridge)


def rule_change(then: pd.DataFrame, now: pd.DataFrame, formulas: tuple[Formula, Formula]) -> pd.DataFrame:
    """Return the change of the loyalty score of customers with a score at both dates.

    Behaviour and weights are compared over the parts that have data at both dates; the effect of the other parts is
    `missing_parts`. A part that one of the rules lacks has the weight 0 there.

    Parameters
    ----------
    then, now : pandas.DataFrame
        The feature tables of the same customers, in the same order, at the earlier and the later date.
    formulas : tuple of Formula
        The rule of each date.

    Returns
    -------
    pandas.DataFrame
        Indexed as `now`, in points: `before`, `now`, `change`; `behaviour`, `weights`, `missing_parts`, which sum to
        the change; and `behaviour_<part>`, which sum to behaviour.
    """
    before, after = (score(x, f)["loyalty_score"].to_numpy() for x, f in zip((then, now), formulas, strict=True))
    rules = _same_parts(*formulas)
    P = [[part_scores(table, rule) for table in (then, now)] for rule in rules]  # by rule, by date, by part
    names = [part.name for part in rules[0].parts]
    shared = {name: ~np.isnan([P[f][t][name] for f in (0, 1) for t in (0, 1)]).any(axis=0) for name in names}
    weights = [{name: rule.part(name).weight * shared[name] for name in names} for rule in rules]
    total = [sum(by_part.values(), np.zeros(len(then))) for by_part in weights]
    comparable = (total[0] > 0) & (total[1] > 0)

    def points(f: int, t: int, name: str) -> Floats:
        """Return the points of a part by the rule `f` for the behaviour at the date `t`."""
        value = 100 * weights[f][name] * np.where(shared[name], P[f][t][name], 0.0)
        return np.divide(value, total[f], out=np.zeros(len(then)), where=comparable)

    at = [[sum((points(f, t, name) for name in names), np.zeros(len(then))) for t in (0, 1)] for f in (0, 1)]
    by_part = {name: sum((points(f, 1, name) - points(f, 0, name)) / 2 for f in (0, 1)) for name in names}
    behaviour = ((at[0][1] - at[0][0]) + (at[1][1] - at[1][0])) / 2
    rule = ((at[1][0] - at[0][0]) + (at[1][1] - at[0][1])) / 2
    missing = np.where(comparable, (at[0][0] - before) + (after - at[1][1]), after - before)
    columns = {"before": before, "now": after, "change": after - before, "behaviour": behaviour, "weights": rule}
    columns |= {"missing_parts": missing, **{f"behaviour_{name}": part for name, part in by_part.items()}}
    return pd.DataFrame(columns, index=now.index)


def model_change(
    then: pd.DataFrame,
    now: pd.DataFrame,
    days: tuple[int, int],
    horizon_days: int,
    models: tuple[CustomerModel, CustomerModel],
) -> pd.DataFrame:
    """Return the change of the expected purchases of customers with a forecast at both dates.

    Parameters
    ----------
    then, now : pandas.DataFrame
        The feature tables of the same customers, in the same order, at the earlier and the later date.
    days : tuple of int
        The days of both dates, counted from 1970-01-01.
    horizon_days : int
        Days to forecast.
    models : tuple of CustomerModel
        The model of each date.

    Returns
    -------
    pandas.DataFrame
        Indexed as `now`, in occasions: `before`, `now`, `change`, and the steps that sum to it: `behaviour` (the
        earlier model and date with the later behaviour), `season` (then the later date), `model_version` (then the
        later model).
    """
    earlier, later = models

    def expected(model: CustomerModel, features: pd.DataFrame, day: int) -> Floats:
        return model.predict(features, day, horizon_days)["expected_purchases"].to_numpy()

    before, after = expected(earlier, then, days[0]), expected(later, now, days[1])
    with_behaviour, with_season = expected(earlier, now, days[0]), expected(earlier, now, days[1])
    steps = {
        "behaviour": with_behaviour - before,
        "season": with_season - with_behaviour,
        "model_version": after - with_season,
    }
    return pd.DataFrame({"before": before, "now": after, "change": after - before, **steps}, index=now.index)


def rule_steps(rule: pd.DataFrame) -> list[str]:
    """Return the columns of `rule_change` that sum to the change, with behaviour by part."""
    parts = [str(name) for name in rule if str(name).startswith("behaviour_")]
    return [*parts, "weights", "missing_parts"]


def _bridge(change: pd.DataFrame, then: pd.Series, now: pd.Series, steps: list[str]) -> pd.DataFrame:
    """Return how the mean of the base changed: before, the mean of each step, customers who joined or left, now."""
    then, now = then.dropna(), now.dropna()
    means = change[steps].mean().fillna(0.0)
    rows: dict[str, float] = {
        "before": then.mean(),
        **{str(step): float(value) for step, value in means.items()},
        "came_and_went": (now.mean() - then.mean()) - means.sum(),
        "now": now.mean(),
    }
    counts = {"before": len(then), "now": len(now)}
    return pd.DataFrame(
        [(step, value, counts.get(step, len(change))) for step, value in rows.items()],
        columns=["step", "value", "customers"],
    )


def _same_parts(then: Formula, now: Formula) -> tuple[Formula, Formula]:
    """Return both rules over the parts of either, in the same order; a part that one lacks has the weight 0 there."""
    names = list(dict.fromkeys(part.name for part in (*then.parts, *now.parts)))
    return _with_parts(then, now, names), _with_parts(now, then, names)


def _with_parts(rule: Formula, other: Formula, names: list[str]) -> Formula:
    own = {part.name: part for part in rule.parts}
    parts = [own.get(name) or _weightless(other.part(name)) for name in names]
    return Formula(rule.version, rule.reason, rule.date, tuple(parts), rule.bands, rule.maxima)


def _weightless(part: Part) -> Part:
    return Part(part.name, part.column, part.maximum, 0.0, part.data)


def _in_both(then: pd.Series, now: pd.Series) -> pd.Index:
    return then.dropna().index.intersection(now.dropna().index)


def _unmatched(then: pd.Series, now: pd.Series) -> pd.DataFrame:
    """Return customers with a number at one of the two dates only: `before`, `now` (one is NaN) and `reason`."""
    frame = pd.DataFrame({"before": then, "now": now})
    one_date = frame[frame["before"].isna() != frame["now"].isna()]
    return one_date.assign(reason=np.where(one_date["before"].isna(), "new_since", "gone_since"))
