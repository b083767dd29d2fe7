"""Suggested weights: learnt from events before the date, evaluated after it, none where the log is too short."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from scipy.stats import spearmanr

from features.as_of import AsOf
from features.loyalty.scoring import score
from reporting import suggested_weights
from reporting.build import Report
from reporting.comparison import Comparison
from reporting.suggested_weights import MINIMUM_HISTORY_DAYS, STEP, suggest_weights
from tests.training.logs import cut, stored

AS_OF, DAYS = "2024-03-01", 90


def test_weights_are_shares_in_steps(report):
    """They sum to 1, and differ from the rule's by whole steps."""
    weights = report.suggestion.weights
    assert weights[["now", "suggested"]].sum().tolist() == pytest.approx([1, 1])
    steps = (weights["suggested"] - weights["now"]) / STEP
    assert steps.tolist() == pytest.approx(steps.round().tolist(), abs=1e-9)
    assert steps.abs().sum() > 0


def test_the_gain_is_that_of_the_correlation(report):
    """On the comparison's own window it equals that of SciPy; the suggested weights fit better where learnt."""
    gain = report.suggestion.gain.set_index("window")
    compared = report.comparison
    found = spearmanr(score(compared.features, compared.formula)["loyalty_score"], compared.purchases).statistic
    assert gain.loc["later", "now"] == pytest.approx(found)
    assert gain.loc["learnt", "difference"] > 0
    assert gain.loc["learnt", "from"] == "2023-12-02"
    assert gain.loc["later", "low"] <= gain.loc["later", "difference"] <= gain.loc["later", "high"]


def test_no_later_event_affects_the_weights(log, shop, report, tmp_path):
    """On a log cut at the date the same weights are suggested."""
    known = stored(cut(log, date(2024, 3, 1)), tmp_path)
    again = suggest_weights(known, report.comparison)
    pd.testing.assert_series_equal(again.weights["suggested"], report.suggestion.weights["suggested"])


def at(report: Report, date: str) -> Comparison:
    """The report's comparison, said to be at another date."""
    return replace(report.comparison, cutoff=AsOf.parse(date, "UTC"))


def test_a_window_needs_history_before_it(shop, report):
    """With 60 days before the window weights are suggested, with 59 none."""
    first = report.comparison.cutoff.day - int(report.comparison.features["T"].max())
    for days, reason in ((MINIMUM_HISTORY_DAYS - 1, "short_history"), (MINIMUM_HISTORY_DAYS, "")):
        date = AsOf.at_midnight(first + days + DAYS, "UTC").date.isoformat()
        suggestion = suggest_weights(shop, at(report, date))
        assert suggestion.reason == reason
        same = suggestion.weights["now"].equals(suggestion.weights["suggested"])
        assert same == bool(reason)
        assert suggestion.gain.empty == bool(reason)


@pytest.mark.parametrize(("patch", "reason"), [("MINIMUM_CUSTOMERS", "few_customers"), ("_varies", "one_part")])
def test_nothing_is_suggested_without_data(shop, report, monkeypatch, patch, reason):
    """Too few customers, or fewer than two parts that differ between customers, give the reason."""
    monkeypatch.setattr(suggested_weights, patch, 10_000 if patch.isupper() else lambda values: False)
    assert suggest_weights(shop, report.comparison).reason == reason
