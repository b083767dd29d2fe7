"""How long customers pause, learnt from who came back in past windows."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from training.models.arrays import Flags, Floats
from training.models.btyd.pausing_bg_nbd import PAUSE_GAPS, PAUSE_SHAPE
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.ridge_regression import no_purchase_derivatives, no_purchase_log_likelihood

LOG_SD = 1.0
"""Prior standard deviation of the logarithms of both parameters about `PAUSE_SHAPE` and `PAUSE_GAPS`."""
MIN_SHAPE, MAX_SHAPE = 1e-6, 0.95
TOLERANCE, MAX_STEPS = 0.05, 60
INTERCEPT_STEPS, CONVERGED = 6, 1e-9


def fit_pauses(past: Sequence[tuple[CutoffFit, int]]) -> tuple[float, float]:
    """Return shape and scale of the pauses (see `PausingBGNBD`) that best tell who bought in past windows.

    The posterior mode under a log-normal prior. Customers appear in several windows, so the log-likelihood is divided
    by the number of times that a customer appears on average. Each window and horizon has an intercept on the log
    hazard: season and trend are not taken for pauses.

    Parameters
    ----------
    past : sequence of (CutoffFit, int)
        Earlier cutoffs, each with a horizon in days that has ended; without any, the prior's mode is returned.

    Returns
    -------
    shape, gaps : float
    """
    if not past:
        return PAUSE_SHAPE, PAUSE_GAPS
    prior = np.log([PAUSE_SHAPE, PAUSE_GAPS])
    rows = sum(len(fit.rfm) for fit, _ in past)
    repeats = rows / max(len(fit.rfm) for fit, _ in past)

    # All that does not depend on the pauses is computed once.
    silences = {id(fit): fit.bg_nbd.silences(fit.rfm) for fit, _ in past}
    windows = []
    for fit, days in past:
        horizon = np.full(len(fit.rfm), float(fit.adjusted_days(days)))
        buys = fit.bg_nbd.purchase_probability_if_active(fit.rfm, horizon)
        windows.append((silences[id(fit)], buys, horizon, fit.window.purchases[days] > 0))

    def loss(v: Floats) -> float:
        parameters = _parameters(v)
        fits = (
            _log_likelihood(silence.no_purchase_probability(*parameters, buys, horizon), bought)
            for silence, buys, horizon, bought in windows
        )
        return float(((v - prior) ** 2).sum() / (2 * LOG_SD**2) - sum(fits) / repeats)

    options = {"xatol": TOLERANCE, "fatol": TOLERANCE, "maxiter": MAX_STEPS}
    return _parameters(minimize(loss, prior, method="Nelder-Mead", options=options).x)


def _parameters(v: Floats) -> tuple[float, float]:
    return float(np.clip(np.exp(v[0]), MIN_SHAPE, MAX_SHAPE)), float(np.exp(v[1]))


def _log_likelihood(none: Floats, bought: Flags) -> float:
    """Return the log-likelihood of who bought, at its best intercept on the log hazard (prior variance 1)."""
    log_hazard = np.log(-np.log(np.clip(none, 1e-12, 1 - 1e-9)))
    intercept = 0.0
    for _ in range(INTERCEPT_STEPS):
        slope, weight = no_purchase_derivatives(log_hazard + intercept, bought)
        step = float(np.clip((slope.sum() - intercept) / (weight.sum() + 1), -1, 1))
        intercept += step
        if abs(step) < CONVERGED:
            break
    return float(no_purchase_log_likelihood(log_hazard + intercept, bought).sum() - intercept**2 / 2)
