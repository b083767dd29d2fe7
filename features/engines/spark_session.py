"""The Spark session that a command works in, and shares of work on its workers. Only here and beside it is PySpark
imported."""

import gc
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from features.error_lines import first_line
from features.errors import SparkError, SparkMissingError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REMEDY = "Spark needs pyspark (`make setup-spark`) and Java 17 or newer (Debian's default-jre-headless)"
REMOTE_REMEDY = "SPARK_REMOTE needs the libraries of Spark Connect: pip install 'pyspark[connect]'"
ON_ITS_OWN = {
    "spark.master": "local[2]",
    "spark.driver.memory": "2g",
    # The others let the heap grow with all that passes through it, and take the processors from the workers.
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
}
"""Settings of the session that is started where nothing names a master."""


@contextmanager
def spark_session() -> Iterator["SparkSession"]:
    """Give a Spark session: the active one, else one by what the environment says, else a local one of two cores.

    `spark-submit` and `SPARK_REMOTE` name a master, which is taken as given; only where none is named the session runs
    on this machine, with 2 GB of Java memory. A session that was active before the block outlives it.

    Raises
    ------
    SparkMissingError
        When PySpark is not installed, or there is no Java that it runs on.
    """
    with warnings.catch_warnings():
        # Only Arrow passes between Spark and the kernel, nothing of PySpark's own pandas.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        try:
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise SparkMissingError(f"{error}: {REMEDY}") from None
        if active := SparkSession.getActiveSession():
            yield active
            return
        try:
            session = SparkSession.builder.config(map=_settings()).getOrCreate()
        except ImportError as error:
            raise SparkMissingError(f"{error}: {REMOTE_REMEDY}") from None
        except PySparkException as error:
            remedy = REMOTE_REMEDY if "SPARK_REMOTE" in os.environ else REMEDY
            raise SparkMissingError(f"Spark did not start, {first_line(error)}: {remedy}") from None
        try:
            yield session
        finally:
            session.stop()


def _settings() -> dict[str, str]:
    """Return the settings of a new session."""
    settings = {"spark.app.name": "regulars", "spark.sql.session.timeZone": "UTC"}
    if "SPARK_REMOTE" in os.environ:  # it excludes a master, and has no settings of this machine
        return settings
    settings["spark.ui.showConsoleProgress"] = str(sys.stderr.isatty()).lower()
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else "java"
    if not shutil.which(java):
        raise SparkMissingError(f"no {java} found: {REMEDY}")
    if _names_master():
        return settings
    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers run this Python; the session has no setting for it
    here = {"spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[2]), "spark.local.dir": tempfile.gettempdir()}
    return settings | ON_ITS_OWN | here


def _names_master() -> bool:
    """Return whether the command runs within `spark-submit`, or the environment has arguments of one."""
    return "PYSPARK_GATEWAY_PORT" in os.environ or "--master" in os.environ.get("PYSPARK_SUBMIT_ARGS", "")


def spark_runner(session: "SparkSession") -> Callable[[Callable[[int], int], int], Iterator[int]]:
    """Return a function that computes shares of work on the workers of a session, see `partitions.runners.Runner`.

    Raises
    ------
    SparkError
        When a share of work fails, with the last line of what the worker printed.
    """
    from pyspark.errors import PySparkException

    def run(call: Callable[[int], int], count: int) -> Iterator[int]:
        def share(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for number in batch["id"].to_pylist():
                    yield pa.RecordBatch.from_pydict({"value": [call(number)]})
            freeze_modules(len(sys.modules))

        if not count:
            return
        numbers = session.range(0, count, 1, count)
        try:
            rows = numbers.mapInArrow(share, "value long").collect()
        except PySparkException as error:
            raise worker_failure(error) from None
        yield from (row["value"] for row in rows)

    return run


@cache
def freeze_modules(count: int) -> None:
    """Leave all that a worker has imported out of garbage collection, once for each number of modules.

    PySpark collects garbage after each task. To look through all objects of the libraries takes 100 milliseconds of
    processor time, more than the work of a task of a few thousand customers.
    """
    gc.freeze()


def worker_failure(error: Exception) -> SparkError:
    """Return the error of a share of work that failed, in one line: the last that the worker printed."""
    line = _last_line(error)
    if "No module named 'features'" in line:
        line = f"{line} on the workers: give them the archive of `regulars py-files` with --py-files"
    return SparkError(f"Spark could not finish: {line}")


def _last_line(error: Exception) -> str:
    """Return the last line of a worker's traceback, which says what happened there."""
    text = str(error).partition("SQLSTATE")[0].partition("JVM stacktrace")[0]
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), type(error).__name__)
