"""The tabulated purchases of active customers: those of the quadrature, for parameters and rows of every size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from training.models.btyd.bg_nbd import BGNBD
from training.models.compiled.active_purchases import CACHED_PANELS, ActivePurchases

PARAMETERS = [
    {"r": 0.24, "alpha": 4.4, "a": 0.79, "b": 2.43},
    {"r": 20.0, "alpha": 100.0, "a": 1.0, "b": 1.0},
    {"r": 0.02, "alpha": 0.5, "a": 5.0, "b": 1000.0},
    {"r": 3.0, "alpha": 1000.0, "a": 1e-3, "b": 40.0},
    {"r": 0.5, "alpha": 30.0, "a": 0.01, "b": 0.02},
]


def both(parameters, x, T, t):
    """What the table and the estimator's quadrature give."""
    model = BGNBD()
    model.params_ = parameters
    active = ActivePurchases(parameters["r"], parameters["a"], parameters["b"])
    return active.expected(x, t / (parameters["alpha"] + T)), model._expected_if_alive(x, T, t)


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("days", [0.01, 90.0, 3650.0])
def test_a_base_of_all_sorts_has_the_values_of_the_quadrature(parameters, days):
    """To 1e-11: from no repeat purchase to thousands, from the first day to ten years."""
    rng = np.random.default_rng(0)
    x = np.minimum(np.floor(rng.pareto(0.6, 400)), 5000.0)
    found, expected = both(parameters, x, rng.integers(0, 8000, 400) / 2, np.full(400, days))
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@settings(deadline=None, max_examples=40)
@given(
    r=st.floats(-4, 3).map(np.exp),
    a=st.floats(-5, 5).map(np.exp),
    b=st.floats(-5, 5).map(np.exp),
    x=st.one_of(st.integers(0, 20), st.integers(0, 100_000)),
    share=st.floats(-12, 9).map(np.exp),
)
def test_any_parameters_have_the_values_of_the_quadrature(r, a, b, x, share):
    """To 1e-10, at the edges of panels and far from every shop."""
    parameters = {"r": r, "alpha": 1.0, "a": a, "b": b}
    found, expected = both(parameters, np.array([float(x)]), np.zeros(1), np.array([share]))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("x", [0.0, 3.0, 8.0, 40.0])
def test_the_closed_form_has_the_same_value(x):
    """Fader, Hardie & Lee (2005), eq. 10 without P(active), by SciPy's hypergeometric function, to 1e-12."""
    r, a, b, share = 0.7, 1.8, 2.4, 0.35
    z = share / (1 + share)
    series = (1 + share) ** -(r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z)
    expected = (a + b + x - 1) / (a - 1) * (1 - series)
    assert ActivePurchases(r, a, b).expected(np.array([x]), np.array([share]))[0] == pytest.approx(expected, rel=1e-12)


def test_a_row_does_not_depend_on_the_others():
    """Alone or among a thousand, before and after other tables: to the last bits."""
    rng = np.random.default_rng(1)
    x, share = rng.integers(0, 60, 1000).astype(float), np.exp(rng.normal(0, 2, 1000))
    active = ActivePurchases(0.5, 0.8, 2.5)
    together = active.expected(x, share)
    alone = [active.expected(x[row : row + 1], share[row : row + 1])[0] for row in range(0, 1000, 50)]
    np.testing.assert_allclose(alone, together[::50], rtol=1e-14)


def test_no_time_brings_no_purchase_and_no_row_is_no_row():
    """0 for a horizon of 0; an empty array for none."""
    active = ActivePurchases(0.5, 0.8, 2.5)
    assert active.expected(np.array([0.0, 9.0]), np.zeros(2)).tolist() == [0.0, 0.0]
    assert active.expected(np.zeros(0), np.zeros(0)).shape == (0,)


def test_panels_are_bounded_in_number():
    """However many horizons and customers come."""
    assert ActivePurchases(0.5, 0.8, 2.5)._panel.cache_info().maxsize == CACHED_PANELS
