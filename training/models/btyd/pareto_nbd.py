"""Pareto/NBD: Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24.

In the notation of Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model and Related Expressions".
"""

import numpy as np
from scipy.special import digamma, exprel, gammaln

from training.models.btyd.beta_quadrature import beta_blocks
from training.models.btyd.likelihood import BuyTillYouDie, LogTerm, Pairs
from training.models.btyd.rfm_input import Array, on_unique_rows


class ParetoNBD(BuyTillYouDie):
    """Purchases at a rate lambda ~ Gamma(r, alpha) until an end at a rate mu ~ Gamma(s, beta), at any time.

    Learns ``r_``, ``alpha_`` (days), ``s_``, ``beta_`` (days).

    Let h(t) = (alpha + t)^-(r + x) (beta + t)^-s, and g(t) = E[mu / (lambda + mu)], the chance that the end
    comes before a purchase, over lambda ~ Gamma(r + x, alpha + t) and mu ~ Gamma(s, beta + t). The likelihood
    is proportional to h(T) (1 - g(T)) + h(t_x) g(t_x): the paper's 2F1, as a mean that neither overflows nor
    cancels.
    """

    PARAMETERS = ("r", "alpha", "s", "beta")
    TIMES = ("alpha", "beta")

    def _start(self, mean_frequency: float) -> Array:
        return np.array([max(min(mean_frequency, 1.0), 0.1), 1.0, 0.5, 1.0])

    def _log_active(self, parameters: Array, pairs: Pairs) -> LogTerm:
        return _log_term(parameters, pairs, end=False)

    def _log_gone(self, parameters: Array, pairs: Pairs) -> LogTerm:
        return _log_term(parameters, pairs, end=True)

    def _alive(self, x: Array, t_x: Array, T: Array) -> Array:
        # h(T) of the likelihood is of those active at T, whatever comes next.
        r, alpha, s, beta = self._parameters()
        log_h = -(r + x) * np.log1p((T - t_x) / (alpha + t_x)) - s * np.log1p((T - t_x) / (beta + t_x))
        h = np.exp(log_h)
        g_T, g_t_x = (on_unique_rows(self._ends_first, x, t) for t in (T, t_x))
        alive: Array = np.minimum(h / (h * (1 - g_T) + g_t_x), 1.0)
        return alive

    def _ends_first(self, x: Array, t: Array) -> Array:
        return np.exp(_log_next(self._parameters(), x, t, end=True)[0])

    def _buys_if_alive(self, x: Array, T: Array, t: Array) -> Array:
        # E[lambda / (lambda + mu) (1 - exp(-(lambda + mu) t))]: a purchase within t, and before the end. With
        # lambda = S P / (alpha + T) and mu = S (1 - P) / (beta + T), S ~ Gamma(r + x + s, 1) and
        # P ~ Beta(r + x, s) are independent, and the mean over S has a closed form.
        r, alpha, s, beta = self._parameters()
        ratio = (beta + T) / (alpha + T)
        per_alpha, per_beta = t / (alpha + T), t / (beta + T)
        k = r + x + s
        spread = np.abs(np.log(ratio)) + np.log1p(np.maximum(per_alpha, per_beta))
        buys = np.empty(len(x))
        for rows, nodes in beta_blocks(r + x, np.full(len(x), s), spread):
            either = per_alpha[rows, None] * nodes.p + per_beta[rows, None] * nodes.q
            first = 1 / (1 + nodes.q / (nodes.p * ratio[rows, None]))
            buys[rows] = (-np.expm1(-k[rows, None] * np.log1p(either)) * first) @ nodes.weight
        return buys

    def _expected_if_alive(self, x: Array, T: Array, t: Array) -> Array:
        # Fader & Hardie (2005), eq. 41, with exprel in the place of the division by s - 1
        r, alpha, s, beta = self._parameters()
        log_growth = np.log1p(t / (beta + T))
        return np.asarray((r + x) / (alpha + T) * (beta + T) * log_growth * exprel((1 - s) * log_growth))


def _log_term(parameters: Array, pairs: Pairs, *, end: bool) -> LogTerm:
    """Log of h(t) times the chance that the end (or else a purchase) comes next, constants included."""
    r, alpha, s, beta = parameters
    x, t, code = pairs.x_values, pairs.t, pairs.x_code
    log_alpha, log_beta = np.log(alpha + t), np.log(beta + t)
    log_x = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    value, gradient = _log_next(parameters, pairs.x, t, end=end)
    value += log_x[code] - (r + pairs.x) * log_alpha - s * log_beta
    gradient[0] += (digamma(r + x) - digamma(r) + np.log(alpha))[code] - log_alpha
    gradient[1] += r / alpha - (r + pairs.x) / (alpha + t)
    gradient[2] += np.log(beta) - log_beta
    gradient[3] += s / beta - s / (beta + t)
    return value, gradient


def _log_next(parameters: Array, x: Array, t: Array, *, end: bool) -> LogTerm:
    """Log of the chance, active at t, that the end (or else a purchase) comes next, and its gradient.

    E[mu / (lambda + mu)] = E[Q / (Q + P ratio)], 1 - Q = P ~ Beta(r + x, s), ratio (beta + t) / (alpha + t).
    """
    r, alpha, s, beta = parameters
    ratio = (beta + t) / (alpha + t)
    chance, d_r, d_s, square = np.empty((4, len(x)))
    for rows, nodes in beta_blocks(r + x, np.full(len(x), s), np.abs(np.log(ratio))):
        odds = nodes.p / nodes.q * ratio[rows, None]
        comes = 1 / (1 + odds) if end else odds / (1 + odds)
        chance[rows], d_r[rows], d_s[rows] = (comes @ np.array([nodes.weight, nodes.by_a, nodes.by_b]).T).T
        square[rows] = (comes * comes) @ nodes.weight
    d_log_ratio = (square - chance if end else chance - square) / chance
    gradient = np.array([d_r / chance, -d_log_ratio / (alpha + t), d_s / chance, d_log_ratio / (beta + t)])
    return np.log(chance), gradient
