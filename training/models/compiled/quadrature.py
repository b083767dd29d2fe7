"""The nodes of `beta_quadrature` for one Beta distribution, without SciPy."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# These are the numbers of beta_quadrature; a test holds both to the same nodes.
NEGLIGIBLE, STEP, DROP = 28.0, 0.36, 40.0


def beta_nodes(A: float, B: float, level: float) -> tuple[Floats, Floats]:
    """Return p and weight / p with E[f(P)] = sum(weight f(p)), P ~ Beta(A, B), each of shape (nodes,).

    They fit functions of p that vary by at most the factor exp(level).
    """
    edge = NEGLIGIBLE + level
    left = min(max(_falls_off(A, B, DROP + level), -edge), edge - 1)
    right = min(max(-_falls_off(B, A, DROP + level), 1 - edge), edge)
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


def _falls_off(A: float, B: float, drop: float) -> float:
    mode = math.log(A) - math.log(B)
    peak = A * _log_expit(mode) + B * _log_expit(-mode)
    v = mode - math.sqrt(2 * drop * (1 / A + 1 / B))
    for _ in range(6):
        excess = A * _log_expit(v) + B * _log_expit(-v) - peak + drop
        v -= excess / (A * math.exp(_log_expit(-v)) - B * math.exp(_log_expit(v)))
    return v


def _log_expit(v: float) -> float:
    return -math.log1p(math.exp(-v)) if v > 0 else v - math.log1p(math.exp(v))
