"""Expectations under Beta distributions, for shapes and functions of every size."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from training.models.arrays import Floats, Index
from training.models.btyd.constants import DROP, STEP, TAIL
from training.models.btyd.rfm_input import refuse, unique_rows

BLOCK_ROWS = 512


@dataclass(frozen=True)
class BetaNodes:
    """Points and weights with ``E[f(P)] = sum(weight * f(p))``, ``P ~ Beta(A, B)``, each of shape (nodes,).

    ``q`` is 1 - p without cancellation; ``by_a`` and ``by_b`` are the derivatives of ``weight`` by A and B.
    """

    p: Floats
    q: Floats
    weight: Floats
    by_a: Floats
    by_b: Floats


def beta_blocks(A: Floats, B: Floats, spread: Floats) -> Iterator[tuple[Index, BetaNodes]]:
    """Row numbers and the nodes for ``Beta(A, B)`` in these rows, block after block of one A and B.

    ``A``, ``B`` > 0 and ``spread`` >= 0 have shape (n,), all finite; InvalidArgumentError is raised otherwise. A row's
    nodes, which depend on that row alone, fit functions of p that vary by at most the factor exp(spread) and level off
    where |logit p| > 28 + spread.
    """
    usable = (A > 0) & (B > 0) & (spread >= 0) & np.isfinite(A + B + spread)
    refuse(~usable, "A, B or spread is out of range", "expected finite A and B above 0, and spread of at least 0")
    coarse = 4.0 * np.ceil(spread / 4.0)
    for level in np.unique(coarse):
        rows = np.flatnonzero(coarse == level)
        position, kind = unique_rows(A[rows], B[rows])
        nodes = _nodes(A[rows][position], B[rows][position], float(level))
        rows = rows[np.argsort(kind, kind="stable")]
        start = 0
        for end, *of_kind in zip(np.cumsum(np.bincount(kind)), *nodes, strict=True):
            for block in range(start, end, BLOCK_ROWS):
                yield rows[block : min(block + BLOCK_ROWS, end)], BetaNodes(*of_kind)
            start = end


def _nodes(A: Floats, B: Floats, spread: float) -> tuple[Floats, ...]:
    """The fields of ``BetaNodes`` for each A and B, shapes (n, nodes): the trapezoid rule over logit p.

    It converges geometrically there, and a tail that decays slowly (A or B near 0) is a geometric series,
    summed into the last node. All terms are positive: nothing cancels, and a mean stays in the range of f.
    """
    A, B = A[:, None], B[:, None]
    edge = TAIL + spread
    left = np.clip(_left_end(A, B, DROP + spread), -edge, edge - 1)
    right = np.clip(-_left_end(B, A, DROP + spread), 1 - edge, edge)
    count = int(np.ceil(2 * edge / STEP))
    step = (right - left) / (count - 1)
    logit = left + step * np.arange(count)
    log_p, log_q = log_expit(logit), log_expit(-logit)
    weight = A * log_p + B * log_q
    weight[:, :1] -= np.log(-np.expm1(-A * step))
    weight[:, -1:] -= np.log(-np.expm1(-B * step))
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    # the same series, differentiated
    log_p[:, :1] -= step / np.expm1(np.minimum(A * step, 700.0))
    log_q[:, -1:] -= step / np.expm1(np.minimum(B * step, 700.0))
    by_a = weight * (log_p - (weight * log_p).sum(axis=1, keepdims=True))
    by_b = weight * (log_q - (weight * log_q).sum(axis=1, keepdims=True))
    return expit(logit), expit(-logit), weight, by_a, by_b


def _left_end(A: Floats, B: Floats, drop: float) -> Floats:
    """The logit, left of the mode, where Beta(A, B)'s density over logits is exp(-drop) of its peak."""
    mode = np.log(A) - np.log(B)
    peak = A * log_expit(mode) + B * log_expit(-mode)
    v = mode - np.sqrt(2 * drop * (1 / A + 1 / B))
    # Newton's method on a concave function: after its first step it stays outside and closes in.
    for _ in range(6):
        excess = A * log_expit(v) + B * log_expit(-v) - peak + drop
        v = v - excess / (A * expit(-v) - B * expit(v))
    return np.asarray(v)
