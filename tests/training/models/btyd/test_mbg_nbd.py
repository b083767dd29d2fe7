import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.integrate import quad

from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.mbg_nbd import MBGNBD

HISTORIES = [(0, 0, 40), (1, 3, 40), (2, 40, 40), (7, 25, 60)]
PARAMETERS = (0.9, 12.0, 1.4, 2.2)


def row(x, t_x, T):
    return pd.DataFrame({"frequency": [x], "recency": [t_x], "T": [T]}, dtype=float)


def mean(f, distribution):
    """E[f(V)] by adaptive integration against the density."""
    return quad(lambda v: f(v) * distribution.pdf(v), *distribution.support(), epsabs=1e-13, limit=300)[0]


@pytest.mark.parametrize(("x", "t_x", "T"), HISTORIES)
def test_likelihood_is_the_integral_over_customers(with_parameters, x, t_x, T):
    """As for the BG/NBD, with a chance to leave after the first purchase too."""
    r, alpha, a, b = PARAMETERS
    rate, leaves = stats.gamma(r, scale=1 / alpha), stats.beta(a, b)
    stays = mean(lambda p: (1 - p) ** (x + 1), leaves) * mean(lambda v: v**x * np.exp(-v * T), rate)
    left = mean(lambda p: p * (1 - p) ** x, leaves) * mean(lambda v: v**x * np.exp(-v * t_x), rate)
    m = with_parameters(MBGNBD, *PARAMETERS)
    assert m.log_likelihood(row(x, t_x, T)) == pytest.approx(np.log(stays + left), abs=1e-7)
    assert m.probability_alive(row(x, t_x, T)) == pytest.approx(stays / (stays + left), rel=1e-7)


@pytest.mark.parametrize("x", [0, 3])
def test_expected_purchases_are_the_mean_over_p(with_parameters, x):
    """E[(1 - exp(-lambda p t)) / p] over lambda and p of who is active, by slow numeric integration."""
    r, alpha, a, b = PARAMETERS
    X, t = row(x, 20 * (x > 0), 40), 90
    m = with_parameters(MBGNBD, *PARAMETERS)

    def purchases(p):
        return -np.expm1(-(r + x) * np.log1p(p * t / (alpha + 40))) / p

    expected = mean(purchases, stats.beta(a, b + x + 1)) * m.probability_alive(X)
    assert m.expected_purchases(X, t) == pytest.approx(expected, rel=1e-8)


def test_who_bought_once_may_have_left(with_parameters):
    """Unlike in the BG/NBD, P(alive) of a one-time buyer falls with time; at once it is b / (a + b)."""
    m, bg = with_parameters(MBGNBD, *PARAMETERS), with_parameters(BGNBD, *PARAMETERS)
    alive = [m.probability_alive(row(0, 0, T))[0] for T in (0, 10, 100, 1000)]
    assert alive[0] == pytest.approx(2.2 / 3.6)
    assert alive == sorted(alive, reverse=True)
    assert bg.probability_alive(row(0, 0, 1000))[0] == 1 > alive[-1]


@pytest.mark.needs_data
def test_cdnow_gives_the_published_figures(cdnow):
    """CDNOW, 39 weeks: r .525, alpha 6.183, a .891, b 1.614, log-likelihood -9582.1 in weeks."""
    m = MBGNBD().fit(cdnow)
    assert [m.r_, m.alpha_ / 7, m.a_, m.b_] == pytest.approx([0.525, 6.183, 0.891, 1.614], abs=5e-4)
    assert m.log_likelihood_ + np.log(7) * cdnow["frequency"].sum() == pytest.approx(-9582.1, abs=0.05)
