"""Maximum likelihood for models with a few positive parameters."""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from training.models.arrays import Floats
from training.models.numeric_arguments import require_number

LOG_BOUND = 12.0
"""Parameters stay within exp(-12) to exp(12) of their unit: one that the data do not identify stays finite."""


def maximise(
    mean_log_likelihood: Callable[[Floats], tuple[float, Floats]], start: Floats, *, penalizer: float, tol: float
) -> Floats:
    """Maximise a mean log-likelihood over the logarithms of positive parameters.

    Parameters
    ----------
    mean_log_likelihood : callable
        Takes the parameters, float64 of shape (k,), and returns its value and its gradient by them.
    start : ndarray of float64, shape (k,)
        Where the search starts.
    penalizer : float
        The mean is reduced by ``penalizer * sum(log(parameter) ** 2)``, so that a few customers cannot push a parameter
        far from its unit.
    tol : float
        The search ends when no component of the gradient by the logarithms exceeds it.

    Returns
    -------
    ndarray of float64, shape (k,)
        The parameters. Warns ConvergenceWarning when the search fails.

    Raises
    ------
    InvalidArgumentError
        The penalizer is negative, the tolerance is not above 0, or one of them is not finite.
    """
    require_number("penalizer", penalizer, 0)
    require_number("tol", tol, 0, above=True)

    def loss(log_parameters: Floats) -> tuple[float, Floats]:
        parameters = np.exp(log_parameters)
        value, gradient = mean_log_likelihood(parameters)
        penalty = penalizer * log_parameters
        return float(penalty @ log_parameters) - value, 2 * penalty - gradient * parameters

    result = minimize(
        loss,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-LOG_BOUND, LOG_BOUND)] * len(start),
        options={"gtol": tol, "ftol": 1e-15, "maxiter": 500, "maxcor": 20},
    )
    slope = np.abs(result.jac).max()
    if not result.success and slope > 1e3 * tol:
        warnings.warn(
            f"the likelihood's gradient is {slope:.1g} where the search ended, expected at most {tol:g}; "
            "try a penalizer above 0",
            ConvergenceWarning,
            stacklevel=3,
        )
    return np.asarray(np.exp(result.x))
