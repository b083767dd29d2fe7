import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import hyp2f1

from training.models.btyd.bg_nbd import BGNBD

HISTORIES = [(0, 0, 40), (1, 3, 40), (2, 40, 40), (7, 25, 60)]
PARAMETERS = (0.9, 12.0, 1.4, 2.2)


def row(x, t_x, T):
    return pd.DataFrame({"frequency": [x], "recency": [t_x], "T": [T]}, dtype=float)


def mean(f, distribution):
    """E[f(V)] by adaptive integration against the density."""
    return quad(lambda v: f(v) * distribution.pdf(v), *distribution.support(), epsabs=1e-13, limit=300)[0]


@pytest.mark.parametrize(("x", "t_x", "T"), HISTORIES)
def test_likelihood_is_the_integral_over_customers(with_parameters, x, t_x, T):
    """The likelihood is one customer's, averaged over lambda and p by slow numeric integration."""
    r, alpha, a, b = PARAMETERS
    rate, leaves = stats.gamma(r, scale=1 / alpha), stats.beta(a, b)
    expected = mean(lambda p: (1 - p) ** x, leaves) * mean(lambda v: v**x * np.exp(-v * T), rate)
    if x:
        left = mean(lambda p: p * (1 - p) ** (x - 1), leaves)
        expected += left * mean(lambda v: v**x * np.exp(-v * t_x), rate)
    found = with_parameters(BGNBD, *PARAMETERS).log_likelihood(row(x, t_x, T))
    assert found == pytest.approx(np.log(expected), abs=1e-7)


@pytest.mark.parametrize(("x", "t_x", "T"), HISTORIES)
@pytest.mark.parametrize("t", [1, 30, 400])
def test_expected_purchases_are_the_papers_formula(with_parameters, x, t_x, T, t):
    """Equation 10 of the paper, where a is far from 1 and x is small."""
    r, alpha, a, b = PARAMETERS
    m = with_parameters(BGNBD, *PARAMETERS)
    grows = (a + b + x - 1) / (a - 1)
    last = hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t))
    expected = grows * (1 - ((alpha + T) / (alpha + T + t)) ** (r + x) * last)
    expected *= m.probability_alive(row(x, t_x, T))
    assert m.expected_purchases(row(x, t_x, T), t) == pytest.approx(expected, rel=1e-9)


def test_nothing_happens_at_a_equal_1(with_parameters):
    """Expected purchases pass smoothly through a = 1, where the paper's formula divides by 0."""
    a = np.array([1 - 1e-4, 1 - 1e-9, 1, 1 + 1e-9, 1 + 1e-4])
    found = [with_parameters(BGNBD, 0.9, 12.0, v, 2.2).expected_purchases(row(3, 20, 40), 90)[0] for v in a]
    assert found == pytest.approx([found[2]] * 5, rel=1e-4)
    assert found[0] + found[4] == pytest.approx(2 * found[2], rel=1e-7)
    assert found[1] + found[3] == pytest.approx(2 * found[2], rel=1e-12)


def test_who_bought_once_cannot_have_left(with_parameters):
    """P(alive) is 1 without a repeat purchase, however long ago the first was."""
    assert with_parameters(BGNBD, *PARAMETERS).probability_alive(row(0, 0, 5000)) == 1


@pytest.mark.needs_data
def test_cdnow_gives_the_published_figures(cdnow):
    """CDNOW, 39 weeks: r .243, alpha 4.414, a .793, b 2.426, log-likelihood -9582.4 in weeks."""
    m = BGNBD().fit(cdnow)
    assert [m.r_, m.alpha_ / 7, m.a_, m.b_] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=5e-4)
    assert m.log_likelihood_ + np.log(7) * cdnow["frequency"].sum() == pytest.approx(-9582.4, abs=0.05)
