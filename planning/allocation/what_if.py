"""What would change a plan: the customers at its border, another budget, one rep less."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from features.errors import PlanError
from planning.allocation.allocate import Allocation
from planning.allocation.limits import Limits, make_limits
from planning.catalogue.actions import Catalogue

BORDER = 5
"""Customers listed on each side of the border."""
BUDGETS = (0.8, 1.2)


def borderline(
    options: pd.DataFrame, limits: Limits, allocation: Allocation, drawn: pd.DataFrame
) -> dict[str, list[dict[str, Any]]]:
    """Return the last that came in and the first that did not: nobody who is left alone, whom no page may name.

    Actions are whole: where a better one does not fit what is left of a limit, a smaller one of a lower surplus comes
    in. So the order alone does not say why somebody is out; `limits` does.

    Parameters
    ----------
    options : DataFrame
    limits : Limits
    allocation : Allocation
    drawn : DataFrame
        The plan's rows as `draw_arms` gives them, with `arm` and `exploration`.

    Returns
    -------
    dict
        `last_in` and `first_out`: at most `BORDER` rows each with `customer_id`, `action`, `value` and `surplus`, the
        value less what the limits that it takes are worth, and `limits`: of a customer who is in, those that are used
        up and that the action takes; of one who is out, those that have no room for it, none where it brings no more
        than it costs. Of a customer who is not in, the best option counts.
    """
    values = options["value"].to_numpy(float)
    surplus = values - limits.usage @ allocation.prices
    table = options[["customer_id", "action", "value"]].assign(surplus=surplus)
    inside = table.loc[drawn.index[(drawn["arm"] == "do") & ~drawn["exploration"].astype(bool)]]
    names = limits.table["limit"].to_numpy(str)
    takes = limits.usage > 0
    free = limits.capacity - np.asarray(limits.usage[np.flatnonzero(allocation.chosen)].sum(axis=0)).ravel()

    def used_up(option: int) -> list[str]:
        return list(names[takes[[option]].toarray()[0] & (allocation.prices > 0)])

    def lacking(option: int) -> list[str]:
        short = limits.usage[[option]].toarray()[0] > free + 1e-9
        return list(names[short]) if values[option] > 0 else []

    in_plan = table.loc[drawn.index, "customer_id"]
    outside = table[~table["customer_id"].isin(in_plan)]
    best = outside.loc[outside.groupby("customer_id", sort=False)["surplus"].idxmax()] if len(outside) else outside
    return {
        "last_in": _rows(inside.sort_values(["surplus", "customer_id"]).head(BORDER), used_up),
        "first_out": _rows(best.sort_values(["surplus", "customer_id"], ascending=[False, True]).head(BORDER), lacking),
    }


def _rows(table: pd.DataFrame, limits: Callable[[int], list[str]]) -> list[dict[str, Any]]:
    return [
        {
            "customer_id": customer_id,
            "action": action,
            "value": value,
            "surplus": surplus,
            "limits": limits(int(option)),
        }
        for option, (customer_id, action, value, surplus) in zip(
            table.index, table[["customer_id", "action", "value", "surplus"]].itertuples(index=False), strict=True
        )
    ]


def what_ifs(
    options: pd.DataFrame,
    catalogue: Catalogue,
    limits: Limits,
    allocation: Allocation,
    solve: Callable[[pd.DataFrame, Limits], Allocation],
    goals: pd.Series | None = None,
) -> list[dict[str, Any]]:
    """Solve the plan again with a fifth less and more of each budget, and without the rep who brings the least.

    Parameters
    ----------
    options : DataFrame
    catalogue : Catalogue
    limits : Limits
    allocation : Allocation
        The plan's own.
    solve : callable
        Returns the allocation of options under limits.
    goals : Series of str, optional
        The goal of each option; needed where the catalogue has minimums.

    Returns
    -------
    list of dict
        One row a change: `change` (`budget` or `rep`), `name`, `factor`, `value` (of all chosen, hold-outs included),
        `difference` from the plan's and `chosen`, how many; the last three are None where a minimum cannot be reached.
    """
    changes = []
    for number, limit in enumerate(limits.table.to_dict("records")):
        if limit["unit"] != "currency" or not np.isfinite(limit["capacity"]):  # a minimum is no budget
            continue
        for factor in BUDGETS:
            table = limits.table.copy()
            table.loc[number, "capacity"] = limit["capacity"] * factor
            changes.append(("budget", limit["limit"], factor, options, Limits(limits.usage, table)))
    if rep := _least(options, limits, allocation):
        kept = ~((options["rep"] == rep) & (options["minutes"] > 0))
        rest = options[kept].reset_index(drop=True)
        rest_goals = None if goals is None else goals[kept.to_numpy()].reset_index(drop=True)
        changes.append(("rep", rep, 0.0, rest, make_limits(rest, catalogue, rest_goals)))
    return [
        {"change": change, "name": name, "factor": factor, **_outcome(solve, table, bounds, allocation)}
        for change, name, factor, table, bounds in changes
    ]


def _outcome(
    solve: Callable[[pd.DataFrame, Limits], Allocation], options: pd.DataFrame, limits: Limits, allocation: Allocation
) -> dict[str, float | int | None]:
    """Return value, difference and number of the other plan; None each where no plan reaches the minimums."""
    try:
        other = solve(options, limits)
    except PlanError:
        return {"value": None, "difference": None, "chosen": None}
    difference = float(other.value - allocation.value)
    return {"value": float(other.value), "difference": difference, "chosen": int(np.asarray(other.chosen).sum())}


def _least(options: pd.DataFrame, limits: Limits, allocation: Allocation) -> str | None:
    """Return the rep whose chosen rows bring the least; None with fewer than two reps."""
    reps = limits.table.loc[limits.table["unit"] == "minutes", "rep"].dropna().unique()
    if len(reps) < 2:
        return None
    rows = options[allocation.chosen & (options["minutes"] > 0).to_numpy()]
    values = rows.groupby("rep")["value"].sum().reindex(sorted(reps), fill_value=0.0)
    return str(values.idxmin())
