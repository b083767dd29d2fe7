"""Writes a table or view that a Spark session knows to Parquet files, which an ingest then reads as its sources."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from features.error_lines import first_line
from features.errors import SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TIMES = "spark.sql.parquet.outputTimestampType"
WITH_ZONE = "TIMESTAMP_MICROS"
"""Says of a time whether it is an instant; Spark's default, INT96, does not, and instants would be read as local."""
FILE_ROWS = 2_000_000
"""The most rows of a file, which one worker reads."""


def write_table(session: "SparkSession", name: str, folder: Path) -> None:
    """Write the rows of a table to a folder, as Parquet files.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
    name : str
        A table or view of its catalogs, such as `sales.events`, also a temporary view of a frame.
    folder : Path
        All machines must see it at this path.

    Raises
    ------
    SourceError
        When Spark knows no such table, or cannot read it.
    """
    from pyspark.errors import PySparkException

    try:
        with changed_setting(session, TIMES, WITH_ZONE):
            writer = session.table(name).write.option("maxRecordsPerFile", FILE_ROWS)
            writer.parquet(folder.absolute().as_uri())
    except PySparkException as error:
        reason = first_line(error)[:200]
        raise SourceError(
            f"spark:{name} cannot be read by Spark ({reason}): name a table or view that its session knows"
        ) from None


@contextmanager
def changed_setting(session: "SparkSession", name: str, value: str) -> Iterator[None]:
    """Change a setting of a session during the block."""
    before = session.conf.get(name)
    session.conf.set(name, value)
    try:
        yield
    finally:
        session.conf.set(name, before)
