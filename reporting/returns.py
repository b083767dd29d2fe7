"""What customers returned, before the cutoff and after it, and who spent much only before returns."""

import pandas as pd

from reporting.comparison import Comparison

LIST_SHARE, LONGEST_LIST = 0.1, 500
"""The length of a list: a tenth of the customers, at most this many, which people can work through."""
OUTLIER_SHARE = 0.5
"""The least share of a customer's purchases that was returned, for the customer to be an outlier."""
PERIODS = ("before", "after")


def list_length(customers: int) -> int:
    """Return how many of the customers a list has."""
    return max(1, min(LONGEST_LIST, round(LIST_SHARE * customers)))


def returned_last_year(features: pd.DataFrame) -> pd.Series:
    """Return what was returned of the purchases of the 365 days before the cutoff, in currency."""
    returned: pd.Series = (features["spend_365"] - features["net_spend_365"]).round(2)
    return returned


def returns_table(comparison: Comparison) -> pd.DataFrame:
    """Return who returned purchases of the year before the cutoff (`before`) or of the horizon (`after`).

    Returns
    -------
    pandas.DataFrame
        One row for each customer and period with a return, those that are `outlier` first, then by what was returned:
        `customer_id`, `period`, `bought`, `returned` and `kept` (currency), `share` (returned of bought), and `outlier`
        (bool): among the top spenders of the period before returns, but not after them, with at least half returned.
    """
    bought = {
        "before": comparison.features["spend_365"],
        "after": comparison.spend + comparison.returned,
    }
    returned = {"before": returned_last_year(comparison.features), "after": comparison.returned}
    size = list_length(len(comparison.features))
    periods = []
    for period in PERIODS:
        table = pd.DataFrame({"bought": bought[period], "returned": returned[period]}).rename_axis("customer_id")
        table["kept"] = table["bought"] - table["returned"]
        by_bought, by_kept = (table[name].rank(ascending=False, method="min") for name in ("bought", "kept"))
        mostly = table["returned"] >= OUTLIER_SHARE * table["bought"]
        table["outlier"] = mostly & (by_bought <= size) & (by_kept > size)
        table.insert(0, "period", period)
        periods.append(table[table["returned"] > 0].reset_index())
    whole = pd.concat(periods, ignore_index=True)
    whole["share"] = whole["returned"] / whole["bought"]
    ordered = whole.sort_values(["outlier", "returned"], ascending=False, kind="stable", ignore_index=True)
    return ordered[["customer_id", "period", "bought", "returned", "kept", "share", "outlier"]]


def returns_summary(comparison: Comparison) -> pd.DataFrame:
    """Return for each period how many `customers` returned something, and the money of the whole base.

    Columns: `period`, `customers`, `bought`, `returned`, `kept` (currency), `share` (returned of bought; NaN where
    nothing was bought).
    """
    returned = {"before": returned_last_year(comparison.features), "after": comparison.returned}
    kept = {"before": comparison.features["net_spend_365"], "after": comparison.spend}
    rows = []
    for period in PERIODS:
        back, left = float(returned[period].sum()), float(kept[period].sum())
        share = back / (back + left) if back + left else float("nan")
        rows.append((period, int((returned[period] > 0).sum()), back + left, back, left, share))
    return pd.DataFrame(rows, columns=["period", "customers", "bought", "returned", "kept", "share"])
