"""The quadrature's constants give the accuracy that they promise."""

from math import exp, pi

from training.models.btyd.constants import DROP, STEP, TAIL


def test_the_quadrature_is_accurate_to_1e_11():
    """Beyond the tail a function is constant, the trapezoid rule converges, and what is cut off is negligible."""
    assert exp(-TAIL) < 1e-12
    assert exp(-(pi**2) / STEP) < 2e-12
    assert exp(-DROP) < 1e-17
