"""BG/NBD whose customers pause instead of leaving for good."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from training.models.arrays import Floats
from training.models.btyd.beta_quadrature import beta_blocks
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.rfm_input import on_unique_rows, rfm_columns
from training.models.forecaster import horizon_of_rows

PAUSE_SHAPE, PAUSE_GAPS = 0.05, 3.0
"""The pauses before anything is learnt about them: most never end within the life of a log."""


@dataclass(frozen=True)
class Silences:
    """What the pauses of customers depend on besides their shape and scale.

    Attributes
    ----------
    log_odds : ndarray of float64, shape (n,)
        Of being active, by BG/NBD.
    days : ndarray of float64, shape (n,)
        Since the last purchase.
    mean_gap : ndarray of float64, shape (n,)
        The customer's mean gap up to the last purchase, in days.
    """

    log_odds: Floats
    days: Floats
    mean_gap: Floats

    def active(self, shape: float, gaps: float) -> Floats:
        """Return P(active at the cutoff), shape (n,)."""
        return np.asarray(expit(self.log_odds + shape * np.log1p(self.days / self._scale(gaps))))

    def since(self, gaps: float) -> Floats:
        """Return the scale of the pause and the silence so far, in days, shape (n,)."""
        return self._scale(gaps) + self.days

    def no_purchase_probability(self, shape: float, gaps: float, buys_if_active: Floats, t: Floats) -> Floats:
        """Return P(no purchase in t days), given P(a purchase) of active customers, shape (n,)."""
        active = self.active(shape, gaps)
        return 1 - active * buys_if_active - (1 - active) * returned(self.since(gaps), shape, t)

    def _scale(self, gaps: float) -> Floats:
        return gaps * self.mean_gap


def returned(since: Floats, shape: float, t: Floats) -> Floats:
    """Return P(a purchase in t days) of paused customers, from `Silences.since`, shape (n,)."""
    return np.asarray(-np.expm1(-shape * np.log1p(t / since)))


class PausingBGNBD(BGNBD):
    """BG/NBD in which a customer who becomes inactive may come back.

    Under BG/NBD a long silence of a frequent buyer has one explanation, that they have left for good, and their
    forecast falls to 0 without limit. Here the inactive state is a pause of length D with a heavy tail (Lomax)::

        P(D > t) = (beta / (beta + t))^s,  beta = gaps (alpha + t_x) / (r + x)

    so beta is a multiple of the customer's own mean gap up to the last purchase. After d days without a purchase, t
    more follow with probability S(t) = ((beta + d) / (beta + d + t))^s: the rate of return falls with the silence as
    s / (beta + d), never to 0. With d = T - t_x and the likelihood terms of BG/NBD::

        odds(active)   = (b + x - 1) / a * ((alpha + t_x) / (alpha + T))^(r + x) * ((beta + d) / beta)^s
        P(no purchase) = P(active) ((alpha + T) / (alpha + T + t))^(r + x) + P(paused) S(t)
        E[Y]           = P(active) E_bg(t) + P(paused) (1 - S(t)) (1 + A(u))
        A(u)           = E[(1 - p) (1 - exp(-lambda p u)) / p]
                       = (b + x - 1) / a * E'[1 - exp(-lambda p u)]

    A(u) are the purchases after the return, in the time u that is left then on average: lambda ~ Gamma(r + x,
    alpha + t_x) is the rate before the pause, p ~ Beta(a + 1, b + x - 1) the probability of a pause after each
    purchase, by Bayes' rule given one after the last, and 1 - p that of none after the return; E' is over p ~
    Beta(a, b + x). With a shape of 0 nobody returns: BG/NBD. Pauses that ended before the last purchase are not told
    apart from gaps, and one that begins after the cutoff is taken for endless.

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
    array([0.28])
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

    def silences(self, X: pd.DataFrame) -> Silences:
        """Return what the pauses of the customers depend on; X as for `fit`."""
        x, t_x, T = rfm_columns(X)
        r, alpha, _, _ = self._parameters()
        return Silences(super()._log_odds_alive(x, t_x, T), T - t_x, (alpha + t_x) / (r + x))

    def purchase_probability_if_active(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return P(a purchase in the horizon) of customers active at the cutoff, float64 of shape (n,)."""
        x, _, T = rfm_columns(X)
        return on_unique_rows(self._buys_if_alive, x, T, horizon_of_rows(horizon_days, len(x)))

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return P(no purchase in the horizon), float64 of shape (n,); parameters as of `BuyTillYouDie`."""
        buys = self.purchase_probability_if_active(X, horizon_days)
        t = horizon_of_rows(horizon_days, len(buys))
        return self.silences(X).no_purchase_probability(self.pause_shape, self.pause_gaps, buys, t)

    def expected_purchases(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return the expected purchase days, float64 of shape (n,); parameters as of `BuyTillYouDie`."""
        x, t_x, T = rfm_columns(X)
        t = horizon_of_rows(horizon_days, len(x))
        silences = self.silences(X)
        active = silences.active(self.pause_shape, self.pause_gaps)
        paused = self._expected_if_paused(x, t_x, silences.since(self.pause_gaps), t)
        return active * on_unique_rows(self._expected_if_alive, x, T, t) + (1 - active) * paused

    def probability_alive(self, X: pd.DataFrame) -> Floats:
        """Return P(active at the cutoff), not paused, float64 of shape (n,)."""
        return self.silences(X).active(self.pause_shape, self.pause_gaps)

    def _expected_if_paused(self, x: Floats, t_x: Floats, since: Floats, t: Floats) -> Floats:
        """Return the expected purchases in t days of customers who have paused since t_x."""
        r, alpha, a, b = self._parameters()
        shape = self.pause_shape
        back = returned(since, shape, t)
        # the integral of P(returned) over t
        after = t - since / (1 - shape) * np.expm1((1 - shape) * np.log1p(t / since))
        left = np.maximum(after, 0) / np.maximum(back, 1e-300)
        # A(u) of the class; of one-time buyers, who cannot be paused, 0
        expected = np.zeros(len(x))
        could = np.flatnonzero(x > 0)
        c, s = (r + x)[could], (left / (alpha + t_x))[could]
        for rows, nodes in beta_blocks(np.full(len(c), a), b + x[could], np.log1p((1 + c) * s)):
            buys = -np.expm1(-c[rows, None] * np.log1p(s[rows, None] * nodes.p)) @ nodes.weight
            expected[could[rows]] = buys * (b + x[could[rows]] - 1) / a
        return back * (1 + expected)
