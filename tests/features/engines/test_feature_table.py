"""The feature table: who is in it, what moment it is of, and that chunks and files hold the same."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import feature_chunks, feature_table, write_feature_table
from features.store.writer import write_store
from tests.features.logs import DAY, KIND, Event, Log, batch, logs, microseconds, same_bits, shelved

NOON = microseconds(datetime.fromisoformat("2024-06-10T12:00:00+00:00"))


# Who is in the table


def test_customers_known_at_as_of_are_in_the_table() -> None:
    """An event a microsecond before as_of makes a row, one at as_of does not; rows are sorted by id."""
    log = [Event("z", NOON - 1, KIND["usage"]), Event("b", NOON, KIND["purchase"]), Event("a", 0, KIND["visit"])]
    for records in (True, False):
        store = shelved(Log(log, "UTC", date(2024, 6, 10)), records=records)
        found = feature_table(store, "2024-06-10T12:00")
        assert found.index.tolist() == ["a", "z"]
        assert found.index.name == "customer_id"
        assert found.columns.tolist() == list(FEATURE_NAMES)
        assert (found.dtypes == "float64").all()
        assert found["purchase_count"].tolist() == [0, 0]


def test_an_event_counts_while_it_is_known() -> None:
    """A late record is not known before it came; a corrected one is known until the correction, which then is."""
    first = Event("a", NOON - 9 * DAY, KIND["purchase"], cents=100, known_from=NOON - DAY, known_until=NOON + DAY)
    second = first._replace(cents=700, known_from=NOON + DAY, known_until=None)
    store = shelved(Log([second, first], "UTC", date(2024, 6, 10)))
    spends = {
        "2024-06-09T12:00": [],
        "2024-06-09T12:00:00.000001": [1.0],
        "2024-06-11T12:00": [1.0],
        "2024-06-11T12:00:00.000001": [7.0],
    }
    for as_of, spend in spends.items():
        assert feature_table(store, as_of)["total_spend"].tolist() == spend


def test_who_is_known_by_a_withdrawn_event_alone_is_not_in_the_table() -> None:
    """An event corrected to a later moment is unknown between its correction and that moment."""
    first = Event("a", NOON - 9 * DAY, KIND["purchase"], known_from=NOON - 9 * DAY, known_until=NOON)
    log = [first, first._replace(time=NOON + 9 * DAY, known_from=NOON, known_until=None), Event("b", 0, KIND["visit"])]
    store = shelved(Log(log, "UTC", date(2024, 6, 10)))
    known = {"2024-06-10T12:00": ["a", "b"], "2024-06-11": ["b"], "2024-06-20": ["a", "b"]}
    for as_of, customers in known.items():
        assert feature_table(store, as_of).index.tolist() == customers


@pytest.mark.parametrize("records", [True, False])
def test_an_empty_store_gives_an_empty_table(records: bool, tmp_path: Path) -> None:
    """No rows, all columns; the file too."""
    store = shelved(Log([], "Europe/London", date(2024, 6, 10)), records=records)
    found = feature_table(store, "2024-06-10")
    assert found.shape == (0, len(FEATURE_NAMES))
    assert write_feature_table(store, "2024-06-10", tmp_path / "table.parquet") == 0
    assert pq.read_schema(tmp_path / "table.parquet").names == ["customer_id", *FEATURE_NAMES]


# Chunks and files


@settings(max_examples=15, deadline=None)
@given(logs(min_size=1), st.integers(1, 5))
def test_chunks_hold_the_table(log: Log, chunk: int) -> None:
    """Of any size, at several dates: put together they are the table of each date."""
    store = shelved(log)
    as_ofs = [AsOf.parse(as_of, log.zone) for as_of in log.as_ofs()[:3]]
    pieces: dict[AsOf, list[pd.DataFrame]] = {as_of: [] for as_of in as_ofs}
    for as_of, table in feature_chunks(store, as_ofs, chunk * len(as_ofs)):
        assert len(table) <= chunk
        pieces[as_of].append(table)
    for as_of in as_ofs:
        same_bits(pd.concat(pieces[as_of]), feature_table(store, as_of))


@settings(max_examples=10, deadline=None)
@given(log=logs(min_size=1), chunk=st.integers(1, 5))
def test_the_file_holds_the_table(tmp_path_factory: pytest.TempPathFactory, log: Log, chunk: int) -> None:
    """Written by chunks of any size and read back: the same rows, null for NaN."""
    store = shelved(log)
    path = tmp_path_factory.mktemp("tables") / "deep" / "table.parquet"
    done: list[int] = []
    rows = write_feature_table(store, log.as_ofs()[0], path, chunk, done.append)
    written = pq.read_table(path)
    table = feature_table(store, log.as_ofs()[0])
    same_bits(written.to_pandas().set_index("customer_id").astype("float64"), table)
    assert rows == len(table) == written.num_rows
    assert sum(done) >= store.n_customers
    assert [written[name].null_count for name in FEATURE_NAMES] == table.isna().sum().tolist()
    assert [p.name for p in path.parent.iterdir()] == ["table.parquet"]


def test_a_table_that_fails_midway_leaves_the_old_file(tmp_path: Path) -> None:
    """An error while writing leaves what was there, and nothing beside it."""
    path = tmp_path / "table.parquet"
    path.write_text("old")
    store = shelved(Log([Event(c, 0, KIND["usage"]) for c in "abc"], "UTC", date(2024, 6, 10)))

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_feature_table(store, "2024-06-10", path, chunk=1, progress=stop)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.parquet"]


def test_a_table_outlives_the_store_it_was_read_from(tmp_path: Path) -> None:
    """A store opened before the path was written again still gives its own features."""
    one, two = ([Event("a", 0, KIND["purchase"], cents=cents)] for cents in (100, 200))
    before = write_store(tmp_path / "store", [batch(one, "UTC")], timezone="UTC", digest="1")
    after = write_store(tmp_path / "store", [batch(two, "UTC")], timezone="UTC", digest="2")
    assert feature_table(before, "2024-06-10")["total_spend"].tolist() == [1]
    assert feature_table(after, "2024-06-10")["total_spend"].tolist() == [2]
