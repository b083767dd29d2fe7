import numpy as np
import pandas as pd
import pytest

from features.errors import TooLittleDataError
from planning.causal_inference.doubly_robust import aipw_effect, robustness_value
from planning.causal_inference.randomised_effect import randomised_effect
from tests.planning.causal_inference.test_nuisance_models import confounded


def test_the_naive_difference_is_far_off_and_the_doubly_robust_covers():
    """Of 8 confounded logs of 1,500 rows at least 6 intervals hold the truth; no naive one does."""
    covered, naive = [], []
    for seed in range(8):
        y, treated, x, _, _ = confounded(1500, seed)
        found = aipw_effect(y, treated, x).effect
        covered.append(found.low <= 0.5 <= found.high)
        naive.append(randomised_effect(y, treated).low)
    assert sum(covered) >= 6
    assert min(naive) > 0.5


@pytest.mark.proof
def test_coverage_of_the_doubly_robust_estimate_over_200_logs():
    """91 to 98 % of 200 intervals hold the truth; the bias is at most half a standard error."""
    found = []
    for seed in range(200):
        y, treated, x, _, _ = confounded(3000, 1000 + seed)
        effect = aipw_effect(y, treated, x).effect
        found.append((effect.estimate, effect.standard_error, effect.low <= 0.5 <= effect.high))
    estimates, errors, covered = np.array(found).T
    bias, ratio = (estimates.mean() - 0.5) / errors.mean(), errors.mean() / estimates.std()
    print(f"\ncoverage {covered.mean():.3f}, bias {bias:+.2f} standard errors, standard error over spread {ratio:.3f}")
    assert 0.91 <= covered.mean() <= 0.98
    assert abs(bias) <= 0.5
    assert 0.9 <= ratio <= 1.15


def test_the_effect_on_the_treated_is_another_estimand():
    """Where good customers gain more and are treated more often, ATT lies above ATE, each at its truth."""
    y, treated, x, _, _ = confounded(8000, 5, effect=0)
    gain = 0.5 + 0.5 * x["a"].to_numpy()
    y = y + gain * treated
    ate, att = (aipw_effect(y, treated, x, estimand=each).effect for each in ("ATE", "ATT"))
    assert ate.low < gain.mean() < ate.high
    assert att.low < gain[treated].mean() < att.high
    assert att.estimate > ate.estimate + 0.1


def test_a_repeated_log_says_no_more():
    """Every row twice, named as one customer's, has the standard error of the rows once."""
    y, treated, x, propensity, _ = confounded(1500)
    once = aipw_effect(y, treated, x, propensity=propensity)
    twice = aipw_effect(
        np.tile(y, 2),
        np.tile(treated, 2),
        pd.concat([x, x], ignore_index=True),
        propensity=np.tile(propensity, 2),
        clusters=np.tile(np.arange(1500), 2),
    )
    assert twice.effect.standard_error == pytest.approx(once.effect.standard_error, rel=0.1)


def test_rows_without_a_counterpart_are_trimmed_and_counted():
    """Rows with a propensity outside .02 to .98 are left out, in number as stated."""
    y, treated, x, propensity, _ = confounded(2000)
    propensity = np.where(np.arange(2000) < 100, 0.01, propensity)
    found = aipw_effect(y, treated, x, propensity=propensity)
    outside = ((propensity < 0.02) | (propensity > 0.98)).sum()
    assert found.trimmed == outside
    assert found.effect.n_treated + found.effect.n_control == 2000 - outside


def test_fifty_of_each_group_are_needed_after_trimming_too():
    """With 60 treated of whom 20 have a counterpart, nothing is estimated."""
    y, treated, x, propensity, _ = confounded(2000)
    treated = np.arange(2000) < 60
    propensity = np.where(np.arange(2000) < 40, 0.01, 0.5)
    with pytest.raises(TooLittleDataError, match="only 20 treated and 1940 others"):
        aipw_effect(y, treated, x, propensity=propensity)


def test_the_robustness_value_is_cinellis_and_hazletts_in_a_regression():
    """With the residual spreads of a linear regression it is their closed form from the t value."""
    rng = np.random.default_rng(3)
    x, d = rng.normal(size=500), rng.normal(size=500)
    d = d + x
    y = d * 0.3 + x + rng.normal(size=500)
    design = np.column_stack([np.ones(500), x])
    rest = [v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (d, y)]
    estimate = rest[0] @ rest[1] / (rest[0] @ rest[0])
    residual = rest[1] - estimate * rest[0]
    freedom = 500 - 3
    t = estimate / np.sqrt(residual @ residual / freedom / (rest[0] @ rest[0]))
    f = t / np.sqrt(freedom)
    closed = (np.sqrt(f**4 + 4 * f**2) - f**2) / 2
    assert robustness_value(estimate, residual.std() / rest[0].std()) == pytest.approx(closed)


def test_robustness_grows_with_the_estimate():
    """No effect needs no hidden reason; an endless ratio needs all of one."""
    values = [robustness_value(e, 1.0) for e in (0, 0.1, 1, 100)]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] > 0.99
    assert robustness_value(1.0, 0.0) == 1
