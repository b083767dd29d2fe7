"""Ingest by Spark: one exchange, and the store that one machine writes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.engines.spark_session import spark_session
from features.engines.spark_shuffle import BATCH_SIZE, shuffled, spark_workers
from features.errors import SparkError
from features.ingestion.distributed import Workers
from features.ingestion.event_pieces import Pieces
from features.ingestion.ingest import ingest
from features.partitions.feature_parts import write_feature_parts
from features.simulate import Truth, write_log
from features.store.event_store import open_store
from tests.features.ingestion.workers import contents, workers_here
from tests.needing_spark import with_spark

ROOT = Path(__file__).parents[3]
CUSTOMERS = 2_000


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """One Spark for all tests that ask for it; `spark_session` then finds it."""
    with spark_session():
        yield


def faulty_sources(folder: Path, customers: int) -> list[Path]:
    """Write logs whose events came late, one of which repeats some of another, and a file with faulty rows."""
    folder.mkdir()
    for number, days in enumerate((10.0, 3.0)):
        truth = Truth(recorded_lag_days=days)
        write_log(folder / f"{number}.parquet", truth=truth, customers=customers // 2, seed=5)
    rows = [row % 250 for row in range(500)]
    lines = [f"C{row % 7:07},2024-01-{1 + row % 28:02},purchase,{row - 50},R{row % 40}\n" for row in rows]
    (folder / "2.csv").write_text("customer_id,event_time,event_type,amount,reference\n" + "".join(lines))
    return sorted(folder.iterdir())


def test_pieces_of_a_bucket_come_together() -> None:
    """The contract of a shuffle, by the one that the tests of ingest use in the place of Spark."""
    assert taken(workers_here()) == {0: [b"0", b"2"], 1: [b"1", b"3"]}


def taken(workers: Workers) -> dict[int, list[bytes]]:
    """The pieces of each bucket, of four sources with one piece each; buckets without any are not taken."""
    found: dict[int, list[bytes]] = {}

    def check(number: int) -> Pieces:
        yield number % 2, str(number).encode()

    def take(bucket: int, pieces: Iterator[bytes]) -> None:
        found[bucket] = list(pieces)

    workers.shuffle(check, 4, take, 3)
    return found


@with_spark
def test_spark_writes_the_same_store(running: None, tmp_path: Path) -> None:
    """Events, quarantine, duplicates, manifest and report, to the bit; the session's settings stay as they were.

    `tests/laws/test_spark.py` has as many customers as Spark is for.
    """
    sources = faulty_sources(tmp_path / "sources", CUSTOMERS)
    here = ingest(sources, tmp_path / "here", buckets=8, accept_quarantine=True)
    with spark_session() as session:
        before = session.conf.get(BATCH_SIZE)
        workers = spark_workers(session)
        there = ingest(sources, tmp_path / "there", buckets=8, accept_quarantine=True, workers=workers)
        assert session.conf.get(BATCH_SIZE) == before
    assert here.duplicates
    assert here.quarantined
    assert there == here
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


@with_spark
def test_rows_are_exchanged_once(running: None) -> None:
    """The plan has one exchange, that of the buckets; features and scores of the store have none."""

    def check(number: int) -> Pieces:
        yield 0, b""

    with spark_session() as session:
        frame = shuffled(session, check, 3, lambda bucket, pieces: None, 4)
        plan = frame._jdf.queryExecution().executedPlan().toString()
        assert plan.count("Exchange") == 1
        assert plan.count("MapInArrow") == 2
        mapped = session.range(0, 4, 1, 4).mapInArrow(lambda batches: batches, "id long")
        assert "Exchange" not in mapped._jdf.queryExecution().executedPlan().toString()


@with_spark
def test_a_source_that_cannot_be_read_is_one_line(running: None) -> None:
    """The worker's error, and no store."""

    def check(number: int) -> Pieces:
        raise FileNotFoundError(f"no source {number}")
        yield 0, b""

    with spark_session() as session, pytest.raises(SparkError, match="FileNotFoundError: no source 0") as error:
        spark_workers(session).shuffle(check, 1, lambda bucket, pieces: None, 2)
    assert "\n" not in str(error.value)


@with_spark
def test_a_delta_table_is_its_current_version(running: None, tmp_path: Path) -> None:
    """By Spark as on one machine: files that were replaced or whose rows were deleted are not read."""
    deltalake = pytest.importorskip("deltalake")
    write_log(tmp_path / "log.parquet", customers=400, seed=7)
    log, table = pq.read_table(tmp_path / "log.parquet"), tmp_path / "table"
    deltalake.write_deltalake(table, log.slice(0, len(log) // 2), partition_by=["event_type"])
    deltalake.write_deltalake(table, log.slice(len(log) // 2), mode="append")
    deltalake.DeltaTable(table).delete("event_type = 'usage'")
    deltalake.write_deltalake(table, log.filter(pc.equal(log["event_type"], "visit")).slice(5), mode="append")
    deltalake.DeltaTable(table).delete("customer_id = 'C0000007' or event_type = 'feedback'")
    here = ingest(table, tmp_path / "here", buckets=3)
    with spark_session() as session:
        there = ingest(table, tmp_path / "there", buckets=3, workers=spark_workers(session))
    assert there == here
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert here.rows_in == deltalake.DeltaTable(table).count() < sum(map(rows_of, table.rglob("*.parquet")))
    assert (there.kinds["usage"], there.kinds["feedback"]) == (0, 0)
    assert "C0000007" not in open_store(tmp_path / "there").customer_ids.to_pylist()


def rows_of(file: Path) -> int:
    rows: int = pq.read_metadata(file).num_rows
    return rows


PIPELINE = """
import sys
from pathlib import Path
from features.engines.spark_session import spark_runner, spark_session
from features.engines.spark_shuffle import spark_workers
from features.ingestion.ingest import ingest
from features.partitions.feature_parts import write_feature_parts
from features.store.event_store import open_store
out, dates, *sources = sys.argv[1:]
store = Path(out, "store")
with spark_session() as session:
    print("ready", flush=True)
    options = {"buckets": 4, "accept_quarantine": True, "existing": "replace"}
    ingest(sources, store, workers=spark_workers(session), **options)
    write_feature_parts(open_store(store), dates.split(), Path(out, "features"), spark_runner(session))
    print("done", flush=True)
    sys.stdin.read()
"""
DATES = ["2024-06-01", "2024-12-01"]
KILLS = 20


@with_spark
@pytest.mark.timeout(2400)  # about three minutes on a machine that does nothing else
def test_a_killed_driver_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """Killed twenty times, anywhere in an ingest and features of it: all old or all new, and the next run ends."""
    sources = faulty_sources(tmp_path / "sources", 1_000)
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, read in ((old, sources[:1]), (new, sources)):
        ingest(read, folder / "store", buckets=4, accept_quarantine=True)
        write_feature_parts(open_store(folder / "store"), DATES, folder / "features")
    wanted = [results(new), results(old)]
    command = [sys.executable, "-c", PIPELINE, str(tmp_path / "out"), " ".join(DATES), *map(str, sources)]
    # Java spends most of the time, on machine code that a kill then throws away.
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    seconds, left = 0.0, [0, 0]
    for number in range(KILLS + 1):
        for name in ("store", "features"):  # beside what the killed runs left
            shutil.rmtree(tmp_path / "out" / name, ignore_errors=True)
            shutil.copytree(old / name, tmp_path / "out" / name)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=environment, **pipes) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            began = time.monotonic()
            if number == 0:  # whole, for the time that it takes
                assert process.stdout.readline() == b"done\n"
                seconds = time.monotonic() - began
            else:
                time.sleep(seconds * number / KILLS)
            os.kill(process.pid, signal.SIGKILL)
        store, parts = results(tmp_path / "out")
        assert store in (wanted[0][0], wanted[1][0])
        assert parts in (wanted[0][1], wanted[1][1])
        if number == 0:
            assert [store, parts] == wanted[0]
        left[0] += store == wanted[0][0]
        left[1] += parts == wanted[0][1]
    assert 0 < left[1] <= left[0]
    ingest(sources, tmp_path / "out" / "store", buckets=4, accept_quarantine=True, existing="replace")
    write_feature_parts(open_store(tmp_path / "out" / "store"), DATES, tmp_path / "out" / "features")
    assert results(tmp_path / "out") == wanted[0]
    assert not list(open_store(tmp_path / "out" / "store").folder.glob("workers"))
    assert not [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def results(folder: Path) -> list[object]:
    """What there is: the columns of the store, and the bytes of each part of the features."""
    parts = {part.relative_to(folder): part.read_bytes() for part in (folder / "features").rglob("*.parquet")}
    return [contents(folder / "store")["columns"], parts]
