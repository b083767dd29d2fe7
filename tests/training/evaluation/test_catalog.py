"""The catalogue of metrics: which way each is better, and any function as one more."""

import math
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest

from features.errors import InvalidArgumentError, ModelError, PluginError
from training.evaluation import catalog
from training.evaluation.catalog import BUILT_IN, HIGHER, LOWER, METRICS, Metric, as_metric, chosen_metrics
from training.evaluation.evaluation import measures, measures_by

Y = pd.Series([0, 1, 4, 0], ["a", "b", "c", "d"], name="purchases")
FORECAST = pd.DataFrame(
    {"expected_purchases": [0.1, 1.0, 3.0, 0.5], "churn_probability": [0.9, 0.4, 0.1, 0.6]}, Y.index
)


def missed(y, forecast) -> float:
    """Purchases by customers of whom less than half a purchase was expected."""
    return float(y[forecast["expected_purchases"].to_numpy() < 0.5].sum())


def width(y, forecast) -> float:
    return float((forecast["high"] - forecast["low"]).mean())


width.greater_is_better = True  # type: ignore[attr-defined]


def test_a_function_is_a_metric_overall_and_by_group() -> None:
    """Given by a name of one's own; without an interval it sees NaN."""
    own = {"missed": missed, "width": width}
    table = measures(Y, {"good": FORECAST, "wide": FORECAST.assign(low=0, high=4)}, own)
    assert table["missed"].tolist() == [0.0, 0.0]
    assert math.isnan(table.at["good", "width"])
    assert table.at["wide", "width"] == 4
    groups = pd.Series([True, False, False, True], Y.index, name="one")
    assert measures_by(Y, {"good": FORECAST}, groups, own)["missed"].tolist() == [0.0, 0.0]
    assert list(measures(Y, {"good": FORECAST}, ("auc", "rmse"))) == ["auc", "rmse"]
    assert list(measures(Y, {"good": FORECAST})) == list(METRICS)


def test_the_better_direction_is_stated_for_each() -> None:
    """Lower is better unless the function says otherwise; some are best at a value."""
    assert {name for name, metric in BUILT_IN.items() if metric.best == HIGHER} == {"spearman", "gini", "auc"}
    assert as_metric(missed) == Metric(missed, LOWER)
    assert as_metric(width).direction == "higher is better"
    assert BUILT_IN["coverage"].direction == "the best is 0.9"
    assert BUILT_IN["rmse"].direction == "lower is better"
    for metric, better, worse in ((as_metric(missed), 1, 2), (as_metric(width), 2, 1), (BUILT_IN["bias"], -0.1, 0.2)):
        assert metric.distance(better) < metric.distance(worse)


def test_a_metric_that_fails_is_one_line() -> None:
    """With its name and what to do; an unknown name is refused with the nearest."""
    with pytest.raises(ModelError, match=r"the metric broken fails, ZeroDivisionError: .*: mend it"):
        measures(Y, {"good": FORECAST}, {"broken": lambda y, forecast: 1 / 0})
    with pytest.raises(InvalidArgumentError, match="unknown metric 'rsme': did you mean 'rmse'"):
        chosen_metrics(["rsme"])


def test_an_installed_package_adds_its_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported with the others; one with the name of a built-in metric is refused."""
    here = "tests.training.evaluation.test_catalog"
    for name, refused in (("missed", False), ("auc", True)):
        found = [EntryPoint(name, f"{here}:missed", catalog.GROUP)]
        monkeypatch.setattr("features.plugins.entry_points", lambda group, found=found: found)
        catalog._metrics.cache_clear()
        try:
            if refused:
                with pytest.raises(PluginError, match="Regulars has a metric of this name"):
                    list(METRICS)
            else:
                assert list(METRICS) == [*BUILT_IN, "missed"]
                assert np.isfinite(measures(Y, {"good": FORECAST}).at["good", "missed"])
        finally:
            catalog._metrics.cache_clear()


def test_the_environment_leaves_a_metric_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """REGULARS_PLUGINS_DISABLED, as for every plugin."""
    found = [EntryPoint("missed", "tests.training.evaluation.test_catalog:missed", catalog.GROUP)]
    monkeypatch.setattr("features.plugins.entry_points", lambda group: found)
    monkeypatch.setenv("REGULARS_PLUGINS_DISABLED", "missed")
    catalog._metrics.cache_clear()
    try:
        assert list(METRICS) == list(BUILT_IN)
    finally:
        catalog._metrics.cache_clear()
