"""A table is cut so that every customer is whole, and put together again as it was."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InvalidArgumentError, RequestRefusedError
from regulars import client_tables
from regulars.client_tables import arrow_table, chunks, in_rows, joined, refuse_repeated, submit
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


@given(st.lists(st.sampled_from(["C1", " C1", "C1\t", "C2", "\u00a0C2", "", " ", None]), min_size=1, max_size=30))
def test_ids_that_the_service_takes_for_one_are_in_one_chunk(ids: list[str | None]) -> None:
    """White space around an id is no part of it; a customer over two chunks would be scored twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client_tables, "CHUNK_CUSTOMERS", 1)
        parts = [part.tolist() for part in chunks(pa.table({"customer_id": pa.array(ids, pa.string())}), True)]
    stripped = [(name or "").strip() for name in ids]
    rows = {name: [row for row, other in enumerate(stripped) if other == name] for name in stripped}
    assert parts == list(rows.values())


@pytest.mark.parametrize(
    "ids", [["C1", "C2", " C1"], pd.Categorical(["C1", "C2", "C1"]), [1, 2, 1], [1.0, 2.0, 1.0]], ids=str
)
def test_features_of_a_customer_come_once_in_the_whole_table(ids: Any) -> None:
    """Also where the two rows would be in two chunks; rows without an id are for the service to name."""
    with pytest.raises(InvalidArgumentError, match=r"^customer_id/2: 'C?1' comes twice; give each customer once$"):
        refuse_repeated(arrow_table(pd.DataFrame({"customer_id": ids})))
    refuse_repeated(pa.table({"customer_id": pa.array(["a", None, None, " "])}))


@pytest.mark.parametrize("values", [["b", "a", "b", "c"], [2, 1, 2, 3]])
def test_categories_are_their_values(values: list[Any]) -> None:
    """In the order of their first rows, not of the categories, of which those without rows fill no chunk."""
    unused = [type(values[0])(number) for number in range(100, 120)]
    frame = pd.DataFrame({"customer_id": pd.Categorical(values, sorted(set(values)) + unused)})
    table = arrow_table(frame)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client_tables, "CHUNK_CUSTOMERS", 3)
        (part,) = chunks(table, by_events=True)
    assert part.tolist() == [0, 2, 1, 3]
    assert not pa.types.is_dictionary(table.schema.field("customer_id").type)
    assert arrow_table(pd.DataFrame({"customer_id": ["a"], "x": pd.Categorical([None])}))["x"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("table", "line"),
    [(pd.DataFrame({"customer_id": [1, "a"]}), "the table cannot be read: .*customer_id"),
     (pd.DataFrame([[1, 2]], columns=["customer_id", "customer_id"]), "the table .*customer_id"),
     (pa.table([[1], [2]], ["customer_id", "customer_id"]), "the table has the column 'customer_id' twice"),
     (pd.DataFrame({"customer_id": [2**70]}), "the table cannot be read"),
     (pd.DataFrame({"customer_id": [1]}, index=pd.Index([1], name="customer_id")), "the table cannot be read")],
    ids=["mixed", "twice", "twice-arrow", "large", "index"],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_one_line(table: Any, line: str) -> None:
    """Instead of an error of the library."""
    with pytest.raises(InvalidArgumentError, match=f"^{line}[^\n]*$"):
        arrow_table(table)


def test_ids_of_another_type_are_one_line() -> None:
    """A list is no id."""
    with pytest.raises(InvalidArgumentError, match=r"^customer_id: found list<[^\n]*, expected text or numbers$"):
        list(chunks(pa.table({"customer_id": [["a"]]}), by_events=True))


def test_a_job_takes_what_its_endpoint_takes() -> None:
    """A cutoff that batch scores would not have, and another endpoint, are refused."""
    for fields in ({"as_of": "2011-06-10"}, {"horizon_days": 30}):
        with pytest.raises(InvalidArgumentError, match=r"^score_customers has the as_of"):
            submit("score_customers", ["a"], **{"as_of": None, "horizon_days": 90, "idempotency_key": None} | fields)
    with pytest.raises(InvalidArgumentError, match=r"^endpoint: found 'scores', expected score, score_features, "):
        submit("scores", ["a"], None, 90, None)  # type: ignore[arg-type]
