"""The base of customers over time: its indices, bands and RFM segments with who moved, and retention by cohort."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import pandas as pd

from features.as_of import AsOf
from features.engines.feature_table import CHUNK, feature_chunks, feature_table
from features.errors import SegmentsError
from features.loyalty.formula import Formula
from features.loyalty.indices_over_time import indices_at
from features.loyalty.scoring import score
from features.segments.assignment import assign, learn_boundaries
from features.segments.segmentation import Segmentation, load_segmentation
from features.segments.settings import segmentation_of_settings
from features.store.event_store import EventStore
from features.store.log_dates import dates_every

STEP_DAYS, MOST_DATES = 90, 9
"""The distance of the dates, and the most of them: two years and a quarter."""
NONE = "none"
"""Instead of a group: known, but without a score, or never bought."""
UNKNOWN = "unknown"
"""Instead of a group: not known at the earlier date."""
KINDS = ("band", "segment")


@dataclass(frozen=True)
class BaseOverTime:
    """Tables of the base at dates that are `STEP_DAYS` apart, the last of which is the cutoff.

    Attributes
    ----------
    indices : pandas.DataFrame
        See `features.loyalty.indices_over_time.indices_at`.
    groups : pandas.DataFrame
        `as_of`, `kind` (`band` or `segment`), `group`, `customers` and `share` (of those in a group), a row for each
        date and group.
    moves : pandas.DataFrame
        `since`, `as_of`, `kind`, `from_group`, `to_group` and `customers`: how many were in one group at a date and in
        the other at the next; those who stayed are there too.
    moved : pandas.DataFrame
        Who moved between the last two dates: `customer_id`, and for bands and segments the one before and the one now.
    cohorts : pandas.DataFrame
        `cohort` (the first day of the period of the first purchase), `customers`, `period` (0 is that of the first
        purchase), `bought` (customers with a purchase in the period) and `retention`, their share.
    """

    indices: pd.DataFrame
    groups: pd.DataFrame
    moves: pd.DataFrame
    moved: pd.DataFrame
    cohorts: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by their names in the report."""
        return {
            "base_indices": self.indices,
            "base_groups": self.groups,
            "base_moves": self.moves,
            "base_moved": self.moved,
            "base_cohorts": self.cohorts,
        }


def base_over_time(store: EventStore, cutoff: AsOf, formula: Formula, chunk: int = CHUNK) -> BaseOverTime:
    """Return the base at the cutoff and at dates before it.

    Parameters
    ----------
    store : EventStore
        The event log.
    cutoff : AsOf
        The last date; nothing known later is used.
    formula : Formula
        The rule, whose bands are followed.
    chunk : int
        Rows in memory at a time, as `feature_chunks` has it.

    Returns
    -------
    BaseOverTime
        RFM segments are those of the settings, else the built-in ones with boundaries learnt at the cutoff; there are
        none where the log has no amounts.
    """
    dates = dates_every(store, STEP_DAYS, until=cutoff)[-MOST_DATES:]
    segmentation = _segmentation(store, cutoff)
    pieces: list[pd.DataFrame] = []
    for as_of, table in feature_chunks(store, list(dates), chunk):
        groups = {"band": score(table, formula)["band"].astype("str")}
        if segmentation is not None:
            groups["segment"] = assign(table, segmentation)["segment"].astype("str")
        classes = pd.DataFrame(groups, table.index).replace("nan", None).fillna(NONE)
        pieces.append(classes.assign(purchase_days=table["purchase_days"], as_of=str(as_of.date)).reset_index())
    days = [str(date.date) for date in dates]
    history = pd.concat(pieces, ignore_index=True)
    orders = {"band": [band.name for band in formula.bands]}
    if segmentation is not None:
        orders["segment"] = [segment.name for segment in segmentation.segments]
    return BaseOverTime(
        indices_at(store, formula, dates, chunk),
        pd.concat([_groups(history, kind, order, days) for kind, order in orders.items()], ignore_index=True),
        pd.concat([_moves(history, kind, order, days) for kind, order in orders.items()], ignore_index=True),
        _moved(history, list(orders), days),
        cohort_table(history.pivot(index="customer_id", columns="as_of", values="purchase_days")[days]),
    )


def _segmentation(store: EventStore, cutoff: AsOf) -> Segmentation | None:
    chosen = segmentation_of_settings()
    if chosen is not None:
        return chosen
    segmentation = load_segmentation()
    try:
        boundaries = learn_boundaries(
            feature_table(store, cutoff), segmentation, str(cutoff.date), str(store.manifest["digest"])
        )
    except SegmentsError:
        return None
    return msgspec.structs.replace(segmentation, boundaries=boundaries)


def _groups(history: pd.DataFrame, kind: str, order: Sequence[str], days: Sequence[str]) -> pd.DataFrame:
    sizes = history.groupby(["as_of", kind]).size()
    names = [*order, *([NONE] if (history[kind] == NONE).any() else [])]
    index = pd.MultiIndex.from_product([days, names], names=["as_of", "group"])
    table = sizes.rename_axis(["as_of", "group"]).reindex(index, fill_value=0).rename("customers").reset_index()
    table.insert(1, "kind", kind)
    inside = table["customers"].where(table["group"] != NONE)
    total = inside.groupby(table["as_of"]).transform("sum")
    return table.assign(share=(inside / total.where(total > 0)).astype(float))


def _moves(history: pd.DataFrame, kind: str, order: Sequence[str], days: Sequence[str]) -> pd.DataFrame:
    wide = history.pivot(index="customer_id", columns="as_of", values=kind).fillna(UNKNOWN)
    place = {name: position for position, name in enumerate([UNKNOWN, *order, NONE])}
    rows = []
    for since, as_of in pairwise(days):
        known = wide[wide[as_of] != UNKNOWN]
        counts = known.groupby([since, as_of]).size().rename_axis(["before", "after"]).reset_index(name="customers")
        moves = [(str(before), str(after), int(count)) for before, after, count in counts.itertuples(index=False)]
        moves.sort(key=lambda each: (place[each[0]], place[each[1]]))
        rows += [(since, as_of, kind, *each) for each in moves]
    return pd.DataFrame(rows, columns=["since", "as_of", "kind", "from_group", "to_group", "customers"])


def _moved(history: pd.DataFrame, kinds: Sequence[str], days: Sequence[str]) -> pd.DataFrame:
    columns = ["customer_id", *(f"{kind}_{when}" for kind in kinds for when in ("before", "now"))]
    if len(days) < 2:
        return pd.DataFrame(columns=columns)
    before, now = (history[history["as_of"] == day].set_index("customer_id")[list(kinds)] for day in days[-2:])
    both = now.add_suffix("_now").join(before.add_suffix("_before"), how="inner")
    changed = pd.concat([both[f"{kind}_now"] != both[f"{kind}_before"] for kind in kinds], axis=1).any(axis=1)
    return both[changed].reset_index()[columns]


def cohort_table(purchase_days: pd.DataFrame) -> pd.DataFrame:
    """Return the retention of customers by the period of their first purchase.

    Parameters
    ----------
    purchase_days : pandas.DataFrame, shape (n_customers, n_dates)
        Purchase days known at ascending dates; the columns are the dates, NaN where the customer was not known. A
        period goes from one date to the next; customers who bought before the first date belong to no cohort.

    Returns
    -------
    pandas.DataFrame
        See `BaseOverTime.cohorts`.

    Examples
    --------
    >>> days = pd.DataFrame({"d0": [None, 0.0], "d1": [1.0, 1.0], "d2": [1.0, 3.0]})
    >>> cohort_table(days)
      cohort  customers  period  bought  retention
    0     d0          2       0       2        1.0
    1     d0          2       1       1        0.5
    """
    known = purchase_days.fillna(0.0)
    bought = known.diff(axis=1).iloc[:, 1:] > 0
    begins = list(known.columns)
    rows = []
    for period, begin in enumerate(begins[:-1]):
        started = (known.iloc[:, period] == 0) & bought.iloc[:, period]
        size = int(started.sum())
        if not size:
            continue
        for later in range(period, bought.shape[1]):
            active = int(bought.loc[started].iloc[:, later].sum())
            rows.append((begin, size, later - period, active, active / size))
    return pd.DataFrame(rows, columns=["cohort", "customers", "period", "bought", "retention"])
