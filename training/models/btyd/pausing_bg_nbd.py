"""BG/NBD whose customers pause instead of leaving for good."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from training.models.arrays import Floats
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.rfm_input import on_unique_rows, rfm_columns
from training.models.forecaster import horizon_of_rows

PAUSE_SHAPE, PAUSE_GAPS = 0.05, 3.0
"""The pauses before anything is learnt about them: most never end within the life of a log."""


class PausingBGNBD(BGNBD):
    """BG/NBD in which a customer who becomes inactive may come back.

    Under BG/NBD a long silence of a frequent buyer has one explanation, that they have left for good, and their
    forecast falls to 0 without limit. Here the inactive state is a pause of length D with a heavy tail (Lomax)::

        P(D > t) = (beta / (beta + t))^s,  beta = gaps (alpha + T) / (r + x)

    so beta is a multiple of the customer's own mean gap. After d days without a purchase, t more follow with
    probability S(t) = ((beta + d) / (beta + d + t))^s: the rate of return falls with the silence as s / (beta + d),
    never to 0. With d = T - t_x and the likelihood terms of BG/NBD::

        odds(active)   = (b + x - 1) / a * ((alpha + t_x) / (alpha + T))^(r + x) * ((beta + d) / beta)^s
        P(no purchase) = P(active) ((alpha + T) / (alpha + T + t))^(r + x) + P(paused) S(t)
        E[Y]           = P(active) E_bg(t) + P(paused) (1 - S(t)) (1 + (1 - exp(-l p u)) / p)

    where u is the mean time left after a return within t, l = (r + x) / (alpha + t_x) the rate before the pause, and
    p = a / (a + b + x) the mean probability of the next one. With a shape of 0 nobody returns: BG/NBD.

    The parameters r, alpha, a and b are those of BG/NBD. The two of the pauses cannot be told from frequency, recency
    and T: see `training.models.purchases.pauses`.

    Parameters
    ----------
    penalizer, tol : float
        As of `BGNBD`.
    pause_shape : float, default 0.05
        s, from 0 to below 1. The larger, the sooner customers come back.
    pause_gaps : float, default 3.0
        The scale of the pauses, in the customer's own mean gaps.

    References
    ----------
    Lomax (1954), Business failures: another example of the analysis of failure data, Journal of the American
    Statistical Association 49, 847-852, for the distribution.

    Examples
    --------
    A customer who bought 53 times in 137 days and then not for 136 days:

    >>> import pandas as pd
    >>> X = pd.DataFrame({"frequency": [0, 3, 1, 6], "recency": [0, 150, 40, 170], "T": [300, 200, 300, 180]})
    >>> silent = pd.DataFrame({"frequency": [53], "recency": [137], "T": [273]})
    >>> BGNBD(penalizer=0.01).fit(X).expected_purchases(silent, 90).round(2)
    array([0.])
    >>> PausingBGNBD(penalizer=0.01).fit(X).expected_purchases(silent, 90).round(2)
    array([0.3])
    """

    def __init__(
        self,
        penalizer: float = 0.0,
        tol: float = 1e-7,
        pause_shape: float = PAUSE_SHAPE,
        pause_gaps: float = PAUSE_GAPS,
    ) -> None:
        super().__init__(penalizer, tol)
        self.pause_shape = pause_shape
        self.pause_gaps = pause_gaps

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return P(no purchase in the horizon), float64 of shape (n,); parameters as of `BuyTillYouDie`."""
        x, t_x, T = rfm_columns(X)
        t = horizon_of_rows(horizon_days, len(x))
        active = self._alive(x, t_x, T)
        returns, _ = self._returns(x, t_x, T, t)
        return 1 - active * on_unique_rows(self._buys_if_alive, x, T, t) - (1 - active) * returns

    def expected_purchases(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return the expected purchase days, float64 of shape (n,); parameters as of `BuyTillYouDie`."""
        x, t_x, T = rfm_columns(X)
        t = horizon_of_rows(horizon_days, len(x))
        active = self._alive(x, t_x, T)
        _, expected = self._returns(x, t_x, T, t)
        return active * on_unique_rows(self._expected_if_alive, x, T, t) + (1 - active) * expected

    def _alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        r, alpha, a, b = self._parameters()
        could, stayed = self._exits(x, b)
        silence = T - t_x
        log_odds = np.log(stayed / a) - (r + x) * np.log1p(silence / (alpha + t_x))
        return np.where(could, expit(log_odds + self.pause_shape * np.log1p(silence / self._scale(x, T))), 1.0)

    def _returns(self, x: Floats, t_x: Floats, T: Floats, t: Floats) -> tuple[Floats, Floats]:
        """Return P(a purchase in t days) and the expected purchases in them of customers who have paused since t_x."""
        r, alpha, a, b = self._parameters()
        shape = self.pause_shape
        since = self._scale(x, T) + T - t_x
        growth = np.log1p(t / since)
        returned = -np.expm1(-shape * growth)
        after = t - since / (1 - shape) * np.expm1((1 - shape) * growth)  # the integral of P(returned) over t
        left = np.maximum(after, 0) / np.maximum(returned, 1e-300)
        pause = a / (a + b + x)
        return returned, returned * (1 - np.expm1(-(r + x) / (alpha + t_x) * pause * left) / pause)

    def _scale(self, x: Floats, T: Floats) -> Floats:
        r, alpha, _, _ = self._parameters()
        return np.asarray(self.pause_gaps * (alpha + T) / (r + x))
