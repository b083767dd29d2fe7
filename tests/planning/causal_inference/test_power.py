import numpy as np
import pytest

from planning.causal_inference.power import control_needed, customers_needed, minimum_detectable_effect, rounds_needed
from planning.causal_inference.randomised_effect import randomised_effect
from tests.planning.trials import purchases_of


def test_the_minimum_detectable_effect_is_found_in_four_of_five():
    """Of 400 plans with the smallest effect that they can see, 75 to 85 % find it."""
    n, share = 1000, 0.8
    y, _, forecast, _ = purchases_of(np.random.default_rng(1), 200_000, 0.0)
    r_squared = np.corrcoef(y, forecast)[0, 1] ** 2
    effect = minimum_detectable_effect(y.std(), n * share, n * (1 - share), r_squared=r_squared)
    found = 0
    for seed in range(400):
        y, treated, forecast, _ = purchases_of(np.random.default_rng([9, seed]), n, 0.0, share)
        found += randomised_effect(y + effect * treated, treated, forecast).low > 0
    assert 0.75 <= found / 400 <= 0.85


def test_an_effect_that_multiplies_purchases_is_found_in_four_of_five():
    """Visits that raise each customer's rate widen the spread of the visited: unallowed for, three of four at best."""
    n, mean, shape, rng = 1000, 3.0, 0.5, np.random.default_rng(3)

    def found(effect: float) -> float:
        rates = rng.gamma(shape, mean / shape, (800, n))
        treated = np.arange(n) < n // 2
        y = rng.poisson(rates * np.where(treated, 1 + effect / mean, 1.0))
        return float(np.mean([randomised_effect(outcomes, treated).low > 0 for outcomes in y]))

    deviation = np.sqrt(mean + mean**2 / shape)
    assert 0.75 <= found(minimum_detectable_effect(deviation, n / 2, n / 2, mean=mean)) <= 0.85
    assert found(minimum_detectable_effect(deviation, n / 2, n / 2)) < 0.75


def test_needed_customers_bring_the_smallest_effect_to_the_one_asked_for():
    """`customers_needed` and `minimum_detectable_effect` are inverse to each other, up to one customer."""
    for share in (0.1, 0.2, 0.5):
        n = customers_needed(0.1, 2.0, share, r_squared=0.4)
        assert minimum_detectable_effect(2.0, n * (1 - share), n * share, r_squared=0.4) <= 0.1
        assert minimum_detectable_effect(2.0, (n - 1) * (1 - share), (n - 1) * share, r_squared=0.4) > 0.1


def test_rounds_and_customers_left_alone_bring_the_error_down():
    """After so many rounds, or customers more, the effect is 2.8 standard errors and not before."""
    assert rounds_needed(0.05, 0.1) == np.ceil((2.8016 * 2) ** 2)
    more = control_needed(0.05, 0.1, 100)
    assert more == pytest.approx(100 * ((2.8016 * 2) ** 2 - 1), abs=1)
    assert control_needed(0.5, 0.1, 100) == 0
    assert rounds_needed(0.5, 0.1) == 1


def test_what_cannot_be_found_is_infinite():
    """No effect, nobody left alone, an error that is not known, or a spread that grows as fast as the effect."""
    assert np.isinf(minimum_detectable_effect(1, 100, 0))
    assert np.isinf(minimum_detectable_effect(1, 100, 100, mean=0.1))
    assert np.isinf([customers_needed(0, 1, 0.2), customers_needed(1, 1, 0), rounds_needed(0, 1)]).all()
    assert np.isinf([rounds_needed(1, np.inf), control_needed(0, 1, 5)]).all()
