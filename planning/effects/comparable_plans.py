"""Whether the draws of a plan that was carried out can say what another plan would have brought."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import PlanError, TooLittleDataError
from planning.plan_folder import Plan

FEWEST_EFFECTIVE = 100
"""The effective sample size below which a value is refused: its interval would hold nearly everything."""
LEAST_OVERLAP = 0.5
"""The share of the other plan's customers about whom the log must say something."""


@dataclass(frozen=True)
class Overlap:
    """How the draws of a plan stand to those of another, one row a customer of the plan that was carried out.

    Attributes
    ----------
    possible : ndarray of bool, shape (n,)
        Whether the draw could have given the customer what the other plan does.
    doing : ndarray of float, shape (n,)
        Probability that the other plan does the customer's action of the carried-out one.
    probability : ndarray of float, shape (n,)
        Probability of the customer's group under the other plan.
    outside : int
        Customers of the other plan who are not in the carried-out one.
    """

    possible: NDArray[np.bool_]
    doing: NDArray[np.float64]
    probability: NDArray[np.float64]
    outside: int


def check_other_plan(plans: Sequence[Plan], other: Plan) -> Plan:
    """Refuse another plan about which the draws of these say too little; needs no outcome.

    Parameters
    ----------
    plans : sequence of Plan
        Those that were carried out.
    other : Plan

    Returns
    -------
    Plan
        The one of the same week.

    Raises
    ------
    PlanError
        When no plan of that week was carried out, or it is this one.
    TooLittleDataError
        When that plan has no hold-out, or the two have too little in common.
    """
    week = str(other.manifest["week"])
    plan = next((each for each in plans if str(each.manifest["week"]) == week), None)
    if plan is None:
        weeks = ", ".join(sorted({str(each.manifest["week"]) for each in plans}))
        raise PlanError(
            f"no plan of week {week} was carried out, only of {weeks}: give another plan of a week that --plans has"
        )
    if plan.plan_id == other.plan_id:
        raise PlanError(f"{other.plan_id} is the plan that was carried out: give another plan of week {week}")
    explored = plan.items["plan_item"].isin(plan.manifest.get("exploration", ()))
    rows = plan.items[~explored].assign(treated=plan.items["arm"] == "do")
    overlap_of(rows[rows["propensity"].astype(float).between(0, 1, "neither")], plan, other)
    return plan


def overlap_of(rows: pd.DataFrame, plan: Plan, other: Plan) -> Overlap:
    """Return how the draws of a plan stand to those of another.

    Parameters
    ----------
    rows : pandas.DataFrame
        Customers of the plan who could have been in either group: `customer_id, action, treated, propensity`.
    plan, other : Plan

    Raises
    ------
    TooLittleDataError
        When there are no such rows, or the plans have too little in common for a value that means something.
    """
    if rows.empty:
        raise TooLittleDataError(
            f"{plan.plan_id} left nobody alone at random, so it says nothing of {other.plan_id}: give a plan of a "
            "week whose plan has a hold-out"
        )
    learning = other.items["plan_item"].isin(other.manifest.get("exploration", ()))
    theirs = other.items[~learning].drop_duplicates("customer_id").set_index("customer_id")
    planned = theirs["action"].reindex(rows["customer_id"]).to_numpy(object)
    share = _do_share(theirs).reindex(rows["customer_id"]).fillna(0.0).to_numpy(float)
    same = planned == rows["action"].to_numpy(object)
    if len(theirs) and same.sum() < LEAST_OVERLAP * len(theirs):
        raise TooLittleDataError(
            f"of the {len(theirs):,} customers of {other.plan_id} only {same.sum():,} have the same action in "
            f"{plan.plan_id}, expected at least half: nobody knows what the others would have done; compare plans "
            "that are more alike, such as one with a little more or less budget"
        )
    possible = np.asarray(same | pd.isna(planned) | (share == 0))
    doing = np.where(same, share, 0.0)
    probability = np.where(rows["treated"].to_numpy(bool), doing, 1 - doing)
    weights = (probability / rows["propensity"].to_numpy(float))[possible]
    effective = float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0
    if effective < FEWEST_EFFECTIVE:
        raise TooLittleDataError(
            f"{other.plan_id} and {plan.plan_id} agree for too few customers: they say as much as {effective:.0f} "
            f"customers drawn by the other plan would, expected {FEWEST_EFFECTIVE} or more; compare plans of more "
            "customers"
        )
    return Overlap(possible, doing, probability, int((~theirs.index.isin(rows["customer_id"])).sum()))


def _do_share(items: pd.DataFrame) -> pd.Series:
    """Return the probability with which each chosen row of a plan is done."""
    doing = items["arm"] == "do"
    return items["propensity"].astype(float).where(doing, 1 - items["propensity"].astype(float))
