import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from training.models.btyd.optimiser import maximise


def hill(top):
    """A log-likelihood with its maximum at ``top``."""
    return lambda p: (-float(((p - top) ** 2).sum()), -2 * (p - top))


def test_the_maximum_is_found():
    """Parameters of sizes 0.01 to 100 come out, from a start elsewhere."""
    top = np.array([0.01, 1.0, 100.0])
    assert maximise(hill(top), np.ones(3), penalizer=0, tol=1e-9) == pytest.approx(top, rel=1e-4)


def test_a_penalizer_draws_parameters_to_their_unit():
    """The larger the penalizer, the nearer is a parameter to 1."""
    top = np.array([5.0])
    found = [maximise(hill(top), np.ones(1), penalizer=k, tol=1e-9)[0] for k in (0, 0.1, 1, 10, 1e6)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(1, abs=1e-3)


def test_a_parameter_that_the_data_leave_free_stays_finite():
    """A likelihood that rises for ever stops at the bound, without a warning."""
    found = maximise(lambda p: (float(p[0]), np.ones(1)), np.ones(1), penalizer=0, tol=1e-9)
    assert found[0] == pytest.approx(np.exp(12))


def test_a_search_that_fails_says_so():
    """A gradient that contradicts its function ends in a ConvergenceWarning that says what to do."""
    with pytest.warns(ConvergenceWarning, match="gradient is 1 .* try a penalizer above 0"):
        maximise(lambda p: (-float(p[0]), np.ones(1)), np.ones(1), penalizer=0, tol=1e-9)
