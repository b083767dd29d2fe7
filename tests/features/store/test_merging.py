"""Merging rows into a store gives the files of a store that was written at once."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from features.store.event_store import EventStore, open_store
from features.store.merging import _places
from features.store.writer import StoreWriter, write_store
from tests.features.logs import Event, Log, batch, logs


def content(store: EventStore) -> dict[str, object]:
    columns = {**store.columns, **store.identity}
    arrays = {name: (column.dtype.str, column.tolist()) for name, column in columns.items()}
    return arrays | {"offsets": store.offsets.tolist(), "ids": store.customer_ids.to_pylist()}


@settings(max_examples=30, deadline=None)
@given(logs(max_size=25, records=False), st.data())
def test_a_log_in_two_parts_is_the_log(log: Log, data: st.DataObject) -> None:
    """Whichever rows come first, and whoever of the customers has any of them; what is copied is what was there."""
    distinct = list(dict.fromkeys(log.events))
    later = [data.draw(st.booleans()) for _ in distinct]
    first, then = ([e for e, is_late in zip(distinct, later, strict=True) if is_late == part] for part in (False, True))
    with TemporaryDirectory() as name:
        folder = Path(name)
        whole = write_store(folder / "whole", [batch(distinct, log.zone, records=False)], timezone=log.zone, digest="1")
        write_store(folder / "store", [batch(first, log.zone, records=False)], timezone=log.zone, digest="1")
        with StoreWriter(folder / "store", timezone=log.zone, digest="1", existing="append") as writer:
            writer.add(batch(then, log.zone, records=False))
            writer.write_columns()
            assert writer.merged is not None
            assert writer.merged.seen == 0
            assert (writer.merged.facts is None) == (not then)
            if then:
                writer.commit()
        found = open_store(folder / "store")
        assert content(found) == content(whole)
        facts = ("columns", "identity_columns", "events", "customers", "priced_events", "first_time", "last_time")
        assert {name: found.manifest[name] for name in facts} == {name: whole.manifest[name] for name in facts}


def test_columns_that_only_one_side_has_are_there(tmp_path: Path) -> None:
    """A store without references and times of recording gets both with the first row that has them, and keeps them."""
    plain, said = Event("a", 5, 3, cents=1), Event("b", 6, 3, cents=2, known_from=9)
    referenced = batch([said], "UTC").append_column("reference", pa.array(["r"]))
    for number, (first, then) in enumerate(((batch([plain], "UTC"), referenced), (referenced, batch([plain], "UTC")))):
        path = tmp_path / str(number)
        write_store(path, [first], timezone="UTC", digest="1")
        with StoreWriter(path, timezone="UTC", digest="1", existing="append") as writer:
            writer.add(then)
            writer.write_columns()
            writer.commit()
    stores = [open_store(tmp_path / name) for name in "01"]
    assert content(stores[0]) == content(stores[1])
    assert stores[0].recorded
    assert stores[0].identity["reference"].tolist()[0] == 0 != stores[0].identity["reference"].tolist()[1]


@given(st.sets(st.text(max_size=3), max_size=8), st.sets(st.text(max_size=3), max_size=8))
def test_customers_of_both_sides_have_their_places(stored: set[str], new: set[str]) -> None:
    """All ids sorted by their bytes; each one's place among the stored and among the new ones, -1 for none."""
    ours, theirs = (sorted(ids, key=str.encode) for ids in (stored, new))
    places = _places(pa.array(ours, pa.string()), pa.array(theirs, pa.string()))
    ids = places.ids.to_pylist()
    assert ids == sorted(stored | new, key=str.encode)
    assert places.of_store.tolist() == [ours.index(name) if name in stored else -1 for name in ids]
    assert places.of_block.tolist() == [theirs.index(name) if name in new else -1 for name in ids]
    assert places.of_store.dtype == places.of_block.dtype == np.int64
