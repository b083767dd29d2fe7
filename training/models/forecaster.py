"""The interface of every model of purchases, in scikit-learn's manners, and the laws that its forecasts keep."""

from collections.abc import Iterator
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_tweedie_score
from sklearn.utils.validation import check_is_fitted

from features.errors import InvalidArgumentError, ModelError, RegularsError, TooLittleDataError
from training.models.arrays import Flags, Floats

AS_OF_DAY, HORIZON_DAYS = "as_of_day", "horizon_days"
"""The columns that a stacked feature table has beside the features: the cutoff, in days since 1970, and the horizon."""
ROUNDING = 1e-9
"""By how much the laws may be broken: the forecasts are rounded."""
MAX_HORIZON_DAYS = 1e12
"""No horizon is longer; the forecasts are finite up to it."""
MIN_EXPECTED = 1e-9
"""The least expected count of which the deviance is taken."""


@runtime_checkable
class Forecaster(Protocol):
    """A model of the purchase occasions of customers in a horizon after a cutoff.

    The parameters of the constructor are those of `get_params`, as scikit-learn wants it, so that `clone` works. `fit`
    may take `activity`, the base's `Activity`, as a further keyword; it is passed to models whose signature has it.

    See Also
    --------
    ForecasterMixin : `predict` and `score` for models of one's own.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor."""

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the constructor."""

    def fit(self, X: pd.DataFrame, y: ArrayLike | None = None) -> Self:
        """Learn from what was known at the latest cutoff.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            The feature table of customers who had bought, indexed by `customer_id` and stacked over windows, with the
            columns `as_of_day` (the cutoff, in days since 1970 in the business time zone) and `horizon_days`.
        y : array-like of float, shape (n,), optional
            The purchase occasions in the horizon after the cutoff; NaN where the horizon was not over.
        """

    def expected_purchases(self, X: pd.DataFrame, horizon_days: Any) -> Floats:
        """Return the expected purchase occasions in the horizon, float64 of shape (n,).

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            The feature table of customers who have bought. With a column `as_of_day` it is of those cutoffs, else of
            the cutoff of the fit.
        horizon_days : float or array-like of float, shape (n,)
            The horizon, one for all customers or one for each.
        """

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: Any) -> Floats:
        """Return P(no purchase in the horizon), float64 of shape (n,); parameters as of `expected_purchases`."""


class ForecasterMixin(RegressorMixin):  # type: ignore[misc]  # scikit-learn has no types
    """`predict` and `score` of a forecaster, for scikit-learn's tools: a regressor of counts.

    Put it before `BaseEstimator` among the bases of a class.
    """

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return the expected purchase occasions of each row in its own horizon, the column `horizon_days` of X."""
        check_is_fitted(self)
        return np.asarray(self.expected_purchases(X, column(X, HORIZON_DAYS)))

    def score(self, X: pd.DataFrame, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the share of the Poisson deviance explained, 1 at best; 0 is that of the mean count.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            As for `predict`.
        y : array-like of float, shape (n,)
            Purchase occasions; rows of NaN do not count.
        sample_weight : array-like of float, shape (n,), optional
            The weight of each row.
        """
        outcome = outcome_of_rows(y, len(X))
        known = ~np.isnan(outcome)
        weight = None if sample_weight is None else np.asarray(sample_weight, float)[known]
        expected = np.maximum(self.predict(X[known]), MIN_EXPECTED)
        return float(d2_tweedie_score(outcome[known], expected, sample_weight=weight, power=1))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = False
        return tags


def column(X: pd.DataFrame, name: str) -> Floats:
    """Return a column of a stacked feature table, float64 of shape (n,).

    Raises InvalidArgumentError when it is absent, or a value in it is null or infinite.
    """
    if not isinstance(X, pd.DataFrame):
        raise InvalidArgumentError(f"X is a {type(X).__name__}; expected a DataFrame: the feature table")
    if name not in X.columns:
        raise InvalidArgumentError(f"X has no column {name}: add it to the feature table, in days")
    values = X[name].to_numpy(dtype=np.float64, na_value=np.nan)
    if (bad := ~np.isfinite(values)).any():
        raise InvalidArgumentError(
            f"{name} is null or infinite in {bad.sum()} rows, the first is row {bad.argmax()}; expected days"
        )
    return values


def horizon_of_rows(horizon_days: ArrayLike, n: int) -> Floats:
    """Return the horizon of each of n rows, from one number or n of them.

    Raises InvalidArgumentError unless all are numbers from 0 to `MAX_HORIZON_DAYS`.
    """
    days = _numbers("horizon_days", horizon_days)
    if days.shape not in ((), (n,)):
        raise InvalidArgumentError(
            f"horizon_days has shape {days.shape}; expected a number or one for each of the {n} rows"
        )
    if not ((days >= 0) & (days <= MAX_HORIZON_DAYS)).all():
        raise InvalidArgumentError(
            f"horizon_days is negative, null or above {MAX_HORIZON_DAYS:g} in a row; expected days, 0 or more"
        )
    return np.broadcast_to(days, (n,))


def outcome_of_rows(y: ArrayLike | None, n: int) -> Floats:
    """Return the purchase occasions of each of n rows, NaN where they are not known, as all are without `y`.

    Raises InvalidArgumentError unless there is one for each row, none negative or infinite.
    """
    if y is None:
        return np.full(n, np.nan)
    outcome = _numbers("y", y)
    if outcome.shape != (n,):
        raise InvalidArgumentError(f"y has shape {outcome.shape}; expected ({n},): an outcome for each row of X")
    if (bad := (outcome < 0) | np.isinf(outcome)).any():
        raise InvalidArgumentError(
            f"y is negative or infinite in {bad.sum()} rows, the first is row {bad.argmax()}; expected purchase "
            "occasions, or NaN where the horizon was not over"
        )
    return outcome


def latest_cutoff(X: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the latest `as_of_day`, each customer once; all rows of a table without this column."""
    if AS_OF_DAY not in X.columns:
        return X
    day = column(X, AS_OF_DAY)
    latest = X[day == day.max()] if len(X) else X
    if HORIZON_DAYS in X.columns and latest[HORIZON_DAYS].nunique() > 1:  # the same customers once for each horizon
        latest = latest[~latest.index.duplicated()]
    return latest


def latest_outcome(X: pd.DataFrame, y: ArrayLike | None) -> tuple[pd.DataFrame, Floats, int]:
    """Return the latest window whose outcome is known, its outcome and its horizon; of several horizons the longest.

    Raises TooLittleDataError when no outcome is known.
    """
    outcome = outcome_of_rows(y, len(X))
    known = ~np.isnan(outcome)
    if not known.any():
        raise TooLittleDataError("y holds no known outcome: give the purchases of at least one horizon that is over")
    horizon = column(X, HORIZON_DAYS)
    if AS_OF_DAY in X.columns:
        day = column(X, AS_OF_DAY)
        known &= day == day[known].max()
    known &= horizon == horizon[known].max()
    if not horizon[known][0] >= 1:
        raise InvalidArgumentError(f"horizon_days is {horizon[known][0]:g} where y is known; expected at least 1 day")
    return X[known], outcome[known], int(horizon[known][0])


def cutoffs_and_horizons(
    X: pd.DataFrame, horizon_days: ArrayLike, day: int
) -> Iterator[tuple[int, float, NDArray[np.bool_] | slice]]:
    """Yield each cutoff and horizon among the rows, with its rows; the cutoff is `day` where X has no `as_of_day`."""
    days = column(X, AS_OF_DAY) if AS_OF_DAY in X.columns else np.full(len(X), float(day))
    pairs = np.column_stack([days, horizon_of_rows(horizon_days, len(X))])
    if len(pairs) and (pairs == pairs[0]).all():
        yield int(pairs[0, 0]), float(pairs[0, 1]), slice(None)
        return
    for pair in np.unique(pairs, axis=0):
        yield int(pair[0]), float(pair[1]), (pairs == pair).all(axis=1)


def forecast(model: Forecaster, X: pd.DataFrame, horizon_days: int, *, joint: bool = True) -> tuple[Floats, Floats]:
    """Return the expected purchases and P(no purchase) of each customer, both of shape (n,).

    A model whose two forecasts share costly steps, or are brought into line with each other, may have a method
    `forecast(X, horizon_days)` that returns both; it is called unless `joint` is false.

    Raises
    ------
    ModelError
        The model fails, or returns another number of values.
    """
    try:
        both = getattr(model, "forecast", None) if joint else None
        forecasts = both(X, horizon_days) if both else _each(model, X, horizon_days)
        expected, none = (np.asarray(values, float) for values in forecasts)
    except RegularsError:
        raise
    except Exception as error:
        raise ModelError(f"the model {type(model).__name__} cannot forecast: {_one_line(error)}") from error
    if expected.shape != (len(X),) or none.shape != (len(X),):
        raise ModelError(
            f"the model {type(model).__name__} gives arrays of shapes {expected.shape} and {none.shape}, "
            f"expected ({len(X)},): one number for each customer"
        )
    return expected, none


def lawful(expected: Floats, none: Floats) -> Flags:
    """Return for which customers a forecast is possible: finite, in range, and `expected >= 1 - none`."""
    possible = np.isfinite(expected) & (expected >= 0) & (none >= 0) & (none <= 1)
    return np.asarray(possible & (expected >= 1 - none - ROUNDING * (1 + expected)))


def require_lawful(model: Forecaster, X: pd.DataFrame, horizons: tuple[int, ...]) -> None:
    """Raise ModelError when a model's forecasts for X break a law at any of the horizons, which are in rising order.

    The laws: all finite, P(no purchase) within 0 to 1, expected purchases at least P(any purchase), and as the horizon
    grows the expectation never falls and P(no purchase) never rises.
    """
    before: tuple[Floats, Floats] | None = None
    for horizon_days in horizons:
        expected, none = forecast(model, X, horizon_days)
        broken = ~lawful(expected, none)
        law = "expected finite numbers with expected purchases >= 1 - P(no purchase)"
        if before is not None and not broken.any():
            broken = (expected < before[0] - ROUNDING * (1 + expected)) | (none > before[1] + ROUNDING)
            law = "expected purchases must not fall, and P(no purchase) not rise, as the horizon grows"
        if broken.any():
            row = int(broken.argmax())
            raise ModelError(
                f"the model {type(model).__name__} breaks a law for {broken.sum():,} of {len(X):,} customers: "
                f"{expected[row]:.6g} expected purchases and P(no purchase) {none[row]:.6g} in "
                f"{horizon_days} days; {law}"
            )
        before = expected, none


def _numbers(name: str, values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidArgumentError(f"{name} is no number and no array of numbers; expected one of these") from None


def _each(model: Forecaster, X: pd.DataFrame, horizon_days: int) -> tuple[Floats, Floats]:
    return model.expected_purchases(X, horizon_days), model.no_purchase_probability(X, horizon_days)


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
