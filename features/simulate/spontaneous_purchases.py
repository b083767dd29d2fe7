"""The purchases that a world's customers make by themselves: the same whatever is done."""

import numpy as np

from features.simulate.keyed_random import Purpose
from features.simulate.purchase_marks import draw_marks
from features.simulate.truth import PERIOD_DAYS
from features.simulate.world_rows import Rows, in_order, join, where
from features.simulate.world_state import State


def draw_spontaneous(state: State, end: int) -> None:
    """Draw the spontaneous purchases up to a day, period by period, sorted by customer and time."""
    drawn = state.population.customers
    parts = [state.spontaneous] if state.spontaneous else []
    while state.drawn_until < end:
        begin = state.drawn_until
        period = begin // PERIOD_DAYS
        stop = (period + 1) * PERIOD_DAYS
        begins = state.clock.at(np.clip(drawn.first_purchase, begin, stop))
        spans = state.clock.readings[stop] - begins
        counts = state.chances.generator(Purpose.PURCHASES, period, 0).poisson(drawn.rate * spans)
        marks = draw_marks(state.truth, state.chances, Purpose.PURCHASES, (period,), int(counts.sum()))
        position = marks["chance"][:, 4]
        time = state.clock.day(np.repeat(begins, counts) + position * np.repeat(spans, counts))
        new = np.flatnonzero((drawn.first_purchase >= begin) & (drawn.first_purchase < stop))
        rows: Rows = {
            "customer": np.concatenate([np.repeat(np.arange(state.count), counts), new]),
            "time": np.concatenate([time, drawn.first_purchase[new]]),
            "first": np.repeat([False, True], [len(time), len(new)]),
        }
        first = draw_marks(state.truth, state.chances, Purpose.PURCHASES, (period, 9), state.count)
        parts.append(rows | {name: np.concatenate([marks[name], first[name][new]]) for name in marks})
        state.drawn_until = stop
    state.spontaneous = in_order(join(parts))


def forget_spontaneous(state: State, begin: int, end: int) -> None:
    """Keep the spontaneous purchases of a time span alone."""
    time = state.spontaneous["time"]
    state.spontaneous = where(state.spontaneous, (time >= begin) & (time < end))
