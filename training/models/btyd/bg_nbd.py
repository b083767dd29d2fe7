"""BG/NBD (beta-geometric / NBD): Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, expit, gammaln

from training.models.btyd.beta_quadrature import beta_blocks
from training.models.btyd.likelihood import BuyTillYouDie, LogTerm, Pairs
from training.models.btyd.rfm_input import Array


class BGNBD(BuyTillYouDie):
    """Purchases at a rate lambda ~ Gamma(r, alpha), and after each repeat purchase an end with probability p.

    p ~ Beta(a, b). Who has bought once only cannot have left: P(alive) = 1.
    Learns ``r_``, ``alpha_`` (days), ``a_``, ``b_``.
    """

    PARAMETERS = ("r", "alpha", "a", "b")
    TIMES = ("alpha",)

    # How often a customer could have left before the first repeat purchase.
    _EARLY_EXITS: ClassVar[int] = 0

    def _start(self, mean_frequency: float) -> Array:
        return np.array([max(min(mean_frequency, 1.0), 0.1), 1.0, 1.0, 2.0])

    def _log_active(self, parameters: Array, pairs: Pairs) -> LogTerm:
        # Fader, Hardie & Lee (2005), eq. 6, its first term: x purchases, and no end after any of them
        r, alpha, a, b = parameters
        x = pairs.x_values
        stays = b + x + self._EARLY_EXITS
        log_x = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, stays) - betaln(a, b)
        log_t = np.log(alpha + pairs.t)
        value = log_x[pairs.x_code] - (r + pairs.x) * log_t
        d_r = (digamma(r + x) - digamma(r) + np.log(alpha))[pairs.x_code] - log_t
        d_alpha = r / alpha - (r + pairs.x) / (alpha + pairs.t)
        d_a = digamma(a + b) - digamma(a + stays)
        d_b = d_a + digamma(stays) - digamma(b)
        return value, np.array([d_r, d_alpha, d_a[pairs.x_code], d_b[pairs.x_code]])

    def _log_gone(self, parameters: Array, pairs: Pairs) -> LogTerm:
        # its second term: the end came with the last purchase, B(a + 1, stays - 1) for B(a, stays)
        _, _, a, b = parameters
        could, stayed = self._exits(pairs.x, b)
        value, gradient = self._log_active(parameters, pairs)
        gradient[2] += 1 / a
        gradient[3] -= 1 / stayed
        return np.where(could, value + np.log(a / stayed), -np.inf), gradient

    def _exits(self, x: Array, b: float) -> tuple[NDArray[np.bool_], Array]:
        """Whether a customer could have left, and b plus how often they stayed before the last chance."""
        could = x + self._EARLY_EXITS > 0
        return could, np.where(could, b + x + self._EARLY_EXITS - 1, 1.0)

    def _alive(self, x: Array, t_x: Array, T: Array) -> Array:
        r, alpha, a, b = self._parameters()
        could, stayed = self._exits(x, b)
        log_odds = np.log(stayed / a) - (r + x) * np.log1p((T - t_x) / (alpha + t_x))
        return np.where(could, expit(log_odds), 1.0)

    def _buys_if_alive(self, x: Array, T: Array, t: Array) -> Array:
        # The end comes with a purchase only, so the next one is at the rate lambda ~ Gamma(r + x, alpha + T).
        r, alpha, _, _ = self._parameters()
        return np.asarray(-np.expm1(-(r + x) * np.log1p(t / (alpha + T))))

    def _expected_if_alive(self, x: Array, T: Array, t: Array) -> Array:
        # E[(1 - exp(-lambda p t)) / p], lambda ~ Gamma(r + x, alpha + T), p ~ Beta(a, stays). The closed form
        # (eq. 10) divides by a - 1 and overflows for large x; this mean of positive terms does neither.
        r, alpha, a, b = self._parameters()
        c, s = r + x, t / (alpha + T)
        expected = np.empty(len(x))
        for rows, nodes in beta_blocks(np.full(len(x), a), b + x + self._EARLY_EXITS, np.log1p((1 + c) * s)):
            buys = -np.expm1(-c[rows, None] * np.log1p(s[rows, None] * nodes.p))
            expected[rows] = buys @ (nodes.weight / nodes.p)
        return expected
