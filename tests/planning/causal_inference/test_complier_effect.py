import numpy as np
import pytest

from planning.causal_inference.complier_effect import complier_effect
from planning.causal_inference.randomised_effect import randomised_effect


def confounded(rng, n, effect, complying=True):
    """Visits planned at random and skipped where the outlook is bad; the effect is of a visit made."""
    outlook = rng.normal(size=n)
    planned = rng.random(n) < 0.8
    willing = outlook + rng.normal(size=n) > -0.36  # about 60 %
    done = planned & willing & complying
    return 2 + outlook + effect * done + rng.normal(size=n), planned, done, willing


def test_confounded_skips_leave_both_effects_covered_and_as_treated_misses():
    """With 60 % done, ITT and CACE cover their truths; comparing visited with others is far off."""
    inside, naive = [], []
    for seed in range(200):
        y, planned, done, willing = confounded(np.random.default_rng(seed), 800, 0.5)
        itt, cace = randomised_effect(y, planned), complier_effect(y, planned, done)
        inside.append((itt.low <= 0.5 * willing.mean() <= itt.high, cace.low <= 0.5 <= cace.high))
        as_treated = randomised_effect(y, done)
        naive.append(as_treated.low <= 0.5 <= as_treated.high)
    assert np.all((np.mean(inside, axis=0) >= 0.91) & (np.mean(inside, axis=0) <= 0.99))
    assert np.mean(naive) < 0.05


def test_all_comply_is_the_intention_to_treat():
    """Where everything planned is done, and nothing else, both effects and their intervals are one."""
    y, planned, _, _ = confounded(np.random.default_rng(1), 500, 0.5)
    itt, cace = randomised_effect(y, planned), complier_effect(y, planned, planned)
    assert (cace.estimate, cace.low, cace.high) == pytest.approx((itt.estimate, itt.low, itt.high))


def test_the_interval_is_where_the_test_does_not_reject():
    """At its ends the outcome less the effect of what was done has a t of exactly the critical value."""
    y, planned, done, _ = confounded(np.random.default_rng(2), 500, 0.5)
    cace, itt = complier_effect(y, planned, done), randomised_effect(y, planned)
    critical = (itt.high - itt.estimate) / itt.standard_error
    for end in (cace.low, cace.high):
        rest = randomised_effect(y - end * done, planned)
        assert abs(rest.estimate) / rest.standard_error == pytest.approx(critical, rel=1e-9)


def test_nobody_complied_excludes_nothing():
    """Without a difference in what was done, the interval is unbounded instead of wrong."""
    y, planned, done, _ = confounded(np.random.default_rng(3), 300, 0.5, complying=False)
    found = complier_effect(y, planned, done)
    assert np.isnan(found.estimate)
    assert (found.low, found.high) == (-np.inf, np.inf)
