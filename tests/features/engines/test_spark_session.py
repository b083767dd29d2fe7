"""The Spark session, and the features that its workers compute: the same file as without Spark, to the last byte."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.engines.feature_table import write_feature_table
from features.engines.spark_session import REMEDY, _settings, spark_runner, spark_session, worker_failure
from features.errors import SparkError, SparkMissingError
from features.ingestion.ingest import ingest
from features.partitions.feature_parts import write_feature_file, write_feature_parts
from features.simulate import Truth, write_log
from features.store.event_store import EventStore, open_store
from features.store.writer import write_store
from tests.needing_spark import with_spark

DATES = ["2024-06-01", "2023-12-10T09:30:00+05:30"]
ROOT = Path(__file__).parents[3]


def test_without_pyspark_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the command that installs it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "pyspark"] or ["pyspark"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SparkMissingError, match=r"make setup-spark.*default-jre-headless"), spark_session():
        pass


@pytest.mark.parametrize(
    ("environment", "master"),
    [
        ({}, "local[2]"),
        ({"SPARK_REMOTE": "sc://cluster"}, None),
        ({"PYSPARK_GATEWAY_PORT": "4040"}, None),
        ({"PYSPARK_SUBMIT_ARGS": "--master yarn pyspark-shell"}, None),
        ({"PYSPARK_SUBMIT_ARGS": "--verbose pyspark-shell"}, "local[2]"),
    ],
)
def test_a_master_that_is_named_is_taken_as_given(
    environment: dict[str, str], master: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By spark-submit or SPARK_REMOTE; only where none is named is it this machine."""
    for name in ("SPARK_REMOTE", "PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYSPARK_PYTHON", "")
    monkeypatch.setattr("shutil.which", lambda name: name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = _settings()
    assert settings.get("spark.master") == master
    for own in ("spark.driver.memory", "spark.executorEnv.PYTHONPATH"):
        assert (own in settings) == (master is not None)


def test_workers_without_the_package_are_named_with_the_remedy() -> None:
    """What PySpark's exception says becomes one line, with the archive to give."""
    text = "Traceback ...\nModuleNotFoundError: No module named 'features'\n SQLSTATE: 38000\nJVM stacktrace: ..."
    assert str(worker_failure(Exception(text))) == (
        "Spark could not finish: ModuleNotFoundError: No module named 'features' on the workers: give them the archive "
        "of `regulars py-files` with --py-files"
    )


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """One Spark for all tests that ask for it; `spark_session` then finds it."""
    with spark_session():
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """A simulated log whose events came late, in four buckets."""
    folder = tmp_path_factory.mktemp("spark")
    write_log(folder / "log.parquet", truth=Truth(recorded_lag_days=10.0), customers=2_000, seed=5)
    ingest(folder / "log.parquet", folder / "store", buckets=4)
    return open_store(folder / "store")


@with_spark
def test_spark_writes_the_same_file(running: None, store: EventStore, tmp_path: Path) -> None:
    """At two cutoffs in one pass: the parts, and one file of them, that are written without Spark, byte by byte."""
    with spark_session() as session:
        rows = write_feature_parts(store, DATES, tmp_path / "spark", spark_runner(session))
        write_feature_file(store, DATES[0], tmp_path / "spark.parquet", spark_runner(session))
    assert rows == write_feature_parts(store, DATES, tmp_path / "local")
    local = sorted(path.relative_to(tmp_path / "local") for path in (tmp_path / "local").rglob("*.parquet"))
    assert len(local) == len(DATES) * len(store.buckets)
    for part in local:
        assert (tmp_path / "spark" / part).read_bytes() == (tmp_path / "local" / part).read_bytes()
    assert rows[DATES[0]] == write_feature_table(store, DATES[0], tmp_path / "local.parquet") > 1_000
    assert (tmp_path / "spark.parquet").read_bytes() == (tmp_path / "local.parquet").read_bytes()


@with_spark
def test_an_empty_store_gives_an_empty_file(running: None, tmp_path: Path) -> None:
    """No rows, all columns."""
    empty = write_store(tmp_path / "store", [], timezone="UTC", digest="0")
    with spark_session() as session:
        assert write_feature_file(empty, "2024-06-10", tmp_path / "spark.parquet", spark_runner(session)) == 0
    write_feature_table(empty, "2024-06-10", tmp_path / "local.parquet")
    assert (tmp_path / "spark.parquet").read_bytes() == (tmp_path / "local.parquet").read_bytes()


@with_spark
def test_what_fails_on_a_worker_is_one_line(running: None) -> None:
    """The last line of the worker's traceback, and nothing of Java's."""

    def fail(number: int) -> int:
        raise FileNotFoundError(f"no store at {number}")

    with spark_session() as session, pytest.raises(SparkError) as error:
        list(spark_runner(session)(fail, 2))
    assert str(error.value).startswith("Spark could not finish: FileNotFoundError: no store at ")
    assert "\n" not in str(error.value)


@with_spark
def test_what_workers_import_is_not_searched_for_garbage(running: None) -> None:
    """PySpark collects garbage after each task, which would look through all libraries each time."""

    def frozen(number: int) -> int:
        return gc.get_freeze_count()

    with spark_session() as session:
        run = spark_runner(session)
        list(run(frozen, 8))  # each worker has had a share
        assert min(run(frozen, 2)) > 10_000


@with_spark
@pytest.mark.parametrize("java", ["absent", "too old"])
def test_java_that_is_missing_is_named(java: str, tmp_path: Path) -> None:
    """No Java where it is looked for, or one that does not run Spark: the last line says what to do."""
    if java == "too old":
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "java").write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "bin" / "java").chmod(0o755)
    code = "from features.engines.spark_session import spark_session\nwith spark_session(): pass"
    environment = os.environ | {"JAVA_HOME": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    line = ended.stderr.splitlines()[-1]
    assert line.startswith("features.errors.SparkMissingError: ")
    assert line.endswith(REMEDY)
    assert str(tmp_path / "bin" / "java") in line or java == "too old"
