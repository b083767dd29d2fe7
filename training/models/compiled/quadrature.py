"""The nodes of `beta_quadrature` for one Beta distribution, without SciPy."""

import math

import numpy as np

from training.models.arrays import Floats
from training.models.btyd.constants import DROP, STEP, TAIL


def beta_nodes(A: float, B: float, spread: float) -> tuple[Floats, Floats]:
    """Return p and weight / p with E[f(P)] = sum(weight f(p)) for P ~ Beta(A, B), each of shape (nodes,).

    They hold for functions f that vary by at most the factor exp(spread).
    """
    edge = TAIL + spread
    left = min(max(_left_end(A, B, DROP + spread), -edge), edge - 1)
    right = min(max(-_left_end(B, A, DROP + spread), 1 - edge), edge)
    count = math.ceil(2 * edge / STEP)
    step = (right - left) / (count - 1)
    logit = left + step * np.arange(count)
    log_p, log_q = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
    log_weight = A * log_p + B * log_q
    log_weight[0] -= math.log(-math.expm1(-A * step))
    log_weight[-1] -= math.log(-math.expm1(-B * step))
    weight = np.exp(log_weight - log_weight.max())
    p = np.exp(log_p)
    return p, weight / weight.sum() / p


def _left_end(A: float, B: float, drop: float) -> float:
    """Return the logit, left of the mode, where the density over logits is exp(-drop) of its peak."""
    mode = math.log(A) - math.log(B)
    peak = A * _log_expit(mode) + B * _log_expit(-mode)
    v = mode - math.sqrt(2 * drop * (1 / A + 1 / B))
    for _ in range(6):
        excess = A * _log_expit(v) + B * _log_expit(-v) - peak + drop
        v -= excess / (A * math.exp(_log_expit(-v)) - B * math.exp(_log_expit(v)))
    return v


def _log_expit(v: float) -> float:
    return -math.log1p(math.exp(-v)) if v > 0 else v - math.log1p(math.exp(v))
