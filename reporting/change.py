"""What changed since an earlier date, split into parts that add up exactly.

The rule (points): what customers did (a part of the rule each), the rule itself (weights and maxima), and parts that
had data on one of the two dates alone. The model (occasions in the horizon): what customers did, the season, and the
model's version. Where the order of two causes matters, the mean over both orders is taken (Shapley 1953).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike, day_date
from features.engines.feature_table import feature_table
from features.errors import InvalidArgumentError
from features.loyalty.formula import Formula, Part
from features.loyalty.scoring import part_scores, score
from features.store.event_store import EventStore
from reporting.comparison import Chosen
from training.models.customer_model import CustomerModel

Floats = NDArray[np.float64]

MODEL_PARTS = ("behaviour", "season", "model_version")


@dataclass(frozen=True)
class Change:
    """The change from `since` to `as_of`, and the rule and model of the earlier date.

    `rule` and `model`, indexed by `customer_id`: see `rule_change` and `model_change`; customers with a number at both
    dates alone. `absent`: the others, with `before`, `now`, the `reason` and the `side`. `bridge`: how the mean of the
    base went from `before` to `now`, a row a `step`.
    """

    since: str
    as_of: str
    formula: Formula
    chosen: Chosen
    rule: pd.DataFrame
    model: pd.DataFrame
    absent: pd.DataFrame
    bridge: pd.DataFrame


def change_since(
    store: EventStore,
    since: AsOfLike,
    as_of: AsOfLike,
    horizon: int,
    formulas: tuple[Formula, Formula],
    models: tuple[Chosen, Chosen],
) -> Change:
    """Return what changed between the midnights of two dates, with the formula and the model of each.

    Raises ValueError unless `since` is before `as_of`.
    """
    day_then, day_now = (AsOf.parse(each, store.timezone).day for each in (since, as_of))
    if day_then >= day_now:
        raise InvalidArgumentError(
            f"the earlier date {day_date(day_then)} is not before {day_date(day_now)}: give an earlier one"
        )
    then, now = feature_table(store, day_date(day_then)), feature_table(store, day_date(day_now))
    scores = [score(each, formula)["loyalty_score"] for each, formula in zip((then, now), formulas, strict=True)]
    forecasts = [
        chosen.model.predict(each, day, horizon)["expected_purchases"]
        for chosen, each, day in zip(models, (then, now), (day_then, day_now), strict=True)
    ]
    same = _in_both(*scores)
    rule = rule_change(then.loc[same], now.loc[same], formulas)
    same = _in_both(*forecasts)
    model = model_change(
        then.loc[same], now.loc[same], (day_then, day_now), horizon, (models[0].model, models[1].model)
    )
    bridge = pd.concat(
        [
            _bridge(rule, scores[0], scores[1], rule_steps(rule)).assign(side="rule"),
            _bridge(model, forecasts[0], forecasts[1], list(MODEL_PARTS)).assign(side="model"),
        ],
        ignore_index=True,
    )
    one_date = [_absent(*scores).assign(side="rule"), _absent(*forecasts).assign(side="model")]
    absent = pd.concat(one_date).rename_axis("customer_id")
    return Change(
        str(day_date(day_then)),
        str(day_date(day_now)),
        formulas[0],
        models[0],
        rule,
        model,
        absent,
        bridge[["side", "step", "value", "customers"]],
    )


def rule_change(then: pd.DataFrame, now: pd.DataFrame, formulas: tuple[Formula, Formula]) -> pd.DataFrame:
    """Return the change of the loyalty score of customers with one at both dates, in points.

    `then` and `now`: their feature tables, in one order; `formulas`: the rule at each date. Columns `before`, `now`,
    `change`, `behaviour`, `weights`, `missing_parts`, which sum to the change, and `behaviour_<part>`, which sum to
    behaviour. Behaviour and weights are compared over the parts that have data at both dates; what a part does by
    having data on one date alone is `missing_parts`. A part that one rule lacks weighs 0 there.
    """
    before, after = (score(x, f)["loyalty_score"].to_numpy() for x, f in zip((then, now), formulas, strict=True))
    rules = _same_parts(*formulas)
    P = [[part_scores(x, rule) for x in (then, now)] for rule in rules]
    names = [part.name for part in rules[0].parts]
    shared = {name: ~np.isnan([P[f][t][name] for f in (0, 1) for t in (0, 1)]).any(axis=0) for name in names}
    weights = [{name: rule.part(name).weight * shared[name] for name in names} for rule in rules]
    total = [sum(each.values(), np.zeros(len(then))) for each in weights]
    told = (total[0] > 0) & (total[1] > 0)

    def points(f: int, t: int, name: str) -> Floats:
        out = np.zeros(len(then))
        value = 100 * weights[f][name] * np.where(shared[name], P[f][t][name], 0.0)
        return np.divide(value, total[f], out=out, where=told)

    at = [[sum((points(f, t, name) for name in names), np.zeros(len(then))) for t in (0, 1)] for f in (0, 1)]
    by_part = {name: sum((points(f, 1, name) - points(f, 0, name)) / 2 for f in (0, 1)) for name in names}
    behaviour = ((at[0][1] - at[0][0]) + (at[1][1] - at[1][0])) / 2
    rule = ((at[1][0] - at[0][0]) + (at[1][1] - at[0][1])) / 2
    missing = np.where(told, (at[0][0] - before) + (after - at[1][1]), after - before)
    columns = {"before": before, "now": after, "change": after - before, "behaviour": behaviour, "weights": rule}
    columns |= {"missing_parts": missing, **{f"behaviour_{name}": part for name, part in by_part.items()}}
    return pd.DataFrame(columns, index=now.index)


def model_change(
    then: pd.DataFrame,
    now: pd.DataFrame,
    days: tuple[int, int],
    horizon: int,
    models: tuple[CustomerModel, CustomerModel],
) -> pd.DataFrame:
    """Return the change of the expected purchases of customers with a forecast at both dates, in occasions.

    `before`, `now`, `change`, and `behaviour`, `season`, `model_version`, which sum to the change: the earlier model
    asked with today's behaviour as if it were still the earlier date, then at today's date, then today's model.
    """
    earlier, later = models

    def expected(model: CustomerModel, features: pd.DataFrame, day: int) -> Floats:
        return model.predict(features, day, horizon)["expected_purchases"].to_numpy()

    before = expected(earlier, then, days[0])
    behaved, dated = expected(earlier, now, days[0]), expected(earlier, now, days[1])
    after = expected(later, now, days[1])
    columns = {"before": before, "now": after, "change": after - before, "behaviour": behaved - before}
    return pd.DataFrame({**columns, "season": dated - behaved, "model_version": after - dated}, index=now.index)


def rule_steps(rule: pd.DataFrame) -> list[str]:
    """Return the columns of `rule_change` that sum to the change, behaviour by part."""
    parts = [str(name) for name in rule if str(name).startswith("behaviour_")]
    return [*parts, "weights", "missing_parts"]


def _bridge(change: pd.DataFrame, then: pd.Series, now: pd.Series, steps: list[str]) -> pd.DataFrame:
    """Return how the mean of the base went: before, the mean of each part, who came and went, now."""
    then, now = then.dropna(), now.dropna()
    parts = change[steps].mean().fillna(0.0)
    rows: dict[str, float] = {
        "before": then.mean(),
        **{str(step): float(value) for step, value in parts.items()},
        "came_and_went": (now.mean() - then.mean()) - parts.sum(),
        "now": now.mean(),
    }
    counts = {"before": len(then), "now": len(now)}
    return pd.DataFrame(
        [(step, value, counts.get(step, len(change))) for step, value in rows.items()],
        columns=["step", "value", "customers"],
    )


def _same_parts(then: Formula, now: Formula) -> tuple[Formula, Formula]:
    """Return both rules over the parts of either, in one order; a part that one lacks weighs 0 there."""
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


def _absent(then: pd.Series, now: pd.Series) -> pd.DataFrame:
    """Return who has a number at one of the two dates alone: `before`, `now` (one is NaN), `reason`."""
    frame = pd.DataFrame({"before": then, "now": now})
    one = frame[frame["before"].isna() != frame["now"].isna()]
    return one.assign(reason=np.where(one["before"].isna(), "new_since", "gone_since"))
