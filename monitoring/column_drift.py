"""Drift of the feature columns: how the base moved in the last weeks, beside how it moved in as many weeks before.

A base ages: without any fault most columns of two dates differ. So not two dates are compared, but a movement with
earlier movements of the same length, and one threshold holds for the largest deviation of all columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.engines.feature_table import feature_table, known_customers
from features.store.event_store import EventStore

Floats = NDArray[np.float32]

LAG_DAYS, LAGS = 28, 6
"""The length of a movement, and how many earlier ones say what is usual."""
CUSTOMERS = 10_000
DRAWS = 1_000
CLASSES = 10
LEAST_CUSTOMERS = 200
FEW = 3
"""Customers who may move into a class by chance where nobody did before."""
SMALL, LARGE = 0.02, 0.10
"""Shares of customers who moved otherwise than usual, from which on a change is called noticeable, and large."""


@dataclass(frozen=True)
class ColumnDrift:
    """How the columns moved.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a column: `column`, `moved` (the share of customers in other classes than the usual movement would have
        put them), `statistic`, `size` (`small`, `noticeable`, `large`) and `alarm`, the largest statistic first.
    threshold : float
        What the largest statistic of all columns exceeds with the chance `budget` where nothing changed.
    budget : float
    customers : int
        Customers compared.
    """

    table: pd.DataFrame
    threshold: float
    budget: float
    customers: int

    @property
    def alarms(self) -> pd.DataFrame:
        """The columns that moved otherwise."""
        return self.table[self.table["alarm"]]


def column_drift(
    store: EventStore, as_of: AsOf, budget: float = 0.05, *, draws: int = DRAWS, seed: int = 0
) -> ColumnDrift | None:
    """Compare how columns moved in the last `LAG_DAYS` with how they moved before.

    Each column has deciles of all dates and a class for null. A movement is the change of the shares of its classes.
    The last one is compared with the mean of `LAGS` earlier ones. The null distribution of the largest deviation comes
    from draws of customers (Poisson bootstrap) in each of which a random earlier movement takes the place of the last.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf
    budget : float
        The chance of any alarm where nothing changed.
    draws : int
        At least 1,000 for a budget of .05: with 150 the threshold is so uncertain that the chance doubles.
    seed : int

    Returns
    -------
    ColumnDrift or None
        None where the log is too short, or has too few customers then.
    """
    dates = [AsOf.at_midnight(as_of.day - LAG_DAYS * at, store.timezone) for at in range(LAGS + 2)]
    rng = np.random.default_rng(seed)
    known = known_customers(store, dates[0])
    if len(known_customers(store, dates[-1])) < LEAST_CUSTOMERS:
        return None
    if len(known) > CUSTOMERS:
        known = np.sort(rng.choice(known, CUSTOMERS, replace=False))
    tables = [feature_table(store, date, known) for date in dates]
    names, codes = _classes(tables)
    weights = rng.poisson(1.0, (draws + 1, len(known))).astype(np.float32)
    weights[0] = 1
    ids = tables[0].index
    present = [ids.get_indexer(table.index) for table in tables]
    shares = [_shares(code, weights[:, rows]) for code, rows in zip(codes, present, strict=True)]
    moves = np.stack([later - earlier for later, earlier in pairwise(shares)])
    usual = moves[1:]
    place = rng.integers(0, LAGS, draws)
    chosen = usual[place, 1 + np.arange(draws)]
    others = (usual[:, 1:].sum(axis=0) - chosen) / (LAGS - 1)
    null = chosen - others
    # A class into which hardly anybody moved before has no spread of its own: a few customers are then no news.
    spread = np.sqrt((null**2).mean(axis=0) + (FEW / len(known)) ** 2)
    largest = (np.abs(null) / spread).max(axis=1)
    threshold = float(np.quantile(largest, 1 - budget, method="higher"))
    deviation = moves[0, 0] - usual[:, 0].mean(axis=0)
    statistics = (np.abs(deviation) / spread).reshape(len(names), -1).max(axis=1)
    moved = np.abs(deviation).reshape(len(names), -1).sum(axis=1) / 2
    table = pd.DataFrame({"column": names, "moved": moved.astype(float), "statistic": statistics.astype(float)})
    table["size"] = np.select([moved >= LARGE, moved >= SMALL], ["large", "noticeable"], "small")
    table["alarm"] = table["statistic"] > threshold
    table = table.sort_values("statistic", ascending=False, kind="stable", ignore_index=True)
    return ColumnDrift(table, threshold, budget, len(known))


def _classes(tables: Sequence[pd.DataFrame]) -> tuple[list[str], list[NDArray[np.int64]]]:
    """Return the columns that vary, and the class of each customer and column at each date; the last one is null."""
    joint = pd.concat(tables[1:])
    names, edges = [], []
    for name in joint:
        values = joint[name].to_numpy()
        given = values[~np.isnan(values)]
        if len(given):
            cuts = np.unique(np.quantile(given, np.linspace(0, 1, CLASSES + 1)[1:-1], method="higher"))
            if len(given) < len(values) or given.min() < given.max():
                names.append(str(name))
                edges.append(cuts)
    codes = []
    for table in tables:
        own = np.empty((len(table), len(names)), np.int64)
        for at, (name, cuts) in enumerate(zip(names, edges, strict=True)):
            values = table[name].to_numpy()
            own[:, at] = np.where(np.isnan(values), CLASSES, np.searchsorted(cuts, values, side="left"))
        codes.append(own)
    return names, codes


def _shares(codes: NDArray[np.int64], weights: Floats) -> Floats:
    """Return the weighted shares of the classes, shape (draws, columns * classes)."""
    classes = CLASSES + 1
    one_hot = np.zeros((len(codes), codes.shape[1] * classes), np.float32)
    np.put_along_axis(one_hot, codes + classes * np.arange(codes.shape[1]), 1, axis=1)
    shares: Floats = weights @ one_hot / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    return shares
