"""How long customers pause, learnt from who came back in past windows."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from training.models.arrays import Flags, Floats
from training.models.btyd.pausing_bg_nbd import PAUSE_GAPS, PAUSE_SHAPE
from training.models.purchases.cutoff_fit import CutoffFit

LOG_SD = 1.0
"""Prior standard deviation of the logarithms of both parameters about `PAUSE_SHAPE` and `PAUSE_GAPS`."""
MIN_SHAPE, MAX_SHAPE = 1e-6, 0.95
TOLERANCE, MAX_STEPS = 0.05, 60
INTERCEPT_STEPS = 6


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

    def loss(v: Floats) -> float:
        shape, gaps = _parameters(v)
        fits = (
            _log_likelihood(fit.paused(shape, gaps).no_purchase_probability(days), fit.window.purchases[days] > 0)
            for fit, days in past
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
        hazard = np.exp(np.clip(log_hazard + intercept, -30, 4))
        purchase, none = -np.expm1(-hazard), np.exp(-hazard)
        slope = np.where(bought, hazard * none / purchase, -hazard).sum() - intercept
        curvature = (hazard**2 * none / purchase).sum() + 1
        intercept += float(np.clip(slope / curvature, -1, 1))
    hazard = np.exp(np.clip(log_hazard + intercept, -30, 4))
    return float(np.where(bought, np.log(-np.expm1(-hazard)), -hazard).sum() - intercept**2 / 2)
