"""The Pareto/NBD model of purchases until a customer churns."""

import numpy as np
from scipy.special import digamma, exprel, gammaln

from training.models.arrays import Floats
from training.models.btyd.beta_quadrature import beta_blocks
from training.models.btyd.likelihood import BuyTillYouDie, LogTerm, Pairs
from training.models.btyd.rfm_input import on_unique_rows


class ParetoNBD(BuyTillYouDie):
    """Pareto/NBD (Pareto / negative binomial distribution).

    While active a customer buys at a rate lambda ~ Gamma(r, alpha), and becomes inactive at a rate mu ~ Gamma(s, beta),
    at any time. Let h(t) = (alpha + t)^-(r + x) (beta + t)^-s, and g(t) = E[mu / (lambda + mu)], the probability of
    becoming inactive before the next purchase, over lambda ~ Gamma(r + x, alpha + t) and mu ~ Gamma(s, beta + t). The
    likelihood of x repeat purchases, the last at t_x, within T days is proportional to::

        h(T) (1 - g(T)) + h(t_x) g(t_x)

    This is the hypergeometric function of the papers as a mean, which neither overflows nor cancels.

    Parameters
    ----------
    penalizer : float, default 0.0
        Weight of the penalty on the squared log parameters; see `maximise`.
    tol : float, default 1e-7
        Tolerance of the gradient; see `maximise`.

    Attributes
    ----------
    r_, alpha_, s_, beta_ : float
        The parameters, alpha and beta in days.
    params_ : dict of str to float
        The same by name.
    log_likelihood_ : float
        The total log-likelihood of the customers fitted to, a density per day.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), "Counting your customers: Who are they and what will they do next?",
    Management Science 33(1), 1-24.
    Fader & Hardie (2005), "A note on deriving the Pareto/NBD model and related expressions", for the notation; eq. 41
    is `expected_purchases`.
    """

    PARAMETERS = ("r", "alpha", "s", "beta")
    TIMES = ("alpha", "beta")

    def _start(self, mean_frequency: float) -> Floats:
        return np.array([max(min(mean_frequency, 1.0), 0.1), 1.0, 0.5, 1.0])

    def _log_active(self, parameters: Floats, pairs: Pairs) -> LogTerm:
        return _log_term(parameters, pairs, inactive=False)

    def _log_inactive(self, parameters: Floats, pairs: Pairs) -> LogTerm:
        return _log_term(parameters, pairs, inactive=True)

    def _alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        # h(T) of the likelihood is of those active at T, whatever comes next.
        r, alpha, s, beta = self._parameters()
        log_h = -(r + x) * np.log1p((T - t_x) / (alpha + t_x)) - s * np.log1p((T - t_x) / (beta + t_x))
        h = np.exp(log_h)
        g_T, g_t_x = (on_unique_rows(self._inactive_first, x, t) for t in (T, t_x))
        alive: Floats = np.minimum(h / (h * (1 - g_T) + g_t_x), 1.0)
        return alive

    def _inactive_first(self, x: Floats, t: Floats) -> Floats:
        return np.exp(_log_next(self._parameters(), x, t, inactive=True)[0])

    def _buys_if_alive(self, x: Floats, T: Floats, t: Floats) -> Floats:
        # E[lambda / (lambda + mu) (1 - exp(-(lambda + mu) t))]: a purchase within t, while still active. With
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
        return np.minimum(buys, 1.0)  # the weights sum to 1 up to rounding

    def _expected_if_alive(self, x: Floats, T: Floats, t: Floats) -> Floats:
        # Fader & Hardie (2005), eq. 41, with exprel in the place of the division by s - 1
        r, alpha, s, beta = self._parameters()
        log_growth = np.log1p(t / (beta + T))
        return np.asarray((r + x) / (alpha + T) * (beta + T) * log_growth * exprel((1 - s) * log_growth))


def _log_term(parameters: Floats, pairs: Pairs, *, inactive: bool) -> LogTerm:
    """Return the log of h(t) P(becoming inactive, or else a purchase, comes next), constants included."""
    r, alpha, s, beta = parameters
    x, t, code = pairs.x_values, pairs.t, pairs.x_code
    log_alpha, log_beta = np.log(alpha + t), np.log(beta + t)
    log_x = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    value, gradient = _log_next(parameters, pairs.x, t, inactive=inactive)
    value += log_x[code] - (r + pairs.x) * log_alpha - s * log_beta
    gradient[0] += (digamma(r + x) - digamma(r) + np.log(alpha))[code] - log_alpha
    gradient[1] += r / alpha - (r + pairs.x) / (alpha + t)
    gradient[2] += np.log(beta) - log_beta
    gradient[3] += s / beta - s / (beta + t)
    return value, gradient


def _log_next(parameters: Floats, x: Floats, t: Floats, *, inactive: bool) -> LogTerm:
    """Return the log of P(becoming inactive, or else a purchase, comes next | active at t), and its gradient.

    E[mu / (lambda + mu)] = E[Q / (Q + P ratio)], 1 - Q = P ~ Beta(r + x, s), ratio (beta + t) / (alpha + t).
    """
    r, alpha, s, beta = parameters
    ratio = (beta + t) / (alpha + t)
    chance, d_r, d_s, square = np.empty((4, len(x)))
    for rows, nodes in beta_blocks(r + x, np.full(len(x), s), np.abs(np.log(ratio))):
        odds = nodes.p / nodes.q * ratio[rows, None]
        comes = 1 / (1 + odds) if inactive else odds / (1 + odds)
        chance[rows], d_r[rows], d_s[rows] = (comes @ np.array([nodes.weight, nodes.by_a, nodes.by_b]).T).T
        square[rows] = (comes * comes) @ nodes.weight
    d_log_ratio = (square - chance if inactive else chance - square) / chance
    gradient = np.array([d_r / chance, -d_log_ratio / (alpha + t), d_s / chance, d_log_ratio / (beta + t)])
    return np.log(chance), gradient
