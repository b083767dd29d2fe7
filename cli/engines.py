"""Where verbs compute: on this machine, or by Spark."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from features.ingestion.distributed import Workers
    from features.partitions.runners import Runner


class Engine(StrEnum):
    """Where a result is computed: on this machine, or by Spark."""

    local = "local"
    spark = "spark"


EngineOption = Annotated[
    Engine, typer.Option("--engine", help="Compute on this machine, or by Spark (needs regulars[spark]).")
]


@contextmanager
def opened_runner(engine: Engine) -> Iterator["Runner"]:
    """Give what computes ranges of customers during the block: this machine's threads, or a Spark session."""
    from features.partitions.runners import run_here

    if engine is Engine.local:
        yield run_here
        return
    from features.encryption.parquet_keys import configured_keys
    from features.engines.spark_session import spark_runner, spark_session

    if configured_keys():
        raise typer.BadParameter(
            "Spark's workers have no key of [encryption] and would write plain files: leave out --engine spark"
        )
    with spark_session() as session:
        yield spark_runner(session)


@contextmanager
def opened_workers(engine: Engine) -> Iterator["Workers | None"]:
    """Give what reads and writes an ingest during the block: a Spark session, or None for this process."""
    if engine is Engine.local:
        yield None
        return
    from features.engines.spark_session import spark_session
    from features.engines.spark_shuffle import spark_workers

    with spark_session() as session:
        yield spark_workers(session)
