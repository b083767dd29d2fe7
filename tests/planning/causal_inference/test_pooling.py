import numpy as np
import pytest

from planning.causal_inference.pooling import pooled_effect
from planning.causal_inference.randomised_effect import Effect


def effects(estimates, errors):
    return [Effect(e, s, 0, 0, 9, 9, 0, 0) for e, s in zip(estimates, errors, strict=True)]


def test_effects_that_agree_are_their_weighted_mean():
    """Without spread between them, weights are 1 / variance and all are shrunk to the mean."""
    pooled = pooled_effect(effects([0.1, 0.11, 0.12], [0.1, 0.2, 0.1]))
    weights = np.array([100, 25, 100])
    assert pooled.spread == 0
    assert pooled.mean == pytest.approx(weights @ [0.1, 0.11, 0.12] / 225)
    assert pooled.standard_error == pytest.approx(225**-0.5)
    assert pooled.shrunk == pytest.approx([pooled.mean] * 3)


def test_equal_errors_have_the_closed_form():
    """With equal errors REML's variance is the sample variance less that of the errors."""
    estimates = np.array([0.0, 0.5, 1.5, 0.2])
    pooled = pooled_effect(effects(estimates, [0.2] * 4))
    assert pooled.spread**2 == pytest.approx(estimates.var(ddof=1) - 0.04, abs=1e-5)
    assert pooled.mean == pytest.approx(estimates.mean())
    kept = pooled.spread**2 / (pooled.spread**2 + 0.04)
    assert pooled.shrunk == pytest.approx(estimates.mean() + kept * (estimates - estimates.mean()))


def test_shrunk_effects_are_nearer_the_truth():
    """Over 200 draws the mean squared error of the shrunk effects is below half that of the raw ones."""
    rng = np.random.default_rng(4)
    raw = shrunk = 0.0
    for _ in range(200):
        truth, errors = rng.normal(0.1, 0.05, 6), rng.uniform(0.03, 0.2, 6)
        seen = truth + errors * rng.normal(size=6)
        raw += np.mean((seen - truth) ** 2)
        shrunk += np.mean((pooled_effect(effects(seen, errors)).shrunk - truth) ** 2)
    assert shrunk < 0.5 * raw


def test_one_effect_is_itself():
    """A single round is neither shrunk nor widened."""
    pooled = pooled_effect(effects([0.3], [0.1]))
    assert (pooled.mean, pooled.standard_error, pooled.shrunk[0]) == pytest.approx((0.3, 0.1, 0.3))


def test_an_effect_without_an_error_is_refused():
    """A standard error of 0 or infinity has no weight."""
    with pytest.raises(ValueError, match="finite standard errors"):
        pooled_effect(effects([0.3], [0.0]))
