"""Maximum likelihood for models with a few positive parameters."""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from training.models.btyd.rfm_input import Array

# Parameters stay within exp(-12) to exp(12) of their unit: one that the data leave free stops there, finite.
_LOG_BOUND = 12.0


def maximise(
    mean_log_likelihood: Callable[[Array], tuple[float, Array]], start: Array, *, penalizer: float, tol: float
) -> Array:
    """The positive parameters, shape (k,), that maximise a mean log-likelihood, sought on their logarithms.

    ``mean_log_likelihood`` takes the parameters and returns its value and its gradient by them. The search
    ends where no part of the gradient by the logarithms exceeds ``tol``. The mean is lessened by
    ``penalizer * sum(log(parameter) ** 2)``, so that few customers cannot push a parameter far from its unit.
    Warns ``ConvergenceWarning`` where the search fails.
    """

    def loss(log_parameters: Array) -> tuple[float, Array]:
        parameters = np.exp(log_parameters)
        value, gradient = mean_log_likelihood(parameters)
        penalty = penalizer * log_parameters
        return float(penalty @ log_parameters) - value, 2 * penalty - gradient * parameters

    found = minimize(
        loss,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_LOG_BOUND, _LOG_BOUND)] * len(start),
        options={"gtol": tol, "ftol": 1e-15, "maxiter": 500, "maxcor": 20},
    )
    slope = np.abs(found.jac).max()
    if not found.success and slope > 1e3 * tol:
        warnings.warn(
            f"the likelihood's gradient is {slope:.1g} where the search ended, expected at most {tol:g}; "
            "try a penalizer above 0",
            ConvergenceWarning,
            stacklevel=3,
        )
    return np.asarray(np.exp(found.x))
