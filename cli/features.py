"""`regulars features`: compute the feature table of a store at a date."""

from contextlib import ExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsOfDates, OutFileOrFolder, Store, opened_store, warn_of_date
from cli.terminal import echo, progress_bar

if TYPE_CHECKING:
    from features.partitions.runners import Runner


class Engine(StrEnum):
    """Where the features are computed: on this machine, or by Spark."""

    local = "local"
    spark = "spark"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def features(
        store: Store,
        as_of: AsOfDates,
        out: OutFileOrFolder,
        engine: Annotated[
            Engine, typer.Option(help="Compute on this machine, or by Spark (needs regulars[spark]).")
        ] = Engine.local,
    ) -> None:
        """Write the feature table: one row per customer known at the cutoff, one column per feature.

        A name without an ending is a folder of Parquet parts, `as_of=.../bucket=...`, for as many cutoffs as are given.
        An interrupted run goes on with the parts that are not done.

        Examples:

        `regulars features store --as-of 2011-12-10 --out features.parquet`

        `regulars features store --as-of 2011-11-10 --as-of 2011-12-10 --out features --engine spark`
        """
        from features.definitions import FEATURE_NAMES
        from features.engines.feature_table import write_feature_table
        from features.partitions.feature_parts import write_feature_file, write_feature_parts
        from features.partitions.runners import run_here

        as_file = bool(out.suffix)
        if as_file and len(as_of) > 1:
            raise typer.BadParameter(f"{out} is one file, and there are {len(as_of)} cutoffs: name a folder")
        with ExitStack() as stack:
            events = stack.enter_context(opened_store(store))
            workers: Runner | None = None
            if engine is Engine.spark:
                from features.engines.spark_session import spark_runner, spark_session

                workers = spark_runner(stack.enter_context(spark_session()))
            with progress_bar("customers", events.n_customers) as advance:
                if not as_file:
                    rows = write_feature_parts(events, as_of, out, workers or run_here, advance)
                elif workers:
                    rows = {as_of[0]: write_feature_file(events, as_of[0], out, workers, advance)}
                else:
                    rows = {as_of[0]: write_feature_table(events, as_of[0], out, progress=advance)}
            for cutoff in as_of:
                warn_of_date(events, cutoff)
        for cutoff, count in rows.items():
            echo(f"{count:,} customers known at {cutoff}, {len(FEATURE_NAMES)} columns -> {out}")
