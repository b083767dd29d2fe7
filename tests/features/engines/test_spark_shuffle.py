"""Ingest by Spark: one exchange, and the store that one machine writes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.engines.spark_session import spark_session
from features.engines.spark_shuffle import BATCH_SIZE, shuffled, spark_workers
from features.errors import SparkError
from features.ingestion.distributed import Pieces, Workers
from features.ingestion.ingest import ingest
from features.simulate import Truth, write_log
from features.store.event_store import is_store, open_store
from tests.features.ingestion.workers import contents, workers_here
from tests.needing_spark import with_spark

ROOT = Path(__file__).parents[3]
CUSTOMERS = 20_000


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Logs whose events came late, one of which repeats some of another, and a file with faulty rows."""
    folder = tmp_path_factory.mktemp("sources")
    for number, days in enumerate((10.0, 3.0)):
        truth = Truth(recorded_lag_days=days)
        write_log(folder / f"{number}.parquet", truth=truth, customers=CUSTOMERS // 2, seed=5)
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
def test_spark_writes_the_same_store(sources: list[Path], tmp_path: Path) -> None:
    """Events, quarantine, duplicates, manifest and report, to the bit; the session's settings stay as they were."""
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
def test_rows_are_exchanged_once() -> None:
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
def test_a_source_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """The worker's error, and no store."""

    def check(number: int) -> Pieces:
        raise FileNotFoundError(f"no source {number}")
        yield 0, b""

    with spark_session() as session, pytest.raises(SparkError, match="FileNotFoundError: no source 0") as error:
        spark_workers(session).shuffle(check, 1, lambda bucket, pieces: None, 2)
    assert "\n" not in str(error.value)


KILLED = """
import sys
from features.engines.spark_session import spark_session
from features.engines.spark_shuffle import spark_workers
from features.ingestion.ingest import ingest
with spark_session() as session:
    print("ready", flush=True)
    options = {"buckets": 8, "accept_quarantine": True, "existing": "replace"}
    ingest(sys.argv[2:], sys.argv[1], workers=spark_workers(session), **options)
"""


@with_spark
@pytest.mark.timeout(900)
def test_a_killed_driver_leaves_the_old_store_or_the_new(sources: list[Path], tmp_path: Path) -> None:
    """At three moments of an ingest; the next run leaves nothing behind."""
    ingest(sources[:1], tmp_path / "store")
    old, new = contents(tmp_path / "store"), None
    ingest(sources, tmp_path / "new", buckets=8, accept_quarantine=True)
    new = contents(tmp_path / "new")["columns"]
    command = [sys.executable, "-c", KILLED, str(tmp_path / "store"), *map(str, sources)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for seconds in (1.0, 6.0, 15.0):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(seconds)
            os.kill(process.pid, signal.SIGKILL)
        assert is_store(tmp_path / "store")
        assert contents(tmp_path / "store")["columns"] in (old["columns"], new)
    ingest(sources, tmp_path / "store", buckets=8, accept_quarantine=True, existing="replace")
    assert contents(tmp_path / "store")["columns"] == new
    assert not list(open_store(tmp_path / "store").folder.glob("workers"))
