"""The tables of the report: who found whom, were the chances right, and where the two disagree."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reporting.comparison import Comparison
from reporting.customers import QUADRANTS
from training.evaluation.evaluation import customer_losses, measures
from training.evaluation.intervals import bootstrap, bootstrap_draws, wilson_interval
from training.evaluation.metrics import churn_measures, gain_curve, list_membership, reliability

Floats = NDArray[np.float64]

LIST_SHARE, LONGEST_LIST = 0.1, 500
"""A list that people can work through: a tenth of the customers, at most so many."""
GROUPS = 10
SEGMENTS = ("new", "one-time", "repeat", "lapsed")
LOSSES = ("deviance", "mae", "log_loss", "brier")
Z = 1.96


def orders(comparison: Comparison, outcome: str) -> dict[str, Floats]:
    """Return by what each side puts customers in order for an outcome: `purchases`, `spend` or `stayed_away`.

    The highest come first. `rule` is the loyalty score (for staying away, the lowest first).
    """
    rule = comparison.rule["loyalty_score"].to_numpy(float)
    model, own = comparison.forecasts["model"], comparison.forecasts.get("own_rate")
    silence = comparison.features["days_since_last_purchase"].to_numpy(float)
    if outcome == "stayed_away":
        found = {"model": model["churn_probability"], "rule": -rule, "days_since_last_purchase": silence}
        return {name: np.asarray(score, float) for name, score in found.items()}
    if outcome == "spend":
        last_year = comparison.features["spend_365"]
        found = {"model": model["expected_spend"], "rule": rule, "spend_last_year": last_year}
    else:
        found = {"model": model["expected_purchases"], "rule": rule, "days_since_last_purchase": -silence}
        found |= {"own_rate": own["expected_purchases"]} if own is not None else {}
    return {name: np.asarray(score, float) for name, score in found.items()}


def outcomes(comparison: Comparison) -> dict[str, Floats]:
    """Return what came, by name, shape (n,); money only where there was any."""
    came = {"purchases": comparison.purchases, "stayed_away": comparison.stayed_away}
    came |= {"spend": comparison.spend} if comparison.priced else {}
    return {name: values.to_numpy(float) for name, values in came.items()}


def headline(comparison: Comparison) -> pd.DataFrame:
    """Return, a row an outcome, what a list of the same length found by the model and by the rule.

    `list`, `among` (customers), `by_model`, `by_rule`, `by_chance`, `difference` with its 95 % interval `low`, `high`.
    For staying away the list is drawn from those who bought within the last year: nobody keeps an eye on who is long
    gone. Equal scores at the edge of the list share its places, so figures may be fractions.
    """
    rows = {}
    for outcome, y in outcomes(comparison).items():
        within = np.ones(len(y), bool)
        if outcome == "stayed_away":
            within = (comparison.features["purchase_days_365"] > 0).to_numpy()
            if not within.any():
                continue
        sides = {name: order[within] for name, order in orders(comparison, outcome).items()}
        came = y[within]
        size = max(1, min(LONGEST_LIST, round(LIST_SHARE * len(came))))

        def found(
            rows: NDArray[np.int64], came: Floats = came, sides: dict[str, Floats] = sides, size: int = size
        ) -> dict[str, float]:
            by = {name: float(list_membership(sides[name][rows], size) @ came[rows]) for name in ("model", "rule")}
            return {"difference": by["model"] - by["rule"], **by}

        now = found(np.arange(len(came)))
        interval = bootstrap(found, len(came), bootstrap_draws(len(came))).loc["difference"]
        rows[outcome] = {
            "list": size,
            "among": len(came),
            "by_model": now["model"],
            "by_rule": now["rule"],
            "by_chance": size * came.mean(),
            "difference": now["difference"],
            "low": interval["low"],
            "high": interval["high"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("outcome").reset_index()


def gain(comparison: Comparison) -> pd.DataFrame:
    """Return the gain curves: `outcome`, `forecast`, `customers` and `share`, both 0 to 1."""
    curves = []
    for outcome, y in outcomes(comparison).items():
        for name, score in {**orders(comparison, outcome), "perfect": y}.items():
            if y.sum() > 0:
                curves.append(gain_curve(y, score).assign(outcome=outcome, forecast=name))
    columns = ["outcome", "forecast", "customers", "share"]
    return pd.concat(curves, ignore_index=True)[columns] if curves else pd.DataFrame(columns=columns)


def reliability_table(comparison: Comparison) -> pd.DataFrame:
    """Return what was said of staying away against what came true, of model and rule: levels of the CORP curve.

    `forecast`, `said`, `came_true`, `customers`, and the 95 % interval `low`, `high` of the share that came true.
    """
    y = comparison.stayed_away.to_numpy()
    curves = []
    for name in both(comparison.forecasts):
        curve = reliability(y, comparison.forecasts[name]["churn_probability"])
        low, high = wilson_interval(curve["came_true"] * curve["customers"], curve["customers"])
        curves.append(curve.assign(low=low, high=high, forecast=name))
    return pd.concat(curves, ignore_index=True)[["forecast", "said", "came_true", "customers", "low", "high"]]


def decile_table(comparison: Comparison) -> pd.DataFrame:
    """Return ten groups of equal size by model and by rule, the best first: mean `expected` and mean `came`.

    `low` and `high`: 95 % interval of the mean that came. Equal scores share their mean, so their order does not show.
    """
    y = comparison.purchases.to_numpy(float)
    order = orders(comparison, "purchases")
    tables = []
    for name in ("model", "rule"):
        said = comparison.forecasts.get(name)
        expected = np.full(len(y), np.nan) if said is None else said["expected_purchases"].to_numpy(float)
        _, tie = np.unique(-order[name], return_inverse=True)
        size = np.bincount(tie)
        first = np.argsort(tie, kind="stable")
        mean, square, told = (np.bincount(tie, v)[tie[first]] / size[tie[first]] for v in (y, y**2, expected))
        rows = []
        for number, part in enumerate(np.array_split(np.arange(len(y)), min(GROUPS, len(y))), 1):
            came = mean[part].mean()
            doubt = Z * np.sqrt(max(0.0, square[part].mean() - came**2) / len(part))
            rows.append((name, number, len(part), told[part].mean(), came, max(0.0, came - doubt), came + doubt))
        columns = ["forecast", "decile", "customers", "expected", "came", "low", "high"]
        tables.append(pd.DataFrame(rows, columns=columns))
    return pd.concat(tables, ignore_index=True)


def quadrant_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return a row a quadrant of the customer table: how many, what was said of them, and what came.

    Means a customer; `low` and `high`: 95 % interval of the share that stayed away.
    """
    grouped = customers.groupby("quadrant").agg(
        customers=("purchases", "size"),
        loyalty_score=("loyalty_score", "mean"),
        expected_purchases=("expected_purchases", "mean"),
        purchases=("purchases", "mean"),
        spend=("spend", "mean"),
        churn_probability=("churn_probability", "mean"),
        stayed_away=("stayed_away", "mean"),
    )
    grouped = grouped.reindex(list(QUADRANTS)).rename_axis("quadrant")
    grouped["customers"] = grouped["customers"].fillna(0).astype(int)
    grouped["low"], grouped["high"] = wilson_interval(
        grouped["stayed_away"] * grouped["customers"], grouped["customers"]
    )
    return grouped.reset_index()


def agreement(customers: pd.DataFrame) -> pd.DataFrame:
    """Return how far two orders of the customers agree: the rank correlation, -1 to 1, with a 95 % interval.

    `pair`: rule with model, and each with the purchases that came; NaN where one side is the same for all.
    """
    columns = {"rule": "loyalty_score", "model": "expected_purchases", "purchases": "purchases"}
    pairs = [("rule", "model"), ("rule", "purchases"), ("model", "purchases")]

    def correlations(rows: NDArray[np.int64]) -> dict[str, float]:
        ranks = {name: customers[column].iloc[rows].rank() for name, column in columns.items()}
        return {f"{a}_{b}": float(ranks[a].corr(ranks[b])) for a, b in pairs}

    table = pd.Series(correlations(np.arange(len(customers))), name="correlation").to_frame()
    interval = bootstrap(correlations, len(customers), bootstrap_draws(len(customers)))
    return table.join(interval).rename_axis("pair").reset_index()


def segment_table(comparison: Comparison) -> pd.DataFrame:
    """Return a row a segment and side: customers, what was said and what came, and how well the side told them apart.

    `expected` and `purchases`: occasions a customer; `said` and `stayed_away`: shares, the latter with its 95 %
    interval `low`, `high`; `auc`: how often who stayed away was put before who bought (0.5 by chance).
    """
    rows = []
    order = orders(comparison, "stayed_away")
    for name in SEGMENTS:
        inside = (comparison.segment == name).to_numpy()
        if not inside.any():
            continue
        y, gone = comparison.purchases[inside], comparison.stayed_away[inside].to_numpy()
        low, high = wilson_interval(gone.sum(), len(gone))
        for side in both(comparison.forecasts):
            said = comparison.forecasts[side][inside]
            ranked = pd.Series(order[side][inside]).rank(pct=True)
            rows.append(
                {
                    "segment": name,
                    "forecast": side,
                    "customers": int(inside.sum()),
                    "expected": said["expected_purchases"].mean(),
                    "purchases": y.mean(),
                    "said": said["churn_probability"].mean(),
                    "stayed_away": gone.mean(),
                    "low": float(low),
                    "high": float(high),
                    "auc": churn_measures(gone, ranked)["auc"],
                }
            )
    return pd.DataFrame(rows)


def measure_table(comparison: Comparison) -> pd.DataFrame:
    """Return the measures of every forecast (`training.evaluation.evaluation.measures`); lower is better for most."""
    return measures(comparison.purchases, comparison.forecasts).reset_index()


def difference_table(comparison: Comparison) -> pd.DataFrame:
    """Return, a row another forecast and measure, the model's mean loss a customer less the other's.

    `deviance`, `mae`, `log_loss`, `brier` as in `measures`, each a mean over customers, so that what a customer adds
    can be compared with what the same customer adds elsewhere; 95 % interval `low`, `high` (paired bootstrap).
    """
    y = comparison.purchases
    losses = {name: _losses(y, forecast) for name, forecast in comparison.forecasts.items()}
    others = [name for name in losses if name != "model"]
    paired = pd.concat({name: losses["model"] - losses[name] for name in others}, axis=1)
    values, keys = paired.to_numpy(), [(other, measure) for other in others for measure in LOSSES]

    def means(rows: NDArray[np.int64]) -> dict[tuple[str, str], float]:
        return dict(zip(keys, values[rows].mean(axis=0).tolist(), strict=True))

    index = pd.MultiIndex.from_tuples(keys, names=["against", "measure"])
    interval = bootstrap(means, len(y), bootstrap_draws(len(y))).set_axis(index)
    return pd.Series(values.mean(axis=0), index, name="difference").to_frame().join(interval).reset_index()


def _losses(purchases: pd.Series, forecast: pd.DataFrame) -> pd.DataFrame:
    losses = customer_losses(purchases, forecast)
    error = (forecast["expected_purchases"] - purchases).abs()
    surprise = (forecast["churn_probability"] - (purchases == 0)) ** 2
    return losses.assign(mae=error, brier=surprise)[list(LOSSES)]


def both(forecasts: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the sides that give a chance: the rule only where an earlier window told what its scores come to."""
    return [name for name in ("model", "rule") if name in forecasts]
