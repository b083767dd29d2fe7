import numpy as np
import pytest
from scipy import stats

from planning.causal_inference.randomised_effect import randomised_effect, winsorise
from tests.planning.trials import hillstrom, purchases_of

KNOWN = {
    ("Mens E-Mail", "visit"): (0.0761, 0.00334),
    ("Mens E-Mail", "conversion"): (0.0068, 0.00092),
    ("Mens E-Mail", "spend"): (0.766, 0.145),
    ("Womens E-Mail", "visit"): (0.0454, 0.00319),
    ("Womens E-Mail", "conversion"): (0.0031, 0.00082),
    ("Womens E-Mail", "spend"): (0.426, 0.130),
}
"""Lin's adjustment with HC2 by another program, to the digits it was printed with."""


@pytest.mark.needs_data
@pytest.mark.parametrize("arm", ["Mens E-Mail", "Womens E-Mail"])
def test_hillstroms_effects_are_those_known(arm):
    """Estimate and standard error of visit, conversion and spend are those known, to the digits printed."""
    outcomes, treated, covariates = hillstrom(arm)
    for name, (estimate, error) in {n: v for (a, n), v in KNOWN.items() if a == arm}.items():
        found = randomised_effect(outcomes[name], treated, covariates)
        digits = (4, 5) if name != "spend" else (3, 3)
        assert round(found.estimate, digits[0]) == estimate, name
        assert round(found.standard_error, digits[1]) == error, name


def test_without_covariates_the_interval_is_welchs():
    """The plain comparison is Welch's t-test, as SciPy has it."""
    rng = np.random.default_rng(3)
    one, other = rng.normal(1, 2, 12), rng.normal(0, 1, 40)
    found = randomised_effect(np.r_[one, other], np.r_[np.ones(12), np.zeros(40)])
    welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high))
    assert (found.mean_treated, found.mean_control) == pytest.approx((one.mean(), other.mean()))


def repeated(repetitions, n, effect, seed):
    """Share of intervals that hold the true effect, share that exclude 0, and mean error over spread."""
    covered, found = [], []
    for draw in range(repetitions):
        y, treated, forecast, rate = purchases_of(np.random.default_rng([seed, draw]), n, effect, share=0.8)
        each = randomised_effect(y, treated, forecast)
        covered.append(each.low <= effect * rate.mean() <= each.high)
        found.append((each.low > 0 or each.high < 0, each.standard_error, each.estimate))
    excluded, errors, estimates = np.array(found).T
    return np.mean(covered), excluded.mean(), errors.mean() / estimates.std()


def test_intervals_cover_and_no_effect_is_seldom_found():
    """95 % intervals hold the truth in 92 to 98 %, and without an effect 3 to 8 % of 400 exclude 0."""
    coverage, _, ratio = repeated(400, 500, 0.3, seed=1)
    assert 0.92 <= coverage <= 0.98
    assert 0.85 <= ratio <= 1.15
    _, wrong, _ = repeated(400, 500, 0.0, seed=2)
    assert 0.03 <= wrong <= 0.08


@pytest.mark.proof
def test_coverage_and_error_of_the_first_kind_over_many_repetitions():
    """Of 2,000 repetitions 92 to 98 % cover, and 3 to 7 % find an effect that is not there."""
    coverage, _, ratio = repeated(2000, 1000, 0.3, seed=3)
    _, wrong, _ = repeated(2000, 1000, 0.0, seed=4)
    print(f"\ncoverage {coverage:.3f}, standard error over spread {ratio:.3f}, error of the first kind {wrong:.3f}")
    assert 0.92 <= coverage <= 0.98
    assert 0.03 <= wrong <= 0.07


def test_a_forecast_narrows_the_interval_and_moves_no_estimate():
    """With a covariate known before the draw the standard error falls; both intervals hold the truth."""
    y, treated, forecast, rate = purchases_of(np.random.default_rng(5), 4000, 0.5)
    plain, adjusted = randomised_effect(y, treated), randomised_effect(y, treated, forecast)
    assert adjusted.standard_error < 0.9 * plain.standard_error
    assert plain.low < 0.5 * rate.mean() < plain.high
    assert adjusted.low < 0.5 * rate.mean() < adjusted.high


def test_unequal_probabilities_are_weighted_out():
    """Where good customers are more often treated, weights of 1 / probability undo it."""
    rng = np.random.default_rng(6)
    rate = rng.gamma(1, 1, 20_000)
    probability = np.where(rate > 1, 0.8, 0.3)
    treated = rng.random(len(rate)) < probability
    y = rng.poisson(rate + 0.2 * treated)
    weights = 1 / np.where(treated, probability, 1 - probability)
    weighted = randomised_effect(y, treated, weights=weights)
    assert weighted.low < 0.2 < weighted.high
    assert randomised_effect(y, treated).low > 0.4


def test_a_single_huge_order_is_cut():
    """Spend is winsorised at a quantile of the positive amounts; zeros and the rest stay as they are."""
    amounts = np.r_[np.zeros(500), np.arange(1.0, 501), 1e9]
    cut, limit = winsorise(amounts)
    assert limit == np.quantile(amounts[amounts > 0], 0.99)
    assert cut.max() == limit
    assert (cut[amounts <= limit] == amounts[amounts <= limit]).all()
    assert winsorise(np.zeros(3))[0].tolist() == [0, 0, 0]


def test_harm_is_not_clipped():
    """A harmful action has a negative estimate and interval."""
    found = randomised_effect([0, 1, 0, 1, 0, 1, 5, 6, 5, 6, 5, 6], [1] * 6 + [0] * 6)
    assert found.high < 0
    assert found.relative < 0
    assert found.p_value < 0.001
