"""Forecasts of what customers will spend in a year that know nothing of visits and incentives."""

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import TooLittleDataError
from features.store.event_store import EventStore
from training.models.btyd.pareto_nbd import ParetoNBD

LIFETIME_DAYS = 365
OWN_VALUE_WEIGHT = 1.0
"""A customer's mean value of a purchase day is averaged with the base's as if that were so many days more."""


def spend_forecasts(store: EventStore, cutoffs: list[AsOf], days: int = LIFETIME_DAYS) -> list[pd.Series]:
    """Return the expected spend of each customer in the days after each cutoff.

    Purchase days by a Pareto/NBD model of the purchases alone, times the customer's value of a purchase day. A visit
    moves it only through the purchases that it brought. Customers leave in this model by time and not by purchase, so a
    purchase more does not bring leaving forward.

    Parameters
    ----------
    store : EventStore
    cutoffs : list of AsOf
        The model is fitted at the last.
    days : int, default 365

    Returns
    -------
    list of pandas.Series of float
        Currency, indexed by `customer_id`, of those who had bought by the cutoff.

    Raises
    ------
    TooLittleDataError
        When nobody had bought twice by the last cutoff.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24.
    """
    histories = [_histories(store, each) for each in cutoffs]
    last = histories[int(np.argmax([each.time for each in cutoffs]))]
    if not len(last) or not (last["frequency"] > 0).any():
        raise TooLittleDataError("nobody bought on two days: expected repeat purchases to forecast a lifetime from")
    model = ParetoNBD(penalizer=1e-3).fit(last)
    base = float(np.average(last["value"], weights=last["frequency"] + 1))
    values = []
    for each in histories:
        days_bought = each["frequency"] + 1
        value = (each["value"] * days_bought + base * OWN_VALUE_WEIGHT) / (days_bought + OWN_VALUE_WEIGHT)
        values.append(value * model.expected_purchases(each, days))
    return values


def _histories(store: EventStore, cutoff: AsOf) -> pd.DataFrame:
    """Return frequency, recency and T of customers who had bought, and the mean value of their purchase days."""
    table = feature_table(store, cutoff)
    table = table[table["T"].notna()]
    value = table["net_spend"] / table["purchase_days"]
    return table[["frequency", "recency", "T"]].assign(value=value.clip(lower=0).fillna(0.0))
