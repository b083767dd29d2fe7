"""Customers whose money is far beyond that of all others: named, so that a figure can be read with and without them."""

import numpy as np
import pandas as pd

FENCE = 3.0
"""The outer fence is this many interquartile ranges above the upper quartile."""
FEWEST = 20
"""So many spenders it takes to say what is usual."""


def outlier_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the customers whose money is above the outer fence of the logarithm of all customers' money.

    Money is about log-normal, so that the fence lies where hardly any of a thousand customers of one shop would.

    Parameters
    ----------
    customers : pandas.DataFrame
        `customer_id`, and the money of both periods, net of returns: `net_spend_365` and `spend`.

    Returns
    -------
    pandas.DataFrame
        One row for each customer and period, the largest first: `customer_id`, `period` (`before`: the year before the
        cutoff; `after`: the horizon), `kept` (currency, net of returns), `share` of all money of the period, and the
        `fence` (currency).

    References
    ----------
    Tukey (1977), Exploratory Data Analysis, chapter 2.
    """
    rows = []
    for period, name in (("before", "net_spend_365"), ("after", "spend")):
        money = customers[name].where(customers[name] > 0).to_numpy(float)
        fence = outer_fence(pd.Series(money).dropna())
        beyond = np.flatnonzero(money > fence)
        columns = {"customer_id": customers["customer_id"].iloc[beyond], "period": period, "kept": money[beyond]}
        rows.append(pd.DataFrame({**columns, "share": money[beyond] / np.nansum(money), "fence": fence}))
    return pd.concat(rows, ignore_index=True).sort_values(
        ["period", "kept"], ascending=[True, False], kind="stable", ignore_index=True
    )


def outer_fence(money: pd.Series) -> float:
    """Return the amount above which a customer is an outlier; infinite for few spenders, or where all spend alike."""
    if len(money) < FEWEST:
        return float("inf")
    lower, upper = np.log(money).quantile([0.25, 0.75])
    return float(np.exp(upper + FENCE * (upper - lower))) if upper > lower else float("inf")
