"""Gamma-Gamma: spend per purchase. Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value"."""

import warnings
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from features.errors import InvalidArgumentError
from training.models.btyd.optimiser import maximise
from training.models.btyd.rfm_input import Array, columns, refuse

COLUMNS = ("frequency", "monetary_value")


class GammaGamma(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Purchases of ~ Gamma(p, nu) each, nu ~ Gamma(q, gamma), at a rate that tells nothing of their size.

    Learns ``p_``, ``q_``, ``gamma_`` (currency), also as ``params_``; ``log_likelihood_``; and
    ``correlation_`` (Pearson) of frequency and monetary value, which the model assumes to be 0.
    """

    params_: dict[str, float]
    log_likelihood_: float
    correlation_: float

    def __init__(self, penalizer: float = 0.0, tol: float = 1e-7, max_correlation: float = 0.3) -> None:
        self.penalizer = penalizer
        self.tol = tol
        self.max_correlation = max_correlation

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Maximum likelihood over the customers of X with repeat purchases and a monetary value above 0.

        X: a row a customer, with ``frequency`` (repeat purchase days) and ``monetary_value`` (mean currency
        of such a day, null where there is none). ``y`` is ignored. q stays above 1, where the mean is finite.
        Warns of a correlation beyond ``max_correlation`` by two standard errors. Raises ``ValueError`` where
        nobody qualifies.
        """
        x, m = columns(X, COLUMNS)
        used = (x > 0) & (m > 0) & np.isfinite(x) & np.isfinite(m)
        if not used.any():
            raise InvalidArgumentError(
                "X has no customer with frequency and monetary_value above 0; expected one or more"
            )
        x, m = x[used], m[used]
        self.correlation_ = _correlation(x, m)
        if abs(self.correlation_) - 2 / np.sqrt(len(x)) > self.max_correlation:
            warnings.warn(
                f"frequency and monetary_value correlate by {self.correlation_:.2f}, expected at most "
                f"{self.max_correlation:.2f} either way; spend will be off for frequent buyers, compare a "
                "model that learns from both",
                UserWarning,
                stacklevel=2,
            )
        unit = float(m.mean())
        code, x_values = pd.factorize(x)
        spend = x * m / unit
        start = np.array([3.0, 2.0, 2.0])

        def mean_log_likelihood(parameters: Array) -> tuple[float, Array]:
            # Fader & Hardie (2013), eq. 1a, up to what no parameter moves
            p, q, gamma = parameters[0], 1 + parameters[1], parameters[2]
            total = np.log(gamma + spend)
            shape = p * x
            of_x = gammaln(p * x_values + q) - gammaln(p * x_values)
            d_x = digamma(p * x_values + q)
            value = of_x[code] - gammaln(q) + q * np.log(gamma) + shape * np.log(spend) - (shape + q) * total
            d_p = x * ((d_x - digamma(p * x_values))[code] + np.log(spend) - total)
            d_q = d_x[code] - digamma(q) + np.log(gamma) - total
            d_gamma = q / gamma - (shape + q) / (gamma + spend)
            return float(value.mean()), np.array([d_p.mean(), d_q.mean(), d_gamma.mean()])

        found = maximise(mean_log_likelihood, start, penalizer=self.penalizer, tol=self.tol)
        p, q, gamma = float(found[0]), 1 + float(found[1]), float(found[2]) * unit
        self.params_ = {"p": p, "q": q, "gamma": gamma}
        self.p_, self.q_, self.gamma_ = p, q, gamma
        self.log_likelihood_ = len(x) * mean_log_likelihood(found)[0] - float(np.log(m).sum())
        return self

    def expected_spend(self, X: pd.DataFrame) -> Array:
        """Expected currency of a customer's next purchase day, shape (n,), X as for ``fit``.

        Between the customer's own mean and that of all: p (gamma + x m) / (p x + q - 1), Fader & Hardie
        (2013), eq. 5. That of all without repeat purchases or their value; a negative value counts as 0.
        """
        check_is_fitted(self)
        p, q, gamma = (self.params_[name] for name in ("p", "q", "gamma"))
        x, m = columns(X, COLUMNS)
        refuse(~(np.isfinite(x) & (x >= 0)), "frequency is null, infinite or negative", "expected 0 or more")
        refuse(np.isinf(m), "monetary_value is infinite", "expected currency or null")
        known = np.where(np.isnan(m), 0.0, x)
        return p * (gamma + known * np.maximum(np.nan_to_num(m), 0.0)) / (p * known + q - 1)


def _correlation(x: Array, m: Array) -> float:
    constant = np.ptp(x) == 0 or np.ptp(m) == 0
    return 0.0 if constant else float(np.corrcoef(x, m)[0, 1])
