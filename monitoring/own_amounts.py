"""Amounts of the last 28 days beside what the same customers paid before: what a wrong currency or a lost tax changes.

Customers differ in what they pay by far more than a few per cent, and who buys in a week is chance. Beside a customer's
own earlier amounts a twentieth shows after four weeks; no figure of one week of some hundred purchases can show it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.as_of import AsOf
from features.store.event_store import EventStore
from training.net_spend import PURCHASE, events, rows_known

OWN_AMOUNT = "amount beside own, 28 days"
LAST_WEEKS, USUAL_WEEKS, LEAST_USUAL = 4, 52, 12
LEAST_PURCHASES = 20
"""In the median of the weeks, each of purchases by customers who bought before."""


def own_amounts(store: EventStore, as_of: AsOf) -> dict[str, object] | None:
    """Return the row of the intake, or None where the log has too few weeks or repeated purchases.

    A purchase counts as the logarithm of its amount less the mean of the customer's earlier ones; one after n others
    has the weight n / (n + 1), as its variance asks for. The mean of the last `LAST_WEEKS` weeks is compared with up to
    `USUAL_WEEKS` before them by a prediction interval of Student's t.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf
        Only what was known then counts.

    Returns
    -------
    dict or None
        `what`, `event_type`, `usual` and `last` (amounts as a multiple of the customer's own) and `p_value`.
    """
    size = LAST_WEEKS + USUAL_WEEKS
    sums, weights, counts = np.zeros((3, size))
    for _, part in store.buckets:
        rows = rows_known(part, (PURCHASE,), np.iinfo(np.int64).min, as_of)
        customer, day, cents = events(part, rows, "day", "cents")
        kept = (cents > 0) & (day < as_of.day)
        customer, day = customer[kept], day[kept].astype(np.int64)
        change, weight = _beside_own(customer, np.log(cents[kept].astype(float)))
        week = (as_of.day - 1 - day) // 7
        inside = (week < size) & (weight > 0)
        week, change, weight = week[inside], change[inside], weight[inside]
        sums += np.bincount(week, change * weight, size)
        weights += np.bincount(week, weight, size)
        counts += np.bincount(week, minlength=size)
    empty = np.flatnonzero(counts == 0)
    weeks = int(empty[0]) if len(empty) else size
    if weeks < LAST_WEEKS + LEAST_USUAL or np.median(counts[:weeks]) < LEAST_PURCHASES:
        return None
    means = sums[:weeks] / weights[:weeks]
    last, usual = means[:LAST_WEEKS].mean(), means[LAST_WEEKS:]
    spread = float(usual.std(ddof=1)) * np.sqrt(1 / LAST_WEEKS + 1 / len(usual))
    t = (last - usual.mean()) / max(spread, 1e-3)
    return {
        "what": OWN_AMOUNT,
        "event_type": "purchase",
        "usual": float(np.exp(usual.mean())),
        "last": float(np.exp(last)),
        "p_value": float(2 * stats.t.sf(abs(t), len(usual) - 1)),
    }


def _beside_own(
    customer: NDArray[np.int64], logs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each value less the mean of the customer's earlier ones, and its weight, 0 for the first."""
    at = np.arange(len(logs))
    is_first = np.ones(len(logs), bool)
    is_first[1:] = customer[1:] != customer[:-1]
    first = np.maximum.accumulate(np.where(is_first, at, 0))
    before = np.concatenate([[0.0], np.cumsum(logs)])
    number = at - first
    mean = (before[:-1] - before[first]) / np.maximum(number, 1)
    return logs - mean, number / (number + 1)
