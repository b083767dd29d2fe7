"""The purchases of active customers under BG/NBD, for many rows: tables of the integral, interpolated.

For a customer who is active, with x repeat purchases, c = r + x and a horizon of s times alpha + T, BG/NBD expects

    E[(1 - (1 + s P)^-c) / P],  P ~ Beta(a, b + x)

The quadrature of `training.models.compiled.quadrature` takes 160 nodes a row. The logarithm of the integral is a smooth
function of log s and log(x + 1), whose nearest singularities lie where 1 + s P is 0 (pi/2 or more from the real axis)
and where x is -r or -b. So it is tabulated on Chebyshev points of panels, which interpolate it to 1e-12 (Trefethen
2013, Approximation Theory and Approximation Practice, theorem 8.2), and a row costs two short polynomials.
"""

from functools import lru_cache

import numpy as np

from training.models.arrays import Floats, Index
from training.models.compiled.quadrature import beta_nodes

LOG_HORIZON_WIDTH, HORIZON_POINTS = 1.4, 18
"""Width of a panel over log s, and its Chebyshev points: the error falls by a factor 4.7 with each."""
LOG_PURCHASES_WIDTH, PURCHASE_POINTS = float(np.log(2)), 11
"""The same over log(x + 1), for x of at least `FEW`: the error falls by a factor of 10 or more with each."""
FEW = 7
"""Below so many repeat purchases each number has a panel of its own."""
MIN_SHARE = 1e-280
"""A horizon of a smaller share of alpha + T is none."""
CACHED_PANELS = 1024
"""Panels, of 2 kB each, that are kept."""


class ActivePurchases:
    """The expected purchases of active customers.

    Parameters
    ----------
    r, a, b : float
        Of BG/NBD.
    until_pause : bool, default True
        False for E[1 - (1 + s P)^-c], without the division by P: the probability of a new pause within the horizon.
    """

    def __init__(self, r: float, a: float, b: float, until_pause: bool = True) -> None:
        self._r, self._a, self._b, self._until_pause = r, a, b, until_pause
        self._panel = lru_cache(CACHED_PANELS)(self._tabulated)

    def expected(self, x: Floats, share: Floats) -> Floats:
        """Return the expected purchases.

        Parameters
        ----------
        x : ndarray of float64, shape (n,)
            Repeat purchases, 0 or more.
        share : ndarray of float64, shape (n,)
            The horizon over alpha + T.

        Returns
        -------
        ndarray of float64, shape (n,)
            To 1e-11 of each; a row's value does not depend on the other rows.
        """
        log_x, log_share = np.log1p(x), np.log(np.maximum(share, MIN_SHARE))
        column = np.floor(log_share / LOG_HORIZON_WIDTH)
        # Few purchases are numbered by themselves, below 0; a fraction has a panel of its own, too.
        row = np.where(x < FEW, x - FEW, np.floor((log_x - np.log1p(FEW)) / LOG_PURCHASES_WIDTH))
        order = np.lexsort((column, row))
        other = (np.diff(row[order]) != 0) | (np.diff(column[order]) != 0)
        log_expected = np.empty(len(x))
        for rows in np.split(order, np.flatnonzero(other) + 1) if len(x) else ():
            log_expected[rows] = self._interpolated(log_x, log_share, rows, row[rows[0]], column[rows[0]])
        return np.where(share > MIN_SHARE, np.exp(log_expected), 0.0)

    def _interpolated(self, log_x: Floats, log_share: Floats, rows: Index, row: float, column: float) -> Floats:
        """Return the logarithm of the integral in rows of one panel."""
        coefficients = self._panel(row, column)
        at = _chebyshev(log_share[rows] / LOG_HORIZON_WIDTH - column, HORIZON_POINTS)
        if row < 0:
            return np.asarray(coefficients[0] @ at)
        by_x = _chebyshev((log_x[rows] - np.log1p(FEW)) / LOG_PURCHASES_WIDTH - row, PURCHASE_POINTS)
        return np.asarray(((coefficients @ at) * by_x).sum(axis=0))

    def _tabulated(self, row: float, column: float) -> Floats:
        """Return the Chebyshev coefficients of a panel, shape (points over log(x + 1) or 1, HORIZON_POINTS)."""
        share = np.exp(LOG_HORIZON_WIDTH * (column + _points(HORIZON_POINTS)))
        if row < 0:
            x = np.array([row + FEW])
        else:
            x = np.expm1(np.log1p(FEW) + LOG_PURCHASES_WIDTH * (row + _points(PURCHASE_POINTS)))
        values = np.log([self._integral(each, share) for each in x])
        coefficients = _to_coefficients(HORIZON_POINTS) @ values.T
        if row >= 0:
            coefficients = coefficients @ _to_coefficients(PURCHASE_POINTS).T
        return np.asarray(coefficients.T)

    def _integral(self, x: float, share: Floats) -> Floats:
        """Return the integral for one number of purchases, by quadrature, shape of `share`."""
        c = self._r + x
        spread = 4.0 * np.ceil(np.log1p((1 + c) * share.max()) / 4.0)
        p, weight = beta_nodes(self._a, self._b + x, float(spread))
        if not self._until_pause:
            weight = weight * p
        return np.asarray(-np.expm1(-c * np.log1p(share[:, None] * p)) @ weight)


def _points(count: int) -> Floats:
    """Return the Chebyshev points of the first kind in [0, 1]."""
    return np.asarray((1 - np.cos((np.arange(count) + 0.5) * np.pi / count)) / 2)


def _to_coefficients(count: int) -> Floats:
    """Return the matrix from values at the points to Chebyshev coefficients."""
    angle = np.pi * (1 - (np.arange(count) + 0.5) / count)
    matrix = 2 / count * np.cos(np.arange(count)[:, None] * angle)
    matrix[0] /= 2
    return np.asarray(matrix)


def _chebyshev(at: Floats, count: int) -> Floats:
    """Return the Chebyshev polynomials at numbers in [0, 1], shape (count, n)."""
    z = 2 * at - 1
    values = np.empty((count, len(z)))
    values[0], values[1] = 1.0, z
    for k in range(2, count):
        np.multiply(2 * z, values[k - 1], out=values[k])
        values[k] -= values[k - 2]
    return values
