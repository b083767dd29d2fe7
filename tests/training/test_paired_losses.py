"""Paired losses and their differences, against a plain calculation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.gate_trials import trial
from training.evaluation.evaluation import customer_losses
from training.paired_losses import paired_loss_differences, paired_losses


def test_the_difference_is_that_of_the_mean_losses() -> None:
    """The oracle: at each horizon the ratio of the means less 1, then the mean over the horizons."""
    paired = trial()
    found = paired_loss_differences(paired, ["champion", "base"], 50, 0)
    for other in ("champion", "base"):
        by_horizon = paired.groupby("horizon")[["deviance_challenger", f"deviance_{other}"]].mean()
        expected = (by_horizon["deviance_challenger"] / by_horizon[f"deviance_{other}"] - 1).mean()
        assert found.loc[(other, "deviance"), "difference"] == pytest.approx(expected)


@settings(max_examples=10)
@given(st.floats(0.1, 10), st.integers(0, 10**6))
def test_units_and_order_do_not_matter(unit: float, seed: int) -> None:
    """Losses in another unit and rows in another order give the same differences and intervals."""
    paired = trial(customers=30, windows=1)
    losses = [name for name in paired if name.startswith(("deviance", "log_loss"))]
    changed = paired.assign(**{name: paired[name] * unit for name in losses}).sample(frac=1, random_state=seed)
    expected = paired_loss_differences(paired, ["champion", "base"], 10, 0)
    pd.testing.assert_frame_equal(paired_loss_differences(changed, ["champion", "base"], 10, 0), expected)


def test_copies_of_a_customer_are_no_evidence() -> None:
    """The same rows once more, for the same customers, do not make the interval narrower."""
    paired = trial(customers=150, windows=1)
    once = paired_loss_differences(paired, ["base"], 200, 0)
    twice = paired_loss_differences(pd.concat([paired, paired.assign(window="2012-01-01")]), ["base"], 200, 0)
    pd.testing.assert_frame_equal(once, twice)


def test_the_losses_are_those_of_the_trial() -> None:
    """The columns are what each customer adds to the measures of that name."""
    index = pd.Index(["a", "b"], name="customer_id")
    forecast = pd.DataFrame({"expected_purchases": [0.5, 2.0], "churn_probability": [0.6, 0.1]}, index)
    purchases = pd.Series([0, 3], index)
    found = paired_losses("2011-03-10", 90, purchases, {"challenger": forecast, "rule": forecast})
    expected = customer_losses(purchases, forecast)
    for name in ("challenger", "rule"):
        np.testing.assert_array_equal(found[f"deviance_{name}"], expected["deviance"])
        np.testing.assert_array_equal(found[f"log_loss_{name}"], expected["log_loss"])
    assert list(found["churned"]) == [True, False]
    assert set(found["horizon"]) == {90}
