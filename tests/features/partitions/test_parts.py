"""Results in parts: each range computed once, what is done is not done again, the same store to the end."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import TableFileError
from features.ingestion.ingest import append, ingest
from features.partitions.customer_ranges import CustomerRange, customer_ranges
from features.partitions.parts import Summary, write_part, write_parts
from features.simulate import write_log
from features.store.event_store import EventStore, open_store

CONTENT = {"verb": "count"}


@dataclass
class Counts:
    """Counts the events of a range, until its calls are used up."""

    calls: int = 1_000

    def __call__(self, store: EventStore, customers: CustomerRange, folder: Path) -> Summary:
        """Write them."""
        self.calls -= 1
        if self.calls < 0:
            raise KeyboardInterrupt
        events = int(store.offsets[customers.last] - store.offsets[customers.first])
        write_part(folder, customers, pa.table({"events": [events]}))
        return {"events": events}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """A simulated log in four buckets."""
    folder = tmp_path_factory.mktemp("parts")
    write_log(folder / "log.parquet", customers=100, seed=5)
    ingest(folder / "log.parquet", folder / "store", buckets=4)
    return open_store(folder / "store")


def test_every_range_is_computed_and_its_totals_returned(store: EventStore, tmp_path: Path) -> None:
    """The parts are where the ranges say, and progress counts all customers."""
    done: list[int] = []
    totals = write_parts(store, Counts(), CONTENT, tmp_path / "out", progress=done.append)
    assert sum(each["events"] for each in totals) == store.n_events
    assert sum(done) == store.n_customers
    assert all((tmp_path / "out" / f"{each.name}.parquet").is_file() for each in customer_ranges(store))


def test_an_interrupted_run_goes_on_with_the_parts_not_done(store: EventStore, tmp_path: Path) -> None:
    """Two parts are done, the others are computed by the next run; totals and progress are those of the whole."""
    with pytest.raises(KeyboardInterrupt):
        write_parts(store, Counts(2), CONTENT, tmp_path / "out", run=lambda call, n: map(call, range(n)))
    assert not (tmp_path / "out").exists()
    second, done = Counts(2), []
    totals = write_parts(store, second, CONTENT, tmp_path / "out", lambda call, n: map(call, range(n)), done.append)
    assert second.calls == 0
    assert sum(each["events"] for each in totals) == store.n_events
    assert sum(done) == store.n_customers


def test_what_is_appended_meanwhile_has_no_part(store: EventStore, tmp_path: Path) -> None:
    """Workers open the generation of the store that the run began with."""
    write_log(tmp_path / "log.parquet", customers=20, seed=5)
    write_log(tmp_path / "later.parquet", customers=30, seed=6)
    ingest(tmp_path / "log.parquet", tmp_path / "store")
    before = open_store(tmp_path / "store")
    append(tmp_path / "later.parquet", tmp_path / "store")
    assert open_store(tmp_path / "store").n_events > before.n_events
    (totals,) = write_parts(before, Counts(), CONTENT, tmp_path / "out")
    assert totals == {"events": before.n_events}


def test_totals_are_kept_as_json(store: EventStore, tmp_path: Path) -> None:
    """What JSON cannot hold is an error of the computation, and no result appears."""

    def wrong(*_: object) -> Summary:
        return {"events": object()}

    with pytest.raises(TypeError, match="not JSON serializable"):
        write_parts(store, wrong, CONTENT, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").write_text(json.dumps({}))
    with pytest.raises(TableFileError, match="is no folder"):
        write_parts(store, Counts(), CONTENT, tmp_path / "out")
