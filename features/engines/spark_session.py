"""A small local Spark session; only this module and `features.engines.spark_engine` import PySpark."""

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import SparkMissingError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEEDED = "Spark needs pyspark (`make setup-spark`) and Java 17 or newer (Debian's default-jre-headless)"


@contextmanager
def local_session() -> Iterator["SparkSession"]:
    """Give the active Spark session, or else one on two cores and 2 GB of Java memory that ends with the block.

    Raises SparkMissingError when pyspark is not installed, or no Java is found that it runs on.
    """
    with warnings.catch_warnings():
        # Arrow alone passes between Spark and the kernel, none of Spark's own pandas.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        try:
            from pyspark.errors import PySparkRuntimeError
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise SparkMissingError(f"{error}: {NEEDED}") from None
        if active := SparkSession.getActiveSession():
            yield active
            return
        home = os.environ.get("JAVA_HOME")
        java = Path(home, "bin", "java") if home else "java"
        if not shutil.which(java):
            raise SparkMissingError(f"no {java} found: {NEEDED}")
        os.environ["PYSPARK_PYTHON"] = sys.executable  # workers run this Python; the session has no setting for it
        settings = {
            "spark.master": "local[2]",
            "spark.app.name": "regulars",
            "spark.driver.memory": "2g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[2]),
            "spark.local.dir": tempfile.gettempdir(),
            "spark.log.level": "ERROR",
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        }
        try:
            session = SparkSession.builder.config(map=settings).getOrCreate()
        except PySparkRuntimeError as error:
            raise SparkMissingError(f"Spark did not start, {error}: {NEEDED}") from None
        try:
            yield session
        finally:
            session.stop()
