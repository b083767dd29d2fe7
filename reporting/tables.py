"""The tables of the report: lists by model and rule, quality of the forecasts, and where the two disagree."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reporting.comparison import Comparison
from reporting.customers import QUADRANTS
from reporting.returns import list_length
from training.evaluation.catalog import BUILT_IN, METRICS, chosen_metrics, value_of
from training.evaluation.evaluation import customer_losses, measures
from training.evaluation.intervals import bootstrap, bootstrap_draws, wilson_interval
from training.evaluation.metrics import auc, gain_curve, list_membership, reliability

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

GROUPS = 10
SEGMENTS = ("new", "one-time", "repeat", "lapsed")
LOSSES = ("deviance", "mae", "log_loss", "brier")
Z = 1.96


def rankings(comparison: Comparison, outcome: str) -> dict[str, Floats]:
    """Return the scores by which each side ranks customers for an outcome, highest first, shape (n,).

    `outcome` is `purchases`, `spend` or `stayed_away` (churn). The rule ranks by the loyalty score, for churn by the
    lowest first.
    """
    rule = comparison.rule["loyalty_score"].to_numpy(float)
    model, own_rate = comparison.forecasts["model"], comparison.forecasts.get("own_rate")
    silence = comparison.features["days_since_last_purchase"].to_numpy(float)
    if outcome == "stayed_away":
        scores = {"model": model["churn_probability"], "rule": -rule, "days_since_last_purchase": silence}
    elif outcome == "spend":
        last_year = comparison.features["net_spend_365"]
        scores = {"model": model["expected_spend"], "rule": rule, "spend_last_year": last_year}
    else:
        scores = {"model": model["expected_purchases"], "rule": rule, "days_since_last_purchase": -silence}
        scores |= {"own_rate": own_rate["expected_purchases"]} if own_rate is not None else {}
    return {name: np.asarray(values, float) for name, values in scores.items()}


def outcomes(comparison: Comparison) -> dict[str, Floats]:
    """Return the outcomes of the horizon by name, shape (n,); spend only if there was any."""
    series = {"purchases": comparison.purchases, "stayed_away": comparison.churned}
    series |= {"spend": comparison.spend} if comparison.has_spend else {}
    return {name: values.to_numpy(float) for name, values in series.items()}


def headline_table(comparison: Comparison) -> pd.DataFrame:
    """Return, for each outcome, what the lists of the model and of the rule contain.

    Columns: `list` (length), `among` (customers), `by_model`, `by_rule`, `by_chance`, `difference` with its 95 %
    interval `low`, `high`. The churn list is drawn from customers who bought within the last year, because nobody
    watches customers who left long ago. Equal scores at the end of a list share its places, so values may be fractions.
    """
    rows = {}
    for outcome, values in outcomes(comparison).items():
        eligible = np.ones(len(values), bool)
        if outcome == "stayed_away":
            eligible = (comparison.features["purchase_days_365"] > 0).to_numpy()
            if not eligible.any():
                continue
        scores = {name: ranking[eligible] for name, ranking in rankings(comparison, outcome).items()}
        observed = values[eligible]
        size = list_length(len(observed))

        def totals(
            rows: Rows, observed: Floats = observed, scores: dict[str, Floats] = scores, size: int = size
        ) -> dict[str, float]:
            model, rule = (
                float(list_membership(scores[name][rows], size) @ observed[rows]) for name in ("model", "rule")
            )
            return {"by_model": model, "by_rule": rule, "difference": model - rule}

        lists = totals(np.arange(len(observed)))
        interval = bootstrap(totals, len(observed), bootstrap_draws(len(observed))).loc["difference"]
        rows[outcome] = {
            "list": size,
            "among": len(observed),
            "by_model": lists["by_model"],
            "by_rule": lists["by_rule"],
            "by_chance": size * observed.mean(),
            "difference": lists["difference"],
            "low": interval["low"],
            "high": interval["high"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("outcome").reset_index()


def gain_table(comparison: Comparison) -> pd.DataFrame:
    """Return the cumulative gain curves: `outcome`, `forecast`, and the shares `customers` and `share`, 0 to 1."""
    curves = [
        gain_curve(values, ranking).assign(outcome=outcome, forecast=name)
        for outcome, values in outcomes(comparison).items()
        if values.sum() > 0
        for name, ranking in {**rankings(comparison, outcome), "perfect": values}.items()
    ]
    columns = ["outcome", "forecast", "customers", "share"]
    return pd.concat(curves, ignore_index=True)[columns] if curves else pd.DataFrame(columns=columns)


def reliability_table(comparison: Comparison) -> pd.DataFrame:
    """Return the calibration of the churn probabilities of model and rule, at the levels of the CORP fit.

    Columns: `forecast`, `said` (mean probability), `came_true` (observed share), `customers`, and the 95 % interval
    `low`, `high` of the observed share.
    """
    churned = comparison.churned.to_numpy()
    curves = []
    for name in probability_forecasts(comparison.forecasts):
        curve = reliability(churned, comparison.forecasts[name]["churn_probability"])
        low, high = wilson_interval(curve["came_true"] * curve["customers"], curve["customers"])
        curves.append(curve.assign(low=low, high=high, forecast=name))
    return pd.concat(curves, ignore_index=True)[["forecast", "said", "came_true", "customers", "low", "high"]]


def decile_table(comparison: Comparison) -> pd.DataFrame:
    """Return ten equal groups by model and by rule, best first: mean purchases `expected` and observed (`came`).

    `low` and `high` are the 95 % interval of the observed mean. Customers with equal scores get their common mean, so
    that their order has no effect.
    """
    purchases = comparison.purchases.to_numpy(float)
    ranking = rankings(comparison, "purchases")
    rows = []
    for name in ("model", "rule"):
        forecast = comparison.forecasts.get(name)
        expected = np.full(len(purchases), np.nan)
        if forecast is not None:
            expected = forecast["expected_purchases"].to_numpy(float)
        _, tie = np.unique(-ranking[name], return_inverse=True)
        order, size = np.argsort(tie, kind="stable"), np.bincount(tie)
        mean, square, mean_expected = (
            np.bincount(tie, values)[tie[order]] / size[tie[order]] for values in (purchases, purchases**2, expected)
        )
        for number, group in enumerate(np.array_split(np.arange(len(purchases)), min(GROUPS, len(purchases))), 1):
            observed = mean[group].mean()
            margin = Z * np.sqrt(max(0.0, square[group].mean() - observed**2) / len(group))
            interval = max(0.0, observed - margin), observed + margin
            rows.append((name, number, len(group), mean_expected[group].mean(), observed, *interval))
    return pd.DataFrame(rows, columns=["forecast", "decile", "customers", "expected", "came", "low", "high"])


def quadrant_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return one row per quadrant of the customer table: its size, and means of scores, forecasts and outcomes.

    `low` and `high` are the 95 % interval of the churned share, `stayed_away`. Who they are: `lapsed` (share) and the
    medians of `days_since_last_purchase` and of the days since the first purchase, `T`.
    """
    grouped = customers.groupby("quadrant").agg(
        customers=("purchases", "size"),
        loyalty_score=("loyalty_score", "mean"),
        expected_purchases=("expected_purchases", "mean"),
        purchases=("purchases", "mean"),
        spend=("spend", "mean"),
        churn_probability=("churn_probability", "mean"),
        stayed_away=("stayed_away", "mean"),
        lapsed=("segment", lambda segments: (segments == "lapsed").mean()),
        median_days_since_last_purchase=("days_since_last_purchase", "median"),
        median_T=("T", "median"),
    )
    grouped = grouped.reindex(list(QUADRANTS)).rename_axis("quadrant")
    grouped["customers"] = grouped["customers"].fillna(0).astype(int)
    churned = grouped["stayed_away"] * grouped["customers"]
    grouped["low"], grouped["high"] = wilson_interval(churned, grouped["customers"])
    return grouped.reset_index()


def agreement_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the rank correlations of rule, model and purchases, -1 to 1, with 95 % intervals.

    `pair` names the two; the correlation is NaN if one of them is constant.
    """
    columns = {"rule": "loyalty_score", "model": "expected_purchases", "purchases": "purchases"}
    pairs = [("rule", "model"), ("rule", "purchases"), ("model", "purchases")]

    def correlations(rows: Rows) -> dict[str, float]:
        ranks = {name: customers[column].iloc[rows].rank() for name, column in columns.items()}
        return {f"{a}_{b}": float(ranks[a].corr(ranks[b])) for a, b in pairs}

    table = pd.Series(correlations(np.arange(len(customers))), name="correlation").to_frame()
    interval = bootstrap(correlations, len(customers), bootstrap_draws(len(customers)))
    return table.join(interval).rename_axis("pair").reset_index()


def segment_table(comparison: Comparison, metrics: Sequence[str] = ()) -> pd.DataFrame:
    """Return one row per segment and side: forecasts against outcomes.

    `expected` and `purchases` are means in occasions; `said` is the mean churn probability, `stayed_away` the churned
    share with its 95 % interval `low`, `high`; `auc` is the probability that a customer who churned is ranked above
    one who bought (0.5 at random). A column follows for each metric from a plugin, or for those of `metrics`
    that are.
    """
    rows = []
    plugin_metrics = [name for name in chosen_metrics(metrics) if name not in BUILT_IN]
    ranking = rankings(comparison, "stayed_away")
    for name in SEGMENTS:
        inside = (comparison.segment == name).to_numpy()
        if not inside.any():
            continue
        purchases, churned = comparison.purchases[inside], comparison.churned[inside].to_numpy()
        low, high = wilson_interval(churned.sum(), len(churned))
        for side in probability_forecasts(comparison.forecasts):
            forecast = comparison.forecasts[side][inside]
            ranks = pd.Series(ranking[side][inside]).rank(pct=True)
            rows.append(
                {
                    "segment": name,
                    "forecast": side,
                    "customers": int(inside.sum()),
                    "expected": forecast["expected_purchases"].mean(),
                    "purchases": purchases.mean(),
                    "said": forecast["churn_probability"].mean(),
                    "stayed_away": churned.mean(),
                    "low": float(low),
                    "high": float(high),
                    "auc": auc(churned, ranks),
                    **{m: value_of(m, METRICS[m], purchases.to_numpy(), forecast) for m in plugin_metrics},
                }
            )
    return pd.DataFrame(rows)


def measure_table(comparison: Comparison, metrics: Sequence[str] = ()) -> pd.DataFrame:
    """Return the measures of every forecast (`training.evaluation.evaluation.measures`)."""
    return measures(comparison.purchases, comparison.forecasts, metrics).reset_index()


def best_forecasts(measure_rows: pd.DataFrame) -> dict[str, set[str]]:
    """Return for each measure of `measure_table` the forecasts that are best by it; none where only one has a value."""
    values = measure_rows.set_index("forecast")
    best = {}
    for name in values:
        distance = values[name].map(METRICS[str(name)].distance).dropna()
        best[str(name)] = set(distance.index[distance == distance.min()]) if len(distance) > 1 else set()
    return best


def difference_table(comparison: Comparison) -> pd.DataFrame:
    """Return the mean loss of the model less that of each other forecast, with 95 % intervals (paired bootstrap).

    `measure` is `deviance`, `mae`, `log_loss` or `brier`: means over customers, which can be paired by customer.
    """
    losses = {name: _losses(comparison.purchases, forecast) for name, forecast in comparison.forecasts.items()}
    others = [name for name in losses if name != "model"]
    paired = pd.concat({name: losses["model"] - losses[name] for name in others}, axis=1)
    values, keys = paired.to_numpy(), [(other, measure) for other in others for measure in LOSSES]

    def means(rows: Rows) -> dict[tuple[str, str], float]:
        return dict(zip(keys, values[rows].mean(axis=0).tolist(), strict=True))

    index = pd.MultiIndex.from_tuples(keys, names=["against", "measure"])
    interval = bootstrap(means, len(values), bootstrap_draws(len(values))).set_axis(index)
    return pd.Series(values.mean(axis=0), index, name="difference").to_frame().join(interval).reset_index()


def _losses(purchases: pd.Series, forecast: pd.DataFrame) -> pd.DataFrame:
    losses = customer_losses(purchases, forecast)
    error = (forecast["expected_purchases"] - purchases).abs()
    brier = (forecast["churn_probability"] - (purchases == 0)) ** 2
    return losses.assign(mae=error, brier=brier)[list(LOSSES)]


def probability_forecasts(forecasts: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the sides with churn probabilities; the rule has them only if an earlier window calibrated its scores."""
    return [name for name in ("model", "rule") if name in forecasts]
