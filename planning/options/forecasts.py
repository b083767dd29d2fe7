"""The forecasts that a plan starts from: those of the champion, or of models fitted to the log on the spot."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import InvalidArgumentError, PlanError
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.gamma_gamma import GammaGamma
from training.models.customer_model import CustomerModel

FORECASTS = ("expected_purchases", "churn_probability", "expected_spend")
PENALIZER = 0.01
"""Keeps the parameters of a log with few customers finite."""


@dataclass(frozen=True)
class Forecasts:
    """What customers are expected to do in the horizon.

    Attributes
    ----------
    table : pandas.DataFrame, shape (n, 3)
        Indexed by `customer_id`: `expected_purchases` (purchase days), `churn_probability` (of none) and
        `expected_spend` (currency); NaN for customers who have never bought.
    source : str
        `champion version 3`, or `BG/NBD and Gamma-Gamma`.
    fitted_here : bool
        Whether the models were fitted for this plan alone, without trials.
    """

    table: pd.DataFrame
    source: str
    fitted_here: bool


def champion_forecasts(
    model: CustomerModel, version: str, features: pd.DataFrame, as_of_day: int, horizon_days: int
) -> Forecasts:
    """Return the forecasts of a registered version; see `CustomerModel.predict` for the parameters."""
    table = model.predict(features, as_of_day, horizon_days)[list(FORECASTS)]
    return Forecasts(_checked(table), f"champion version {version}", False)


def fitted_forecasts(features: pd.DataFrame, horizon_days: int) -> Forecasts:
    """Fit BG/NBD and Gamma-Gamma to a feature table and return their forecasts of the same customers.

    Parameters
    ----------
    features : DataFrame, shape (n, columns)
        The feature table at the cutoff.
    horizon_days : int

    Returns
    -------
    Forecasts

    Raises
    ------
    PlanError
        When nobody has bought, nobody has bought again for money, or the log has no amounts.
    """
    buyers = features[features["purchase_days"] > 0]
    table = pd.DataFrame(np.nan, features.index, list(FORECASTS))
    try:
        with warnings.catch_warnings():
            # The penalty keeps what a fit without convergence found usable, and repeat customers whose purchases are
            # worth nothing, which Gamma-Gamma leaves out, are forecast with a value of 0 all the same.
            warnings.simplefilter("ignore", UserWarning)
            counts = BGNBD(penalizer=PENALIZER).fit(buyers)
            # Spend that goes with the rate makes single forecasts worse; a fit with trials is the remedy, and is named.
            spend = GammaGamma(penalizer=PENALIZER, max_correlation=1.0).fit(buyers)
    except InvalidArgumentError as error:
        raise PlanError(
            f"the log is too small for forecasts ({error}): a plan needs customers who bought again for money"
        ) from None
    purchases = counts.expected_purchases(buyers, horizon_days)
    churn = counts.no_purchase_probability(buyers, horizon_days)
    columns = [purchases, np.clip(churn, 0, 1), purchases * spend.expected_spend(buyers)]
    table.loc[buyers.index] = np.column_stack(columns)
    return Forecasts(_checked(table), "BG/NBD and Gamma-Gamma", True)


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if not (table["expected_spend"] > 0).any():
        raise PlanError("no customer is expected to spend anything: a plan needs a log with amounts and purchases")
    return table
