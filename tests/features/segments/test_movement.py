"""Sizes, spend and moves are those of the segments of each date, however the base is cut."""

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.feature_table import feature_table
from features.segments.assignment import assign, learn_boundaries
from features.segments.movement import NONE, UNKNOWN, segment_movement
from features.segments.segmentation import load_segmentation
from features.store.event_store import EventStore
from features.store.log_dates import dates_every
from tests.training.logs import simulated, stored


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """A small shop."""
    return stored(simulated(150), tmp_path_factory.mktemp("shop"))


@settings(max_examples=5)
@given(every=st.integers(40, 400), chunk=st.integers(7, 200))
def test_it_is_what_the_tables_of_the_dates_say(store: EventStore, every: int, chunk: int) -> None:
    """Counted in pandas from the whole feature table at each date."""
    dates = dates_every(store, every)[-3:]
    base = load_segmentation()
    boundaries = learn_boundaries(feature_table(store, dates[-1]), base, str(dates[-1].date), "abc")
    segmentation = msgspec.structs.replace(base, boundaries=boundaries)
    found = segment_movement(store, segmentation, dates, chunk=chunk)
    tables = [feature_table(store, each) for each in dates]
    segments = [assign(table, segmentation)["segment"].fillna(NONE) for table in tables]
    for each, table, names in zip(dates, tables, segments, strict=True):
        rows = found.sizes[found.sizes["as_of"] == str(each.date)].set_index("segment")
        assert rows["customers"].to_dict() == {name: int((names == name).sum()) for name in rows.index}
        for name in rows.index:
            assert rows.at[name, "monetary"] == pytest.approx(table.loc[names == name, "net_spend"].sum())
        if rows["customers"].drop(NONE).sum():
            assert rows["share"].drop(NONE).sum() == pytest.approx(1.0)
    for before, after, since, as_of in zip(segments, segments[1:], dates, dates[1:], strict=False):
        moves = found.moves[(found.moves["since"] == str(since.date)) & (found.moves["as_of"] == str(as_of.date))]
        crossed = pd.crosstab(before.reindex(after.index).fillna(UNKNOWN), after).stack()
        expected = {pair: int(count) for pair, count in crossed.items() if count}
        assert moves.set_index(["from_segment", "to_segment"])["customers"].to_dict() == expected
        assert moves["customers"].sum() == len(after)
