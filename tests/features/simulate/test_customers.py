"""The simulated customers: each drawn parameter has its distribution, whatever else it is correlated with."""

import numpy as np
import pytest

from features.simulate import Action, Truth, simulate
from features.simulate.customers import draw_customers
from features.simulate.seasonal_time import seasonal_clock


def test_dropout_keeps_its_distribution_though_satisfaction_moves_it() -> None:
    """The satisfied leave less, and the chance of leaving is Beta(a, b) all the same."""
    truth = Truth.plain("bg", a=2.0, b=6.0, dropout_follows=0.6, days=28, acquisition_days=1)
    _, truth_table = simulate(truth, customers=20_000)
    chance = truth_table["dropout_probability"]
    assert chance.mean() == pytest.approx(2 / 8, abs=0.005)
    assert chance.var() == pytest.approx(2 * 6 / (8**2 * 9), rel=0.05)
    assert truth_table["satisfaction_level"].rank().corr(chance.rank()) == pytest.approx(-0.58, abs=0.03)


def test_rates_and_effects_have_their_distributions() -> None:
    """Rates are Gamma(r, alpha); effects are the action's on average, and none does more than stop all purchases."""
    visits = (Action("phone", 1.0, 0.4), Action("email", 1.0, -0.9))
    truth = Truth(r=0.8, alpha=50.0, visits=visits, response_spread=0.5)
    drawn = draw_customers(truth, seasonal_clock(truth, 1120), 50_000, np.random.default_rng(1))
    assert drawn.rate.mean() == pytest.approx(0.8 / 50, rel=0.02)
    assert drawn.rate.var() == pytest.approx(0.8 / 50**2, rel=0.05)
    assert drawn.visit_effects.shape == (50_000, 2)
    assert drawn.visit_effects[:, 0].mean() == pytest.approx(0.4, rel=0.02)
    assert drawn.visit_effects.min() == -1.0
    assert np.corrcoef(drawn.satisfaction, drawn.visit_effects[:, 0])[0, 1] > 0.3


def test_the_random_groups_have_their_shares() -> None:
    """Independent of each other, of rates and of satisfaction."""
    truth = Truth(visit_random_share=0.3, incentive_random_share=0.6)
    drawn = draw_customers(truth, seasonal_clock(truth, 1120), 50_000, np.random.default_rng(2))
    assert drawn.visits_at_random.mean() == pytest.approx(0.3, abs=0.01)
    assert drawn.incentives_at_random.mean() == pytest.approx(0.6, abs=0.01)
    assert np.corrcoef(drawn.visits_at_random, drawn.satisfaction)[0, 1] == pytest.approx(0, abs=0.02)
    assert np.median(drawn.satisfaction) == pytest.approx(truth.satisfaction_median, abs=0.01)
