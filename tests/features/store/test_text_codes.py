"""Texts of events: codes which a store that grows keeps, in an order that does not show that of the rows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.errors import StoreError
from features.schema import VISIT_CONTENTS
from features.store import text_codes
from features.store.text_codes import TextEncoder, texts_of
from features.store.text_files import read_texts
from tests.features.logs import KIND, Event, batch, shelved


def encoded(encoder: TextEncoder, **columns: pa.Array) -> dict[str, list[int | None]]:
    coded = encoder.encode(pa.RecordBatch.from_pydict(columns))
    return {name: coded[name].to_pylist() for name in columns}


def test_codes_are_in_order_of_appearance() -> None:
    """The usual contents come first; plain texts and dictionaries are the same, and null stays null."""
    encoder = TextEncoder({})
    plain = pa.array(["loyalty_survey", None, "range", "needs"])
    assert encoded(encoder, content=plain) == {"content": [2, None, 3, 0]}
    assert encoded(encoder, content=plain.dictionary_encode()) == {"content": [2, None, 3, 0]}
    assert encoded(encoder, plan_item=pa.nulls(2, pa.string())) == {"plan_item": [None, None]}
    assert encoded(encoder, plan_item=pa.array(["P2", "P1", "P2"])) == {"plan_item": [0, 1, 0]}


def test_a_store_that_grows_keeps_its_codes(tmp_path: Path) -> None:
    """What was written is read, and goes on where it ended."""
    first = TextEncoder({})
    encoded(first, content=pa.array(["b"]), plan_item=pa.array(["P1"]))
    first.write(tmp_path, ["content", "plan_item"])
    texts = {name: read_texts(tmp_path, name) for name in ("content", "plan_item")}
    assert texts["content"].to_pylist() == [*VISIT_CONTENTS, "b"]
    then = TextEncoder(texts)
    found = encoded(then, content=pa.array(["c", "b"]), plan_item=pa.array(["P2", "P1"]))
    assert found == {"content": [4, 3], "plan_item": [1, 0]}


def test_the_order_of_appearance_does_not_show(tmp_path: Path) -> None:
    """New texts are written sorted, and rows get their codes; those of a store stay where they are."""
    stored = {"plan_item": pa.array(["P5", "P1"])}
    for name, first in (("a", ["P4", "P2", "P3"]), ("b", ["P3", "P4", "P2"])):
        encoder = TextEncoder(stored)
        batch = encoder.encode(pa.RecordBatch.from_pydict({"plan_item": pa.array([*first, "P1", None])}))
        words = np.full((5, 10), -1, np.int64)
        words[:, 1] = 0
        words[:, 9] = batch["plan_item"].fill_null(-1).to_numpy()
        encoder.settle(words)
        (tmp_path / name).mkdir()
        encoder.write(tmp_path / name, ["plan_item"])
        texts = read_texts(tmp_path / name, "plan_item").to_pylist()
        assert texts == ["P5", "P1", "P2", "P3", "P4"]
        assert [texts[code] for code in words[:4, 9]] == [*first, "P1"]
        assert words[4, 9] == -1


def test_more_contents_than_there_is_room_for_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line that says what to leave out."""
    monkeypatch.setattr(text_codes, "MOST_CONTENTS", 4)
    encoder = TextEncoder({})
    encoded(encoder, content=pa.array(["a"]))
    encoder.write(tmp_path, ["content"])
    encoded(encoder, content=pa.array(["b"]))
    with pytest.raises(StoreError, match="have 5 different contents, expected 4 at most: ingest the log without"):
        encoder.write(tmp_path, ["content"])


@pytest.mark.parametrize("buckets", [1, 3])
def test_the_texts_of_events(buckets: int) -> None:
    """Of all, of some, of a store of buckets; null where an event has none, and of a store without any."""
    visits = [Event(name, at, KIND["visit"]) for at, name in enumerate("abc")]
    rows = batch(visits, "UTC", records=False).append_column("plan_item", pa.array(["P1", None, "P3"]))
    store = shelved([rows], buckets=buckets)
    assert texts_of(store, "plan_item").to_pylist() == ["P1", None, "P3"]
    assert texts_of(store, "plan_item", np.array([2, 0])).to_pylist() == ["P3", "P1"]
    assert texts_of(store, "content", slice(1, 3)).to_pylist() == [None, None]
    assert "content" not in store.text_codes
