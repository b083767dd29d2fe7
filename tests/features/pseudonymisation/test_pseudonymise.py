"""A pseudonym is the same under one key, another under another, and tells nothing of the id or of its place."""

import itertools

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.pseudonymisation.pseudonymise import pseudonymise_table

KEY, OTHER = bytes(range(32)), bytes(32)


@given(st.lists(st.text(max_size=8), max_size=30))
def test_rows_of_a_customer_stay_together_and_in_order(ids: list[str]) -> None:
    """Whatever ids are; tables under one key can be joined, under two not."""
    table = pa.table({"customer_id": pa.array(ids, pa.string()), "row": range(len(ids))})
    out = pseudonymise_table(table, KEY)
    names = dict(zip(out["row"].to_pylist(), out["customer_id"].to_pylist(), strict=True))
    assert out["customer_id"].to_pylist() == sorted(out["customer_id"].to_pylist())
    for one in range(len(ids)):
        for other in range(one):
            assert (names[one] == names[other]) == (ids[one] == ids[other])
    rows = out.to_pylist()
    assert all(a["row"] < b["row"] for a, b in itertools.pairwise(rows) if a["customer_id"] == b["customer_id"])
    assert not set(names.values()) & set(pseudonymise_table(table, OTHER)["customer_id"].to_pylist())
    assert all(len(name) == 32 and name not in ids for name in names.values())
