"""A table is cut so that every customer is whole, and put together again as it was."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import RequestRefusedError
from regulars import client_tables
from regulars.client_tables import chunks, in_rows, joined
from serving.response_types import Fault, Problem


@given(st.lists(st.sampled_from("abcdefgh") | st.none(), min_size=1, max_size=60), st.integers(1, 9), st.integers(1, 4))
def test_every_row_is_in_one_chunk_and_every_customer_too(ids: list[str | None], events: int, customers: int) -> None:
    """In the order of first appearance; a chunk is within both limits, or has one customer alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client_tables, "CHUNK_EVENTS", events)
        patch.setattr(client_tables, "CHUNK_CUSTOMERS", customers)
        parts = list(chunks(pa.table({"customer_id": pa.array(ids, pa.string())}), by_events=True))
        by_rows = list(chunks(pa.table({"customer_id": pa.array(ids, pa.string())}), by_events=False))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(ids)))
    named = [list(dict.fromkeys(ids[row] for row in part)) for part in parts]
    assert [name for names in named for name in names] == list(dict.fromkeys(ids))
    for part, names in zip(parts, named, strict=True):
        assert len(names) == 1 or (len(part) <= events and len(names) <= customers)
    assert np.concatenate(by_rows).tolist() == list(range(len(ids)))
    assert max(map(len, by_rows)) <= customers


def test_answers_of_other_types_become_one_table() -> None:
    """A column that is all null in one chunk has no type there; repeated events of all chunks are named."""
    parts = [
        pa.table({"a": [None]}).replace_schema_metadata({"duplicates": json.dumps([1]), "as_of": "x"}),
        pa.table({"a": ["text"]}).replace_schema_metadata({"duplicates": json.dumps([2]), "as_of": "y"}),
    ]
    table = joined(parts)
    assert table.to_pydict() == {"a": [None, "text"]}
    assert table.schema.metadata == {b"duplicates": b"[1, 2]", b"as_of": b"x"}


def test_a_fault_of_a_chunk_has_the_row_of_the_table() -> None:
    """In the path, and in the line; a fault of a column has none."""
    problem = Problem(
        "/problems/invalid", "T", 422, "amount/1: is bad", [Fault("amount/1", "is bad"), Fault("b", "no")]
    )
    found = in_rows(RequestRefusedError("", problem), np.array([7, 9]))
    assert str(found) == "422 T: amount/9: is bad"
    assert [fault.path for fault in found.problem.errors] == ["amount/9", "b"]
