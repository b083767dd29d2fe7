"""One Beta distribution's nodes: those of `beta_blocks`."""

import numpy as np
import pytest

from training.models.btyd.beta_quadrature import beta_blocks
from training.models.compiled.quadrature import beta_nodes


@pytest.mark.parametrize("A", [1e-3, 0.14, 1.0, 50.0, 4e4])
@pytest.mark.parametrize("B", [0.02, 2.75, 900.0, 1e5])
@pytest.mark.parametrize("level", [0.0, 4.0, 12.0])
def test_nodes_are_those_of_the_base(A, B, level):
    """The same points and weights, and they add up to one."""
    ((_, nodes),) = beta_blocks(np.array([A]), np.array([B]), np.array([level]))
    p, weight = beta_nodes(A, B, level)
    np.testing.assert_allclose(p, nodes.p, rtol=1e-11)
    np.testing.assert_allclose(weight * p, nodes.weight, rtol=1e-8, atol=1e-16)
    assert (weight * p).sum() == pytest.approx(1, abs=1e-12)
