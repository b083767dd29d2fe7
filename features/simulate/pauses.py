"""Pauses of simulated customers: times in which they make no purchases by themselves, and come back afterwards."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.simulate.seasonal_time import Floats, to_days, to_timestamps
from features.simulate.truth import Truth

_PAUSES = 101  # the purpose of the random numbers, beside which the block's own stay as they are


class Pauses(NamedTuple):
    """Each customer's pauses in order, in days since the start; infinite where there are no more.

    Attributes
    ----------
    begins, ends : ndarray of float64, shape (n, pauses)
    """

    begins: Floats
    ends: Floats

    def include(self, customer: NDArray[np.int64], time: Floats) -> NDArray[np.bool_]:
        """Return whether each time lies in a pause of its customer."""
        paused = np.zeros(len(time), bool)
        for begins, ends in zip(self.begins.T, self.ends.T, strict=True):
            paused |= (begins[customer] <= time) & (time < ends[customer])
        return paused

    def text(self, truth: Truth) -> list[str]:
        """Return each customer's pauses as ISO 8601 intervals of wall-clock time, with spaces between them."""
        begins, ends = (np.datetime_as_string(to_timestamps(truth, side)) for side in self)
        known = np.isfinite(self.ends)
        return [
            " ".join(f"{begin}/{end}" for begin, end in zip(begins[row, some], ends[row, some], strict=True))
            for row, some in enumerate(known)
        ]


def draw_pauses(truth: Truth, first_purchase: Floats, seed: tuple[int, ...]) -> Pauses:
    """Draw the pauses from each first purchase on, active and paused times in turn, until the log has ended."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PAUSES,)))
    begins, ends, time = [], [], first_purchase.copy()
    limit = 2.0 * truth.days + 365
    while (time < limit).any():
        begin = time + rng.exponential(truth.active_days, len(time))
        time = begin + rng.exponential(truth.pause_days, len(time))
        begins.append(np.where(begin < limit, begin, np.inf))
        ends.append(np.where(begin < limit, time, np.inf))
    return Pauses(np.stack(begins, axis=1), np.stack(ends, axis=1))


def read_pauses(truth: Truth, texts: pd.Series) -> Pauses:
    """Return the pauses that `Pauses.text` wrote."""
    spans = [
        [tuple(to_days(truth, pd.Timestamp(end).to_pydatetime()) for end in span.split("/")) for span in text.split()]
        for text in texts
    ]
    most = max(map(len, spans), default=0)
    padded = np.full((len(spans), most, 2), np.inf)
    for row, of_customer in enumerate(spans):
        if of_customer:
            padded[row, : len(of_customer)] = of_customer
    return Pauses(padded[:, :, 0], padded[:, :, 1])
