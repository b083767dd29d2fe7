from math import exp, expm1, lgamma, log

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1

from training.models.btyd.pareto_nbd import ParetoNBD

HISTORIES = [(0, 0, 40), (1, 3, 40), (2, 40, 40), (7, 25, 60)]
# alpha below, above and equal to beta: the paper's formula has a case for each
PARAMETERS = [(0.9, 12.0, 1.4, 30.0), (1.2, 20.0, 1.0, 5.0), (1.5, 20.0, 0.7, 20.0)]


def row(x, t_x, T):
    return pd.DataFrame({"frequency": [x], "recency": [t_x], "T": [T]}, dtype=float)


def mean(f, shape, rate):
    """E[f(V)], V ~ Gamma(shape, rate), by adaptive integration against the density."""
    log_constant = shape * log(rate) - lgamma(shape)

    def weighted(v):
        return f(v) * exp(log_constant + (shape - 1) * log(v) - rate * v)

    return quad(weighted, 0, np.inf, epsabs=0, epsrel=1e-7, limit=300)[0]


@pytest.mark.parametrize(("x", "t_x", "T"), HISTORIES[:3])
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_likelihood_is_the_integral_over_customers(with_parameters, parameters, x, t_x, T):
    """Active: lambda^x exp(-(lambda + mu) T), averaged; gone: the end anywhere in t_x..T, integrated."""
    r, alpha, s, beta = parameters

    def buys(u):
        return mean(lambda v: v**x * exp(-v * u), r, alpha)

    active = buys(T) * mean(lambda v: exp(-v * T), s, beta)
    gone = quad(lambda u: buys(u) * mean(lambda v: v * exp(-v * u), s, beta), t_x, T, epsabs=0, epsrel=1e-6)[0]
    m = with_parameters(ParetoNBD, *parameters)
    assert m.log_likelihood(row(x, t_x, T)) == pytest.approx(np.log(active + gone), abs=1e-5)
    assert m.probability_alive(row(x, t_x, T)) == pytest.approx(active / (active + gone), rel=1e-5)


@pytest.mark.parametrize(("x", "t_x", "T"), HISTORIES)
def test_likelihood_is_the_papers_formula(with_parameters, x, t_x, T):
    """Fader & Hardie (2005), alpha > beta: with A0 of two 2F1."""
    r, alpha, s, beta = 0.9, 30.0, 1.4, 12.0
    k = r + s + x

    def part(t):
        return hyp2f1(k, s + 1, k + 1, (alpha - beta) / (alpha + t)) / (alpha + t) ** k

    bracket = (alpha + T) ** -(r + x) * (beta + T) ** -s + s / k * (part(t_x) - part(T))
    constant = exp(lgamma(r + x) - lgamma(r)) * alpha**r * beta**s
    found = with_parameters(ParetoNBD, r, alpha, s, beta).log_likelihood(row(x, t_x, T))
    assert found == pytest.approx(np.log(constant * bracket), abs=1e-9)


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("x", [0, 4])
def test_forecasts_are_the_integral_over_who_is_active(with_parameters, parameters, x):
    """Given active: E[lambda (1 - exp(-mu t)) / mu] purchases; the first at u with E[lambda e^-(lambda + mu) u]."""
    r, alpha, s, beta = parameters
    X, T, t = row(x, 20 * (x > 0), 40), 40, 90
    rate, ends = (r + x, alpha + T), (s, beta + T)
    m = with_parameters(ParetoNBD, *parameters)
    alive = m.probability_alive(X)
    purchases = (r + x) / (alpha + T) * mean(lambda mu: -expm1(-mu * t) / mu, *ends)
    assert m.expected_purchases(X, t) == pytest.approx(alive * purchases, rel=1e-7)

    def first(u):
        return mean(lambda v: v * exp(-v * u), *rate) * mean(lambda v: exp(-v * u), *ends)

    assert m.no_purchase_probability(X, t) == pytest.approx(1 - alive * quad(first, 0, t, epsrel=1e-8)[0], abs=1e-7)


def test_nothing_happens_at_s_equal_1(with_parameters):
    """Expected purchases pass smoothly through s = 1, where the paper's formula divides by 0."""
    s = [1 - 1e-4, 1 - 1e-9, 1, 1 + 1e-9, 1 + 1e-4]
    found = [with_parameters(ParetoNBD, 0.9, 12.0, v, 9.0).expected_purchases(row(3, 20, 40), 90)[0] for v in s]
    assert found[0] + found[4] == pytest.approx(2 * found[2], rel=1e-7)
    assert found[1] + found[3] == pytest.approx(2 * found[2], rel=1e-12)


@pytest.mark.needs_data
def test_cdnow_gives_the_published_figures(cdnow):
    """CDNOW, 39 weeks: r .553, alpha 10.578, s .606, beta 11.67, log-likelihood -9595.0 in weeks."""
    m = ParetoNBD().fit(cdnow)
    assert [m.r_, m.alpha_ / 7, m.s_] == pytest.approx([0.553, 10.578, 0.606], abs=5e-4)
    assert m.beta_ / 7 == pytest.approx(11.67, abs=5e-3)
    assert m.log_likelihood_ + np.log(7) * cdnow["frequency"].sum() == pytest.approx(-9595.0, abs=0.05)
