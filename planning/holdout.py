"""Who of the chosen is left alone at random, and who of the others gets an action at random, with all probabilities."""

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planning.catalogue.actions import Catalogue

STRATUM = 20
"""Customers of one action with neighbouring values, in whose order a hash decides."""


def draw_arms(
    options: pd.DataFrame,
    chosen: NDArray[np.bool_],
    plan_id: str,
    catalogue: Catalogue,
    usage: sparse.csr_array | None = None,
    capacity: NDArray[np.float64] | None = None,
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Draw the arm of each chosen customer, and a few others to learn from.

    Each chosen customer is left alone with the probability `holdout_share`: the chosen are sorted by action and value
    into strata, within a stratum by a hash of plan and customer, and in this order every `1 / holdout_share`-th is
    left alone, from a random start. So shares are exact in each stratum, up to one customer, and the draw depends
    neither on the order of rows nor on a clock. What the left-alone would have used stays free, except for those who
    are drawn to learn from: the customers whose hash is lowest among the eligible ones who were not chosen, twice
    `exploration_share` of the number chosen, each with one of their `k` options drawn evenly, which is done for one
    half. An option is drawn only if it fits what is free as if all those drawn before it were done.

    Who has an arm in an earlier plan of the same week keeps it, with its probability: some of those plans' actions may
    have been carried out already, and a second draw would mix the groups.

    Parameters
    ----------
    options : DataFrame, n rows
        All eligible options: `customer_id`, `action`, `value_expected`; each action at most once a customer.
    chosen : ndarray of bool, shape (n,)
        The plan, at most one option a customer.
    plan_id : str
    catalogue : Catalogue
    usage : csr_array, shape (n, k), optional
    capacity : ndarray of float, shape (k,), optional
        The limits of the plan; without them nobody is drawn to learn from.
    earlier : DataFrame, optional
        `arm` and `propensity` of customers chosen for earlier plans of the week, indexed by `customer_id`.

    Returns
    -------
    DataFrame
        One row a decision, with the index of its option, sorted by it: `arm` (do, leave); `propensity`, the probability
        of this action and arm: `1 - holdout_share` or `holdout_share` for a chosen customer, `1 / 2k` for one drawn to
        learn from, given that the customer was drawn; `exploration` (bool); `eligible_actions`, and the
        `propensities` of each being done.

    References
    ----------
    Saveski et al. (2017), "Detecting network effects: randomizing over randomized experiments", for the hash;
    Madow (1949), "On the theory of systematic sampling, II".
    """
    taken = np.flatnonzero(chosen)
    share = catalogue.holdout_share
    control = np.zeros(len(options), bool)
    leave_share = np.full(len(options), share)
    known = np.zeros(len(taken), bool)
    if earlier is not None and len(earlier):
        arms = earlier.reindex(options["customer_id"].iloc[taken])
        known, leave = arms["arm"].notna().to_numpy(), (arms["arm"] == "leave").to_numpy()
        first_drawn = arms["propensity"].to_numpy(float)
        leave_share[taken[known]] = np.where(leave, first_drawn, 1 - first_drawn)[known]
        control[taken[known & leave]] = True
    undrawn = taken[~known]
    control[_systematic(options.iloc[undrawn], undrawn, plan_id, share)] = True
    drawn = np.empty(0, int)
    if usage is not None and capacity is not None:
        free = capacity - np.asarray(usage[np.flatnonzero(chosen & ~control)].sum(axis=0))
        drawn = _exploration_options(
            options, chosen, plan_id, round(2 * catalogue.exploration_share * len(taken)), usage, free
        )
    half = _hashes(options["customer_id"].iloc[drawn], plan_id, "arm") < np.uint64(2**63)
    control[drawn[half]] = True
    rows = np.sort(np.concatenate([taken, drawn]))
    exploration = np.isin(rows, drawn)
    eligible = options[options["customer_id"].isin(options["customer_id"].iloc[rows])]
    actions = eligible.groupby("customer_id", sort=False)["action"].agg(sorted)
    of_row = [actions[customer] for customer in options["customer_id"].iloc[rows]]
    propensities, propensity = [], []
    own_actions = options["action"].to_numpy(object)
    for names, row, explored in zip(of_row, rows, exploration, strict=True):
        own, left_alone = own_actions[row], float(leave_share[row])
        even = 1 / (2 * len(names))
        propensities.append([even if explored else (1 - left_alone) * (name == own) for name in names])
        propensity.append(even if explored else left_alone if control[row] else 1 - left_alone)
    return pd.DataFrame(
        {
            "arm": np.where(control[rows], "leave", "do"),
            "propensity": np.array(propensity, float),
            "exploration": exploration,
            "eligible_actions": of_row,
            "propensities": propensities,
        },
        index=options.index[rows],
    )


def _hashes(customers: pd.Series, plan_id: str, purpose: str) -> NDArray[np.uint64]:
    """Return 64 bits of BLAKE2b for each customer of a plan."""
    key = hashlib.blake2b(f"{plan_id}\0{purpose}".encode(), digest_size=32).digest()
    digests = (hashlib.blake2b(str(customer).encode(), digest_size=8, key=key).digest() for customer in customers)
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def _systematic(rows: pd.DataFrame, numbers: NDArray[np.int64], plan_id: str, share: float) -> NDArray[np.int64]:
    """Return the numbers of the rows that are left alone."""
    hashes = _hashes(rows["customer_id"], plan_id, "holdout")
    by_value = np.lexsort((hashes, -rows["value_expected"].to_numpy(float), rows["action"].to_numpy(str)))
    stratum = np.empty(len(rows), int)
    stratum[by_value] = np.arange(len(rows)) // STRATUM
    order = np.lexsort((hashes, stratum))
    start = float(_hashes(pd.Series([""]), plan_id, "start")[0]) / 2.0**64
    steps = np.floor(start + share * np.arange(len(rows) + 1))
    control: NDArray[np.int64] = numbers[order[np.diff(steps) > 0]]
    return control


def _exploration_options(
    options: pd.DataFrame,
    chosen: NDArray[np.bool_],
    plan_id: str,
    count: int,
    usage: sparse.csr_array,
    free: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the numbers of the options drawn at random for customers who were not chosen."""
    customers = options["customer_id"]
    others = np.flatnonzero(~customers.isin(customers[chosen]).to_numpy())
    if not count or not len(others):
        return np.empty(0, int)
    names = pd.unique(customers.iloc[others])
    order = np.argsort(_hashes(pd.Series(names), plan_id, "exploration"), kind="stable")
    first = names[order[: 4 * count]]  # those after them are hardly reached, even if many options do not fit
    picks = _hashes(pd.Series(first), plan_id, "option")
    rows = options.iloc[others].assign(number=others)
    rows = rows[rows["customer_id"].isin(first)].sort_values("action", kind="stable")
    by_customer = rows.groupby("customer_id", sort=False)["number"].agg(list)
    drawn: list[int] = []
    for customer, pick in zip(first, picks.tolist(), strict=True):
        numbers = by_customer[customer]
        number = int(numbers[pick % len(numbers)])
        needs = usage[[number]].toarray()[0]
        if (needs <= free + 1e-9).all():
            drawn.append(number)
            free = free - needs
        if len(drawn) == count:
            break
    return np.array(drawn, int)
