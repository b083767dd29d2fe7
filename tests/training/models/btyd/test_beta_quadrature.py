import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln

from training.models.btyd.beta_quadrature import beta_blocks

shapes = st.floats(-7, 12).map(np.exp)


def mean(f, A, B, spread=0.0):
    [(rows, nodes)] = beta_blocks(np.array([A]), np.array([B]), np.array([spread]))
    assert list(rows) == [0]
    return nodes.weight @ f(nodes.p, nodes.q), nodes


@given(shapes, shapes)
def test_mean_and_complement_are_exact(A, B):
    """E[P] = A / (A + B) and E[1 - P] = B / (A + B), from A = .001 to 160,000."""
    p, nodes = mean(lambda p, q: p, A, B)
    assert p == pytest.approx(A / (A + B), rel=1e-8)
    assert nodes.weight @ nodes.q == pytest.approx(B / (A + B), rel=1e-8)
    assert nodes.weight.min() >= 0
    assert nodes.weight.sum() == pytest.approx(1, abs=1e-13)


@given(st.floats(-4, 8).map(np.exp), st.floats(-4, 8).map(np.exp))
def test_derivatives_by_the_shapes_are_exact(A, B):
    """The derivative of E[P] = A / (A + B) by A is B / (A + B)^2, and by B is -A / (A + B)^2."""
    _, nodes = mean(lambda p, q: p, A, B)
    assert nodes.by_a @ nodes.p == pytest.approx(B / (A + B) ** 2, rel=1e-6, abs=1e-10)
    assert nodes.by_b @ nodes.p == pytest.approx(-A / (A + B) ** 2, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize(("A", "B", "s", "c"), [(0.8, 2.4, 9.0, 0.3), (1.0, 30.0, 1e4, 8.0), (5.0, 1.2, 0.01, 40.0)])
def test_a_function_with_a_knee_agrees_with_adaptive_integration(A, B, s, c):
    """The mean of (1 - (1 + p s)^-c) / p is that of scipy's adaptive integration."""

    def f(p):
        return -np.expm1(-c * np.log1p(p * s)) / p

    def integrand(v):
        p = 1 / (1 + np.exp(-v))
        return np.exp(A * np.log(p) - B * np.logaddexp(0, v) - betaln(A, B)) * f(p)

    expected, _ = quad(integrand, -60, 40, limit=500, epsabs=0, epsrel=1e-11, points=[-10, -5, 0, 5])
    assert mean(lambda p, q: f(p), A, B, np.log1p(c * s))[0] == pytest.approx(expected, rel=1e-9)


def test_a_row_does_not_depend_on_its_neighbours():
    """Every row comes once, with the same nodes alone as among others, to the last bit."""
    A, B, spread = np.array([1.0, 2.0, 1.0, 1.0]), np.array([3.0, 3.0, 4.0, 3.0]), np.array([0.0, 9.0, 1.0, 20.0])
    together = {int(row): nodes for rows, nodes in beta_blocks(A, B, spread) for row in rows}
    assert sorted(together) == [0, 1, 2, 3]
    for row in range(4):
        [(_, alone)] = beta_blocks(A[[row]], B[[row]], spread[[row]])
        assert (alone.weight == together[row].weight).all()
        assert (alone.p == together[row].p).all()
