"""The limits of a plan: how much each option takes from each pool, and how much there is."""

from dataclasses import dataclass

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from planning.catalogue.actions import Catalogue, Pool


@dataclass(frozen=True)
class Limits:
    """Rows of capacity.

    Attributes
    ----------
    usage : scipy.sparse.csr_array, shape (n_options, n_limits)
        What each option takes.
    table : DataFrame, shape (n_limits, 6)
        `limit` (its name), `pool`, `unit`, `rep` (None unless each rep has a pool of their own), `capacity` of the
        whole week (infinite for a minimum) and `minimum` (0 without one).
    """

    usage: csr_array
    table: pd.DataFrame

    @property
    def capacity(self) -> NDArray[np.float64]:
        """How much there is of each."""
        return self.table["capacity"].to_numpy(float)

    @property
    def minimum(self) -> NDArray[np.float64] | None:
        """How much of each must be used; None if nothing must."""
        least = self.table["minimum"].to_numpy(float)
        return least if least.any() else None


def with_budget(catalogue: Catalogue, budget: float | None) -> Catalogue:
    """Return the catalogue with another amount of currency for the whole plan.

    Parameters
    ----------
    catalogue : Catalogue
    budget : float, optional
        The amount of its first pool of currency; without such a pool, of a new one that every action takes from. None
        changes nothing.
    """
    if budget is None:
        return catalogue
    money = [pool for pool in catalogue.pools if pool.unit == "currency"]
    if money:
        pools = [msgspec.structs.replace(each, amount=budget) if each is money[0] else each for each in catalogue.pools]
        return msgspec.structs.replace(catalogue, pools=tuple(pools))
    pool = Pool("budget", "currency", budget)
    actions = [msgspec.structs.replace(each, pools=(*each.pools, pool.name)) for each in catalogue.actions]
    return msgspec.structs.replace(catalogue, pools=(*catalogue.pools, pool), actions=tuple(actions))


def with_days(catalogue: Catalogue, days: int) -> Catalogue:
    """Return the catalogue for a week of which only the last working days are left: minutes are less pro rata.

    Parameters
    ----------
    catalogue : Catalogue
    days : int
        How many are left; all of them change nothing.
    """
    if days == catalogue.working_days:
        return catalogue
    share = days / catalogue.working_days
    pools = [
        msgspec.structs.replace(each, amount=each.amount * share) if each.unit == "minutes" else each
        for each in catalogue.pools
    ]
    return msgspec.structs.replace(catalogue, working_days=days, pools=tuple(pools))


def make_limits(options: pd.DataFrame, catalogue: Catalogue, goals: pd.Series | None = None) -> Limits:
    """Return the limits that options share.

    Parameters
    ----------
    options : DataFrame, shape (n_options, columns)
        With `action`, `rep`, `minutes` and `cost_expected`.
    catalogue : Catalogue
    goals : Series of str, shape (n_options,), optional
        The goal of each option; needed where the catalogue has minimums.

    Returns
    -------
    Limits
        One for each pool, for each rep of a pool that is each rep's; of a pool that each day has, that of the working
        days together. Then one for each minimum.
    """
    rows, columns = [], []
    for pool in catalogue.pools:
        taken = _taken(options, catalogue, pool)
        if pool.per != "rep":
            # Of contacts a day whole ones count, so that the schedule can keep each day's number.
            amount = np.floor(pool.amount) * catalogue.working_days if pool.per == "day" else pool.amount
            rows.append((pool.name, pool.name, pool.unit, None, amount, 0.0))
            columns.append(csr_array(taken[:, None]))
            continue
        reps = pd.Categorical(options["rep"].where(taken > 0))
        rows += [(f"{pool.name} of {rep}", pool.name, pool.unit, rep, pool.amount, 0.0) for rep in reps.categories]
        used = np.flatnonzero(reps.codes >= 0)
        shape = (len(options), len(reps.categories))
        columns.append(csr_array((taken[used], (used, reps.codes[used])), shape=shape))
    for least in catalogue.minimums:
        pool = catalogue.pool(least.pool)
        there = sum(row[4] for row in rows if row[1] == pool.name)
        taken = _taken(options, catalogue, pool) * (np.asarray(goals) == least.goal)
        rows.append(
            (
                f"at least {least.share:.0%} of {pool.name} for {least.goal}",
                "",
                pool.unit,
                None,
                np.inf,
                least.share * there,
            )
        )
        columns.append(csr_array(taken[:, None]))
    table = pd.DataFrame(rows, columns=["limit", "pool", "unit", "rep", "capacity", "minimum"])
    table = table.astype({"capacity": float, "minimum": float})
    usage = hstack(columns, format="csr") if columns else csr_array((len(options), 0))
    return Limits(usage, table)


def _taken(options: pd.DataFrame, catalogue: Catalogue, pool: Pool) -> NDArray[np.float64]:
    """Return what each option takes from a pool."""
    users = [action.name for action in catalogue.actions if pool.name in action.pools]
    amounts = {"minutes": options["minutes"], "currency": options["cost_expected"]}
    amount = np.asarray(amounts.get(pool.unit, pd.Series(1.0, options.index)), float)
    return np.where(options["action"].isin(users), amount, 0.0)


def binding(limits: Limits, options: NDArray[np.int64], prices: NDArray[np.float64]) -> list[str | None]:
    """Return the limit that binds each option most: the one of which it takes what is worth most.

    Parameters
    ----------
    limits : Limits
    options : ndarray of int64, shape (n,)
        Their positions.
    prices : ndarray of float64, shape (n_limits,)
        What one more unit of each limit is worth.

    Returns
    -------
    list of str or None, length n
        None where nothing that it takes is scarce.
    """
    if not limits.usage.shape[1]:
        return [None] * len(options)
    worth = limits.usage[options].toarray() * np.maximum(prices, 0.0)
    names = limits.table["limit"].tolist()
    return [names[most] if row[most] > 0 else None for row, most in zip(worth, worth.argmax(axis=1), strict=True)]
