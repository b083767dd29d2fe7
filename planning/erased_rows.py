"""The rows of erased customers in a plan: arm, propensity and outcome, under a name that leads to nobody."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the service's workers take records of plans without pandas
    import pandas as pd

ERASED = "erased:"
"""The beginning of what stands for an erased customer's id; each row has one of its own, drawn at random."""
OUTCOMES = ("carried_out", "cost", "purchases", "spend", "satisfaction", "loyalty", "planned_in_horizon")
"""What `planning.effects.decisions.decisions` returns of a row that was measured."""
HORIZON = "kept_horizon_days"
"""The column of a plan with the horizon over which the outcomes of an erased row were measured."""


def is_erased(customer_ids: "pd.Series") -> "pd.Series":
    """Return which rows of a plan are of erased customers."""
    return customer_ids.astype(str).str.startswith(ERASED)


def kept_name(outcome: str) -> str:
    """Return the column of a plan with an outcome of erased rows."""
    return f"kept_{outcome}"


def with_kept_outcomes(table: "pd.DataFrame", horizon_days: int) -> "pd.DataFrame":
    """Return the decisions of a plan with the outcomes of erased customers as they were measured before.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `planning.effects.decisions.decisions` with the columns of the plan.
    horizon_days : int
        Erased rows that were not measured over this horizon are left out: nothing is known of them any more.
    """
    erased = is_erased(table["customer_id"])
    if not erased.any():
        return table
    measured = table[HORIZON].eq(horizon_days) if HORIZON in table else ~erased & erased
    table = table[~erased | measured].copy()
    own = is_erased(table["customer_id"])
    for name in OUTCOMES if own.any() else ():
        kept = table[kept_name(name)].astype(float)
        table[name] = (kept > 0).where(own, table[name]) if name == "carried_out" else kept.where(own, table[name])
    for name in ("purchases_before", "spend_before"):
        table[name] = table[name].where(~own)
    return table


def pseudonymous(row: Mapping[str, Any], names: Mapping[str, Any], keep: tuple[str, ...]) -> dict[str, Any]:
    """Return a row with other names and nothing else than some columns; all others are null.

    Parameters
    ----------
    row : mapping of str to Any
    names : mapping of str to Any
        The new ids by column.
    keep : tuple of str
    """
    return {name: names.get(name, value if name in keep else None) for name, value in row.items()}
