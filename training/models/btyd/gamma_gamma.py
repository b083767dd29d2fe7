"""The Gamma-Gamma model of spend per purchase."""

import warnings
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from features.errors import InvalidArgumentError
from training.models.arrays import Floats
from training.models.btyd.optimiser import maximise
from training.models.btyd.rfm_input import LIMIT, float_columns, refuse, refuse_fractions
from training.models.numeric_arguments import require_number

COLUMNS = ("frequency", "monetary_value")
LARGEST_VALUE = 1e100
"""Sums of larger amounts are not finite."""


class GammaGamma(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Gamma-Gamma: the amounts of a customer's purchases are Gamma(p, nu), with nu ~ Gamma(q, gamma).

    The likelihood of the mean m of x purchases is eq. 1a. The expected spend of a customer lies between their own mean
    and that of the base, eq. 5::

        E[M | x, m] = p (gamma + x m) / (p x + q - 1)

    The model assumes that spend and purchase rate are independent. A Gamma distribution has no mass at 0: customers
    whose repeat purchases are worth nothing on balance (gifts, or as much returned as bought) cannot be fitted. `fit`
    leaves them out and warns with their number, because the mean of the base is then that of the others.
    `expected_spend` counts their purchases with a value of 0.

    Parameters
    ----------
    penalizer : float, default 0.0
        Weight of the penalty on the squared log parameters; see `maximise`.
    tol : float, default 1e-7
        Tolerance of the gradient; see `maximise`.
    max_correlation : float, default 0.3
        `fit` warns when frequency and monetary value correlate more than this, beyond two standard errors.

    Attributes
    ----------
    p_, q_, gamma_ : float
        The parameters, gamma in currency; q stays above 1, where the mean is finite.
    params_ : dict of str to float
        The same by name.
    log_likelihood_ : float
        The total log-likelihood of the customers fitted to.
    correlation_ : float
        The Pearson correlation of frequency and monetary value.

    References
    ----------
    Fader & Hardie (2013), "The Gamma-Gamma model of monetary value".

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"frequency": [1, 2, 4, 0], "monetary_value": [20.0, 35.0, 12.0, None]})
    >>> model = GammaGamma(penalizer=0.1).fit(X)
    >>> model.expected_spend(X).round(2)
    array([23.92, 33.2 , 14.82, 28.76])
    """

    params_: dict[str, float]
    log_likelihood_: float
    correlation_: float

    def __init__(self, penalizer: float = 0.0, tol: float = 1e-7, max_correlation: float = 0.3) -> None:
        self.penalizer = penalizer
        self.tol = tol
        self.max_correlation = max_correlation

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Fit by maximum likelihood to the customers with repeat purchases and a monetary value above 0.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            A row for each customer, with `frequency` (repeat purchase days) and `monetary_value` (mean currency of such
            a day, null where there is none).
        y : ignored

        Returns
        -------
        GammaGamma
            The fitted model itself. Warns UserWarning of repeat customers who are left out, with a monetary value of 0
            or less or without one, and of a correlation beyond `max_correlation`.

        Raises
        ------
        InvalidArgumentError
            A column is missing, a frequency is null, negative or not a whole number, a value is infinite,
            `max_correlation` is negative, or no customer qualifies.
        """
        require_number("max_correlation", self.max_correlation, 0)
        x, m = _columns(X)
        used = (x > 0) & (m > 0)
        if not used.any():
            raise InvalidArgumentError(
                "X has no customer with frequency and monetary_value above 0; expected one or more"
            )
        _warn_of_left_out(int(((x > 0) & (m <= 0)).sum()), int(((x > 0) & np.isnan(m)).sum()), int((x > 0).sum()))
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

        def mean_log_likelihood(parameters: Floats) -> tuple[float, Floats]:
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

        parameters = maximise(mean_log_likelihood, start, penalizer=self.penalizer, tol=self.tol)
        p, q, gamma = float(parameters[0]), 1 + float(parameters[1]), float(parameters[2]) * unit
        self.params_ = {"p": p, "q": q, "gamma": gamma}
        self.p_, self.q_, self.gamma_ = p, q, gamma
        self.log_likelihood_ = len(x) * mean_log_likelihood(parameters)[0] - float(np.log(m).sum())
        return self

    def expected_spend(self, X: pd.DataFrame) -> Floats:
        """Return the expected currency of each customer's next purchase day.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            As for `fit`. A negative monetary value counts as 0.

        Returns
        -------
        ndarray of float64, shape (n,)
            The mean of the base for a customer without repeat purchases or without their value.

        Raises
        ------
        InvalidArgumentError
            A column is missing, a frequency is null, negative or not a whole number, or a value is infinite.
        """
        check_is_fitted(self)
        p, q, gamma = (self.params_[name] for name in ("p", "q", "gamma"))
        x, m = _columns(X)
        known = np.where(np.isnan(m), 0.0, x)
        return p * (gamma + known * np.maximum(np.nan_to_num(m), 0.0)) / (p * known + q - 1)


def _columns(X: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return frequency and monetary value (NaN where it is null), or refuse them."""
    x, m = float_columns(X, COLUMNS)
    refuse(~(np.isfinite(x) & (x >= 0)), "frequency is null, infinite or negative", "expected 0 or more")
    refuse_fractions(x)
    refuse(x > LIMIT, f"frequency is above {LIMIT:g}", "count repeat purchase days")
    refuse(np.isinf(m), "monetary_value is infinite", "expected currency or null")
    refuse(np.abs(m) > LARGEST_VALUE, f"monetary_value is beyond {LARGEST_VALUE:g}", "expected currency")
    return x, m


def _warn_of_left_out(worthless: int, unknown: int, repeaters: int) -> None:
    """Warn of the repeat customers that the likelihood cannot take."""
    left_out = [f"{worthless:,} with a monetary_value of 0 or less"] if worthless else []
    left_out += [f"{unknown:,} without one"] if unknown else []
    if left_out:
        warnings.warn(
            f"of {repeaters:,} customers with repeat purchases the fit leaves out {' and '.join(left_out)}: "
            "the mean spend is that of the others",
            UserWarning,
            stacklevel=3,
        )


def _correlation(x: Floats, m: Floats) -> float:
    constant = np.ptp(x) == 0 or np.ptp(m) == 0
    return 0.0 if constant else float(np.corrcoef(x, m)[0, 1])
