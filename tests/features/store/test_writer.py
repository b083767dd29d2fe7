"""Writing the store: rows in any order are sorted by customer, time, kind and content; all are written or none."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.atomic_file import atomic_write
from features.engines.feature_table import feature_table
from features.errors import StoreError
from features.store.event_store import EventStore, open_store
from features.store.layout import ABSENT, DTYPES, SALE_COLUMNS
from features.store.reference_codes import reference_code
from features.store.writer import StoreWriter, write_store
from tests.features.disk_calls import recorded_disk_calls
from tests.features.logs import DAY, KIND, Event, Log, batch, day_of, logs, shelved

COLUMNS = (*DTYPES, *SALE_COLUMNS)
ROOT = Path(__file__).parents[3]


def rows_of(store: EventStore) -> list[tuple[str | int, ...]]:
    """The rows of a store in its order, each with its customer's id and its day, absent where it has no column."""
    stored = {**store.columns, **store.identity}
    ids = np.repeat(store.customer_ids.to_pylist(), np.diff(store.offsets)).tolist()
    columns = [stored[n].tolist() if n in stored else [ABSENT.get(n, 0)] * store.n_events for n in COLUMNS]
    return list(zip(ids, *columns, strict=True))


def as_stored(event: Event, zone: str) -> tuple[str | int, ...]:
    values = event._asdict() | {"day": day_of(event.time, zone)}
    values |= {name: reference_code(values[name]) for name in SALE_COLUMNS}
    return (event.customer_id, *(ABSENT[n] if values[n] is None else values[n] for n in COLUMNS))


def place(row: tuple[str | int, ...]) -> tuple[str | bytes | int, ...]:
    """What rows are sorted by: customer, time, kind, then content from the last column to the first."""
    customer, time, _, kind, *content, known_from, known_until, reference, sale_reference = row
    return (str(customer).encode(), time, kind, *content[::-1], reference, sale_reference, known_until, known_from)


@settings(max_examples=25, deadline=None)
@given(st.data(), logs(max_size=30))
def test_rows_come_to_their_place(data: st.DataObject, log: Log) -> None:
    """However the rows are cut into batches, the store holds all of them, sorted, and nothing else."""
    rows = batch(log.events, log.zone)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    pieces = [rows.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    store = shelved(pieces, log.zone)
    assert rows_of(store) == sorted((as_stored(e, log.zone) for e in log.events), key=place)
    assert store.n_events == len(log.events)
    assert store.customer_ids.to_pylist() == sorted({e.customer_id for e in log.events}, key=str.encode)
    assert store.n_customers == len(store.customer_ids)
    assert {name: column.dtype for name, column in store.columns.items()} == {n: DTYPES[n] for n in store.columns}
    assert store.recorded == any(e.known_from is not None or e.known_until is not None for e in log.events)


@settings(max_examples=10, deadline=None)
@given(logs(min_size=1, records=False))
def test_a_log_that_never_says_when_it_knew(log: Log) -> None:
    """Where all of the columns of recording is null the store has none, as it has none without them."""
    with_columns, without = (shelved(log, records=records) for records in (True, False))
    assert list(with_columns.columns) == list(without.columns)
    assert not with_columns.recorded
    assert rows_of(with_columns) == rows_of(without)


@pytest.mark.parametrize("late", [0, 1])
def test_batches_with_and_without_records(late: int) -> None:
    """Rows of a batch that says nothing of when it knew were known from the start, whichever batch comes first."""
    known, plain = Event("b", 5, KIND["usage"], known_from=9), Event("a", 7, KIND["usage"])
    batches = [batch([known], "UTC"), batch([plain], "UTC", records=False)]
    store = shelved(batches[::-1] if late else batches)
    assert store.recorded
    assert rows_of(store) == [as_stored(event, "UTC") for event in (plain, known)]


def test_a_correction_does_not_move_an_event_among_its_equals() -> None:
    """Of two purchases at one moment the same one stays the last when it is corrected later."""
    small, large = (Event("a", 0, KIND["purchase"], cents=cents) for cents in (100, 200))
    corrected = [small, large._replace(known_until=9 * DAY), large._replace(cents=300, known_from=9 * DAY)]
    for log in ([small, large], corrected, corrected[::-1]):
        assert feature_table(shelved(Log(log, "UTC", date(2024, 1, 1))), "1970-01-05")["basket_last"].tolist() == [2]


@pytest.mark.parametrize("batches", [[], [batch([], "UTC")], [batch([], "UTC", records=False)] * 2])
def test_an_empty_store(batches: list[pa.RecordBatch]) -> None:
    """No batch, or batches without rows, make a store that opens and says that nothing is in it."""
    store = shelved(batches)
    assert (store.n_customers, store.n_events) == (0, 0)
    assert store.manifest["first_time"] is None


def test_one_customer_with_one_event() -> None:
    """The smallest store; the manifest tells what is in it."""
    store = shelved([batch([Event("", 5, KIND["usage"])], "UTC")])
    assert rows_of(store) == [as_stored(Event("", 5, KIND["usage"]), "UTC")]
    facts = {"customers": 1, "events": 1, "first_time": 5, "last_time": 5, "timezone": "UTC", "digest": "0"}
    assert {name: store.manifest[name] for name in facts} == facts


def test_an_id_that_no_row_has_is_no_customer() -> None:
    """A dictionary may hold more ids than its rows name, such as those of rows in quarantine."""
    ids = pa.DictionaryArray.from_arrays(pa.array([2, 0], pa.int32()), pa.array(["b", "faulty", "a"]))
    rows = batch([Event("a", 5, KIND["usage"]), Event("b", 6, KIND["usage"])], "UTC")
    store = shelved([rows.set_column(0, "customer_id", ids)])
    assert store.customer_ids.to_pylist() == ["a", "b"]
    assert store.columns["time"].tolist() == [5, 6]


def test_a_store_is_removed_unless_it_is_committed(path: Path) -> None:
    """A block that ends without `commit` changes nothing and leaves nothing."""
    before = folders(path)
    with StoreWriter(path, timezone="UTC", digest="new") as writer:
        writer.add(NEW[0])
        writer.write_columns()
        assert writer.n_customers == 1
    assert folders(path) == before
    assert is_old(path)


# Whole or not at all

OLD, NEW = ([batch([Event("a", 0, KIND["purchase"], cents=cents)], "UTC")] for cents in (100, 200))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A path with a store of the old log."""
    write_store(tmp_path / "store", OLD, timezone="UTC", digest="old")
    return tmp_path / "store"


def is_old(path: Path) -> bool:
    return rows_of(open_store(path)) == [as_stored(Event("a", 0, KIND["purchase"], cents=100), "UTC")]


def folders(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir() if entry.is_dir())


def failing(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches
    raise RuntimeError("the source broke off")


def test_a_write_that_fails_while_reading_leaves_the_old_store(path: Path) -> None:
    """The source breaks off midway: the error comes through, the old store is there, nothing else is."""
    before = folders(path)
    with pytest.raises(RuntimeError, match="broke off"):
        write_store(path, failing(NEW), timezone="UTC", digest="new")
    assert is_old(path)
    assert folders(path) == before


def test_a_write_that_fails_at_the_end_leaves_the_old_store(path: Path) -> None:
    """So does an error while other files are put into the folder; the next write then succeeds."""

    def write(stop: bool) -> None:
        with StoreWriter(path, timezone="UTC", digest="new") as writer:
            writer.add(NEW[0])
            writer.write_columns()
            assert (writer.folder / "time.npy").exists()
            (writer.folder / "report.json").write_text("{}")
            if stop:
                raise KeyboardInterrupt
            writer.commit()

    before = open_store(path).folder.name
    with pytest.raises(KeyboardInterrupt):
        write(stop=True)
    assert is_old(path)
    assert folders(path) == [before]
    write(stop=False)
    store = open_store(path)
    assert folders(path) == sorted([before, store.folder.name])
    assert (store.folder / "report.json").exists()
    assert store.manifest["digest"] == "new"


def test_all_data_is_flushed_before_the_manifest_names_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash of the machine the manifest never names a folder whose files are not whole on disk."""
    calls = recorded_disk_calls(monkeypatch)
    with StoreWriter(path, timezone="UTC", digest="new") as writer:
        writer.add(NEW[0])
        writer.write_columns()
        (writer.folder / "report.json").touch()
        writer.commit()
    store = open_store(path)
    renamed = calls.index(("replace", path / "manifest.json"))
    flushed = [file for call, file in calls[:renamed] if call == "fsync"]
    files = set(store.folder.iterdir())
    assert ("replace", store.folder / "manifest.json") in calls[:renamed]
    assert set(flushed) >= {*files - {store.folder / "manifest.json"}, store.folder}
    assert len(flushed) - 1 - flushed[::-1].index(store.folder) > max(
        flushed.index(file) for file in files - {store.folder / "manifest.json"}
    )
    assert ("fsync", path) in calls[renamed:]


def test_a_write_that_fails_after_the_move_keeps_the_new_store(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped when the manifest already names the new folder: that folder stays."""
    monkeypatch.setattr("features.store.generations.atomic_write", moved_then_stopped)
    with pytest.raises(KeyboardInterrupt):
        write_store(path, NEW, timezone="UTC", digest="new")
    assert open_store(path).manifest["digest"] == "new"
    assert rows_of(open_store(path)) == [as_stored(Event("a", 0, KIND["purchase"], cents=200), "UTC")]


@contextmanager
def moved_then_stopped(path: Path) -> Iterator[Path]:
    with atomic_write(path) as part:
        yield part
    if not path.parent.name.startswith("events-"):
        raise KeyboardInterrupt


def test_two_writers_at_once(path: Path) -> None:
    """The second is refused; the first goes on unharmed."""
    with StoreWriter(path, timezone="UTC", digest="new") as writer:
        writer.add(NEW[0])
        with pytest.raises(StoreError, match="another process is writing"):
            write_store(path, OLD, timezone="UTC", digest="second")
        writer.write_columns()
        writer.commit()
    assert open_store(path).manifest["digest"] == "new"
    assert len(folders(path)) == 2


def test_a_path_that_is_a_file(tmp_path: Path) -> None:
    """A file is not overwritten by a store."""
    (tmp_path / "log.csv").write_text("precious")
    with pytest.raises(StoreError, match="is a file: name a folder"):
        write_store(tmp_path / "log.csv", OLD, timezone="UTC", digest="0")
    assert (tmp_path / "log.csv").read_text() == "precious"


# A writer that stops for good in the middle: in its source's second batch, or when all columns are on the disk.
STOPS = """
import sys, time
import pyarrow as pa
from features.store.writer import StoreWriter

path, source, where = sys.argv[1:]

def stop(*_):
    print("here", flush=True)
    time.sleep(600)

def batches():
    yield from pa.ipc.open_file(source).read_all().to_batches()
    if where == "reading":
        stop()

with StoreWriter(path, timezone="UTC", digest="killed") as writer:
    for batch in batches():
        writer.add(batch)
    writer.write_columns()
    stop()
"""


@pytest.mark.parametrize("where", [pytest.param("reading", marks=pytest.mark.slow), "at the end"])
def test_a_killed_writer_leaves_the_old_store(path: Path, where: str) -> None:
    """Killed without a chance to tidy up: the old store opens, the lock is free, the next write clears the remains."""
    source = path.with_name("source.arrow")
    with pa.ipc.new_file(source, NEW[0].schema) as file:
        file.write_batch(NEW[0])
    command = [sys.executable, "-c", STOPS, str(path), str(source), where]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "here\n"
        with pytest.raises(StoreError, match="another process is writing"):
            write_store(path, NEW, timezone="UTC", digest="new")
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    assert is_old(path)
    before = open_store(path).folder.name
    assert len(folders(path)) == 2
    (path / ".manifest.json.12345678.part").mkdir()  # as after a kill between writing the manifest and moving it
    store = write_store(path, NEW, timezone="UTC", digest="new")
    assert sorted(entry.name for entry in path.iterdir() if entry.is_file()) == [".lock", "manifest.json"]
    assert folders(path) == sorted([before, store.folder.name])
    assert rows_of(open_store(path)) == rows_of(store) != []


def test_readers_never_see_half_a_store(path: Path) -> None:
    """Stores opened while a writer replaces them again and again are whole, each the old one or the new."""
    seen: set[tuple[object, ...]] = set()
    done = threading.Event()

    def write() -> None:
        try:
            for turn in range(10):
                write_store(path, (NEW, OLD)[turn % 2], timezone="UTC", digest=str(turn))
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.wait(0.001):  # a loop without a pause would starve the writer
        seen.update(rows_of(open_store(path)))
    writer.join()
    assert seen <= {as_stored(Event("a", 0, KIND["purchase"], cents=cents), "UTC") for cents in (100, 200)}


# A store that is there


def test_a_store_is_refused_or_added_to_as_wanted(path: Path, tmp_path: Path) -> None:
    """Refused: it stays as it was. Added to: there must be one, and no folder is made where there is none."""
    with pytest.raises(
        StoreError, match="holds a store already: add to it with --append, or replace it with --replace"
    ):
        StoreWriter(path, timezone="UTC", digest="new", existing="refuse").__enter__()
    assert is_old(path)
    with pytest.raises(StoreError, match="holds no event store"):
        StoreWriter(tmp_path / "none", timezone="UTC", digest="new", existing="append").__enter__()
    assert not (tmp_path / "none").exists()


def test_rows_are_added_to_a_store(path: Path) -> None:
    """The manifest names the new generation and the sources; rows that are there already change nothing."""
    for batches, seen in ((NEW, 0), (NEW, 1)):
        with StoreWriter(path, timezone="UTC", digest="more", existing="append") as writer:
            writer.add(batches[0])
            writer.write_columns()
            assert writer.merged is not None
            assert (writer.merged.seen, writer.merged.facts is None) == (seen, bool(seen))
            if writer.merged.facts:
                writer.commit([{"name": "week"}])
    store = open_store(path)
    assert store.columns["cents"].tolist() == [100, 200]
    assert (store.manifest["generation"], store.manifest["sources"]) == (2, [{"name": "week"}])
    assert len(folders(path)) == 2


def test_a_store_of_schema_1_is_not_added_to(path: Path) -> None:
    """It does not tell which events it has, so they would count twice; it still opens."""
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 1}))
    assert is_old(path)
    with pytest.raises(StoreError, match=r"is of schema 1, .*: ingest the whole log once more with --replace"):
        StoreWriter(path, timezone="UTC", digest="new", existing="append").__enter__()


# A full disk

FULL = """
import resource, signal, sys
from features.errors import StoreError
from features.store.writer import write_store
from tests.features.logs import KIND, Event, batch
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
rows = batch([Event("a", at, KIND["usage"]) for at in range(1000)], "UTC")
try:
    write_store(sys.argv[1], [rows], timezone="UTC", digest="1")
except OSError as error:
    print(error.strerror)
"""


def test_a_file_that_has_no_room_is_an_error(path: Path) -> None:
    """Not a process that is killed while it writes; the old store stays."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "File too large\n"), done.stderr
    assert is_old(path)
    assert len(folders(path)) == 1


FULL_ADDITION = """
import resource, signal, sys
from pathlib import Path
from features.store.event_store import open_store
from features.store.writer import StoreWriter, write_store
from tests.features.logs import KIND, Event, batch

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
first = batch([Event(f"c{at % 97}", at, KIND["usage"]) for at in range(50)], "UTC")
write_store(path, [first], timezone="UTC", digest="1", buckets=int(sys.argv[2]))
more = batch([Event(f"c{at % 97}", at, KIND["purchase"]) for at in range(3000)], "UTC")
for limit in (100, 200, 900, 3000, 12_000, 20_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with StoreWriter(path, timezone="UTC", digest="2", existing="append") as writer:
            writer.add(more)
            writer.write_columns()
            writer.commit()
        print("written")
    except OSError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        folders = len([*path.glob("events-*")])
        print(error.strerror, open_store(path).n_events, folders)
"""


@pytest.mark.parametrize("buckets", [1, 3])
def test_an_addition_without_room_leaves_the_store(buckets: int, tmp_path: Path) -> None:
    """Whichever of its files is the first without room: each time an error that says so, and no folder is left."""
    arguments = [sys.executable, "-c", FULL_ADDITION, str(tmp_path / "store"), str(buckets)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["File too large 50 1"] * 6


def test_a_full_disk_leaves_the_old_store(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room of every column is reserved before anything is written to it."""

    def full(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match=r"No space left on device"):
        write_store(path, NEW, timezone="UTC", digest="new")
    assert is_old(path)
    assert len(folders(path)) == 1
