from math import exp, lgamma, log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import estimator_checks_generator

from features.errors import InvalidArgumentError
from training.models.btyd.gamma_gamma import GammaGamma

# the checks that hand over bare arrays do not apply: the model takes a table with columns by name
CHECKS = {
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
}


def drawn(n, p=6.0, q=4.0, gamma=15.0, seed=0):
    """Customers with one to five repeat purchases and their mean value."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 6, n).astype(float)
    scale = 1 / rng.gamma(q, 1 / gamma, n)
    return pd.DataFrame({"frequency": x, "monetary_value": rng.gamma(p * x) * scale / x})


def given_parameters(p=6.0, q=4.0, gamma=15.0):
    m = GammaGamma()
    m.params_ = {"p": p, "q": q, "gamma": gamma}
    return m


@pytest.mark.parametrize(
    ("estimator", "check"),
    [(e, c) for e, c in estimator_checks_generator(GammaGamma()) if c.func.__name__ in CHECKS],
    ids=lambda value: value.func.__name__ if hasattr(value, "func") else "",
)
def test_scikit_learns_contract(estimator, check):
    """scikit-learn's own checks of an estimator hold, those that need no bare array."""
    check(estimator)


def test_true_parameters_are_recovered():
    """From 50,000 drawn customers the fit comes within 5 % of the truth."""
    m = GammaGamma().fit(drawn(50_000))
    assert [m.p_, m.q_, m.gamma_] == pytest.approx([6, 4, 15], rel=0.05)
    assert abs(m.correlation_) < 0.02


def test_likelihood_is_the_integral_over_customers():
    """The likelihood of a mean of x purchases is its gamma density, averaged over nu ~ Gamma(q, gamma)."""
    X = drawn(30)
    m = GammaGamma().fit(X)
    own = m.q_ * log(m.gamma_) - lgamma(m.q_)
    total = 0.0
    for x, z in X.to_numpy():
        shape = m.p_ * x

        def density(v, x=x, z=z, shape=shape):
            of_mean = shape * log(v * x) + (shape - 1) * log(z) - v * x * z - lgamma(shape)
            return exp(of_mean + own + (m.q_ - 1) * log(v) - m.gamma_ * v)

        total += log(quad(density, 0, np.inf, limit=200)[0])
    assert m.log_likelihood_ == pytest.approx(total, abs=1e-5)


def test_expected_spend_agrees_with_the_next_purchase():
    """Drawn next purchases average to the expectation, by frequency and by third of the value so far."""
    rng = np.random.default_rng(1)
    X = drawn(200_000)
    # the customer's own scale, after its purchases: nu ~ Gamma(p x + q, gamma + x m)
    x, m = X["frequency"], X["monetary_value"]
    following = rng.gamma(6.0, size=len(X)) / rng.gamma(6 * x + 4, 1 / (15 + x * m))
    left_over = pd.Series(following - given_parameters().expected_spend(X))
    groups = left_over.groupby([x, pd.qcut(m, 3, labels=False)])
    assert (groups.mean().abs() <= 4.5 * groups.std() / np.sqrt(groups.size())).all()


positive = st.floats(-5, 8).map(lambda v: float(np.exp(v)))


@given(positive, positive, positive, st.integers(1, 10_000), st.floats(0, 1e9))
def test_expected_spend_is_between_the_own_mean_and_that_of_all(p, above_1, gamma, x, m):
    """Finite, and between the customer's mean and the base's, whatever the parameters."""
    X = pd.DataFrame({"frequency": [x, 0], "monetary_value": [m, np.nan]})
    own, base = given_parameters(p, 1 + above_1, gamma).expected_spend(X)
    assert base == pytest.approx(p * gamma / above_1)
    assert min(m, base) * (1 - 1e-9) <= own <= max(m, base) * (1 + 1e-9)


def test_who_tells_nothing_gets_the_mean_of_all():
    """No repeat purchase, or one without an amount: the base's mean; more returned than bought: as if 0."""
    X = pd.DataFrame({"frequency": [0, 0, 3, 3, 3], "monetary_value": [np.nan, 9, np.nan, -5, 0]})
    spend = given_parameters().expected_spend(X)
    assert spend[:3] == pytest.approx(6 * 15 / 3)
    assert spend[3] == spend[4] == pytest.approx(6 * 15 / (18 + 3))


def test_spend_that_goes_with_frequency_is_pointed_out():
    """The model assumes independence; a correlation beyond the limit warns with the figure."""
    X = drawn(2000)
    X["monetary_value"] *= X["frequency"] ** 2
    with pytest.warns(UserWarning, match=r"correlate by 0\.\d\d, expected at most 0.30"):
        m = GammaGamma().fit(X)
    assert m.correlation_ > 0.3
    GammaGamma(max_correlation=1.0).fit(X)


def test_currency_does_not_matter():
    """In cents gamma is 100 times that in currency, p and q the same, and spend 100 times."""
    X = drawn(2000)
    cents = X.assign(monetary_value=100 * X["monetary_value"])
    a, b = GammaGamma().fit(X), GammaGamma().fit(cents)
    assert [b.p_, b.q_, b.gamma_] == pytest.approx([a.p_, a.q_, 100 * a.gamma_], rel=1e-4)
    assert b.expected_spend(cents) == pytest.approx(100 * a.expected_spend(X), rel=1e-4)


@pytest.mark.parametrize("value", [20.0, 1e-6, 1e9])
def test_equal_spend_still_fits(value):
    """All customers alike, or a single one: finite, and about what they spend."""
    for n in (1, 40):
        X = pd.DataFrame({"frequency": [2.0] * n, "monetary_value": [value] * n})
        m = GammaGamma().fit(X)
        assert m.expected_spend(X) == pytest.approx(value, rel=0.02)
        assert m.correlation_ == 0


def test_bad_tables_are_refused():
    """Nobody to learn from, an infinite value, a missing column, no fit: one line each."""
    X = pd.DataFrame({"frequency": [0.0, 2.0], "monetary_value": [5.0, np.nan]})
    with pytest.raises(ValueError, match="no customer with frequency and monetary_value above 0"):
        GammaGamma().fit(X)
    with pytest.raises(NotFittedError):
        GammaGamma().expected_spend(X)
    with pytest.raises(ValueError, match="monetary_value is infinite in 1 rows"):
        given_parameters().expected_spend(X.fillna(np.inf))
    with pytest.raises(ValueError, match="frequency is null, infinite or negative in 1 rows"):
        given_parameters().expected_spend(X.assign(frequency=[1, -1]))
    with pytest.raises(ValueError, match="no column monetary_value"):
        GammaGamma().fit(X[["frequency"]])


def test_repeat_customers_who_are_left_out_are_counted():
    """Gifts, net returns and unknown values have no density: a warning says how many, and the rest is fitted."""
    X = drawn(400)
    worthless = pd.DataFrame({"frequency": [2.0, 1.0, 3.0, 0.0], "monetary_value": [0.0, -5.0, np.nan, 0.0]})
    with pytest.warns(
        UserWarning,
        match="of 403 .* purchases the fit leaves out 2 with a monetary_value of 0 or less and 1 without one:",
    ):
        m = GammaGamma().fit(pd.concat([X, worthless]))
    assert m.params_ == pytest.approx(GammaGamma().fit(X).params_)
    assert m.expected_spend(worthless)[0] < m.expected_spend(worthless)[3]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("frequency", np.nan, "frequency is null, infinite or negative in 1 rows"),
        ("frequency", -1.0, "frequency is null, infinite or negative in 1 rows"),
        ("frequency", 0.5, "frequency is not a whole number in 1 rows"),
        ("frequency", 1e13, "frequency is above"),
        ("monetary_value", -np.inf, "monetary_value is infinite in 1 rows"),
        ("monetary_value", 1e200, "monetary_value is beyond"),
    ],
)
def test_nonsense_is_refused_by_fit_and_forecast(column, value, message):
    """Nobody is left out in silence because of a value that means nothing."""
    X = drawn(30)
    X.loc[7, column] = value
    for call in (GammaGamma().fit, given_parameters().expected_spend):
        with pytest.raises(InvalidArgumentError, match=message):
            call(X)
    with pytest.raises(InvalidArgumentError, match="max_correlation is -1; expected a finite number of at least 0"):
        GammaGamma(max_correlation=-1).fit(drawn(30))


@pytest.mark.needs_data
def test_cdnow_gives_the_published_figures(cdnow):
    """CDNOW's 946 repeat customers with a value: p 6.25, q 3.74, gamma 15.44, correlation .11."""
    m = GammaGamma().fit(cdnow)
    assert [m.p_, m.q_, m.gamma_] == pytest.approx([6.25, 3.74, 15.44], abs=6e-3)
    assert m.correlation_ == pytest.approx(0.11, abs=5e-3)
