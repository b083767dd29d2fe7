import numpy as np
import pytest

from planning.uplift.policy_value import policy_value


def logged(seed, n=4000):
    """Half treated at random by a known probability; the other plan treats those who gain."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    propensity = 1 / (1 + np.exp(-x))
    treated = rng.random(n) < propensity
    y = 1 + x + np.where(treated, 0.5 * x, 0) + rng.normal(size=n)
    wanted = x > 0
    logged_probability = np.where(treated, propensity, 1 - propensity)
    models = {"expected_logged": 1 + x + 0.5 * x * treated, "expected": 1 + x + 0.5 * x * wanted}
    return y, logged_probability, (treated == wanted).astype(float), models


def test_both_estimates_cover_the_other_plans_value():
    """Of 200 logs about 95 % of the intervals hold the value, .5 E[max(x, 0)] + 1; with a model they are narrower."""
    truth = 1 + 0.5 / np.sqrt(2 * np.pi)
    inside, widths = [], []
    for seed in range(200):
        y, propensity, probability, models = logged(seed)
        found = policy_value(y, propensity, probability, **models)
        inside.append([f.low <= truth <= f.high for f in (found.snips, found.doubly_robust)])
        widths.append([found.snips.standard_error, found.doubly_robust.standard_error])
    assert np.all(np.abs(np.mean(inside, axis=0) - 0.95) < 0.04)
    assert np.mean(widths, axis=0)[1] < np.mean(widths, axis=0)[0]


def test_the_logged_plan_itself_has_its_mean_and_all_customers():
    """With the probabilities of the log every weight is 1."""
    y, propensity, _, _ = logged(1)
    found = policy_value(y, propensity, propensity)
    assert found.snips.value == pytest.approx(y.mean())
    assert found.effective_sample_size == pytest.approx(len(y))
    assert found.doubly_robust is None


def test_a_plan_that_the_log_never_followed_has_no_value():
    """Without a customer treated as the other plan would, the interval is unbounded."""
    found = policy_value([1, 2], [0.5, 0.5], [0, 0])
    assert np.isnan(found.snips.value)
    assert np.isinf(found.snips.high)
    assert found.effective_sample_size == 0
