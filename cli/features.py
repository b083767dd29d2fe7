"""`regulars features`: compute the feature table of a store at a date."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.options import AsOfDate, OutFile, Store, opened_store, warn_of_date
from cli.terminal import echo, progress_bar


class Engine(StrEnum):
    """Where the features are computed: on this machine, or by Spark."""

    local = "local"
    spark = "spark"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def features(
        store: Store,
        as_of: AsOfDate,
        out: OutFile,
        engine: Annotated[
            Engine, typer.Option(help="Compute on this machine, or by Spark (needs regulars[spark]).")
        ] = Engine.local,
    ) -> None:
        """Write the feature table: one row per customer known at the cutoff, one column per feature.

        Example:

        `regulars features store --as-of 2011-12-10 --out features.parquet`
        """
        from features.definitions import FEATURE_NAMES
        from features.engines.feature_table import write_feature_table

        with opened_store(store) as events:
            if engine is Engine.spark:
                from features.engines.spark_engine import write_feature_table_on_spark

                rows = write_feature_table_on_spark(events, as_of, out)
            else:
                with progress_bar("customers", events.n_customers) as advance:
                    rows = write_feature_table(events, as_of, out, progress=advance)
            warn_of_date(events, as_of)
        echo(f"{rows:,} customers known at {as_of}, {len(FEATURE_NAMES)} columns -> {out}")
