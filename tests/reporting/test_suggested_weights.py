"""Suggested weights: learnt from before the date alone, tried after it, and left alone where nothing can be learnt."""

from datetime import date

import pandas as pd
import pytest
from scipy.stats import spearmanr

from features.loyalty.scoring import score
from reporting.suggested_weights import STEP, suggest_weights
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
    """On the comparison's own window, with the weights as they are: as SciPy has it; and learnt weights fit better."""
    gain = report.suggestion.gain.set_index("window")
    compared = report.comparison
    found = spearmanr(score(compared.features, compared.formula)["loyalty_score"], compared.purchases).statistic
    assert gain.loc["later", "now"] == pytest.approx(found)
    assert gain.loc["learnt", "difference"] > 0
    assert gain.loc["learnt", "from"] == "2023-12-02"
    assert gain.loc["later", "low"] <= gain.loc["later", "difference"] <= gain.loc["later", "high"]


def test_nothing_after_the_date_has_a_say(log, shop, report, tmp_path):
    """On a log cut at the date the same weights are suggested."""
    known = stored(cut(log, date(2024, 3, 1)), tmp_path)
    again = suggest_weights(known, report.comparison)
    pd.testing.assert_series_equal(again.weights["suggested"], report.suggestion.weights["suggested"])
