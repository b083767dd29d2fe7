"""Incentives by rule beside the optimised plan: the same customers and budget, by what both are expected to bring."""

from typing import Any

import msgspec
import numpy as np
import pandas as pd

from planning.allocation.allocate import Allocation, allocate
from planning.allocation.limits import make_limits, with_budget
from planning.catalogue.actions import Catalogue
from planning.catalogue.incentive_rules import BUDGET, chosen_by_rule


def allocate_by_rule(options: pd.DataFrame, scores: pd.Series, budget: float, seed: int = 0) -> Allocation:
    """Choose the offers of the highest loyalty scores as long as the budget lasts.

    Parameters
    ----------
    options, scores, budget, seed
        As in `planning.catalogue.incentive_rules.chosen_by_rule`; `options` with `value` too.

    Returns
    -------
    Allocation
        Without prices, and with its own value as the bound: what an offer brings plays no part in the choice.
    """
    chosen = chosen_by_rule(options, scores, budget, seed)
    value = float(options["value"].to_numpy(float)[chosen].sum())
    return Allocation(chosen, np.zeros(1), value, value, 0.0, 0.0)


def offers_like(rules: Catalogue, catalogue: Catalogue) -> Catalogue:
    """Return rules with the budget, margin and horizon of a plan, so that values of both are of one kind.

    Parameters
    ----------
    rules : Catalogue
        As `planning.catalogue.incentive_rules.load_incentive_rules` returns it.
    catalogue : Catalogue
        The plan's. Without a budget of the whole plan the rules keep their own.
    """
    budget = next((pool.amount for pool in catalogue.pools if pool.unit == "currency" and pool.per == "plan"), None)
    # An offer that acts longer than the horizon counts for the horizon, as all do.
    return msgspec.structs.replace(
        with_budget(rules, budget), margin=catalogue.margin, horizon_days=catalogue.horizon_days
    )


def rule_beside_plan(
    rules: Catalogue, offered: pd.DataFrame, scores: pd.Series, optimised: pd.DataFrame, seed: int = 0
) -> dict[str, Any]:
    """Return what offers by rule would bring beside an optimised plan, both before anybody is left alone.

    Parameters
    ----------
    rules : Catalogue
        As `offers_like` returns it.
    offered : DataFrame
        The options of the rules.
    scores : Series of float
        The loyalty score of each customer, by position.
    optimised : DataFrame
        The plan's chosen options.
    seed : int

    Returns
    -------
    dict
        As `comparison` returns it.
    """
    budget = rules.pool(BUDGET).amount
    rule = allocate_by_rule(offered, scores, budget, seed)
    return comparison(rules, budget, optimised, offered[rule.chosen])


def optimum_beside_rule(rules: Catalogue, options: pd.DataFrame, rule: Allocation, seed: int = 0) -> dict[str, Any]:
    """Return what the same offers, chosen by what they are expected to bring, would bring beside those by rule.

    Parameters
    ----------
    rules : Catalogue
        The plan's own.
    options : DataFrame
    rule : Allocation
        As `allocate_by_rule` returns it.
    seed : int

    Returns
    -------
    dict
        As `comparison` returns it.
    """
    limits = make_limits(options, rules)
    best = allocate(options, limits.usage, limits.capacity, seed=seed)
    return comparison(rules, rules.pool(BUDGET).amount, options[best.chosen], options[rule.chosen])


def comparison(rules: Catalogue, budget: float, optimised: pd.DataFrame, by_rule: pd.DataFrame) -> dict[str, Any]:
    """Return two choices side by side, by the effects that both expect.

    Parameters
    ----------
    rules : Catalogue
    budget : float
    optimised, by_rule : DataFrame
        The chosen options: `customer_id, value, cost_expected`.

    Returns
    -------
    dict
        `rules` (its description), `budget`, and of `optimised` and `by_rule` each `chosen`, `expected` (currency, cost
        taken off), `cost`, `losing` (customers from whom less is expected than they cost) and `alone` (customers that
        the other does not choose); `both`, customers that are in both.
    """
    both = set(optimised["customer_id"]) & set(by_rule["customer_id"])
    sides = {
        name: {
            "chosen": len(rows),
            "expected": float(rows["value"].sum()),
            "cost": float(rows["cost_expected"].sum()),
            "losing": int((rows["value"] < 0).sum()),
            "alone": len(rows) - len(both),
        }
        for name, rows in (("optimised", optimised), ("by_rule", by_rule))
    }
    return {"rules": rules.description, "budget": float(budget), "both": len(both), **sides}
