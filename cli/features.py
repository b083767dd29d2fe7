"""`regulars features`: compute the feature table of a store at a date."""

import typer

from cli.engines import Engine, EngineOption, opened_runner
from cli.opened_store import opened_store
from cli.options import AsOfDates, OutFileOrFolder, Store, warn_of_dates
from cli.terminal import echo, progress_bar
from features.plurals import counted


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def features(
        store: Store,
        as_of: AsOfDates,
        out: OutFileOrFolder,
        engine: EngineOption = Engine.local,
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

        as_file = bool(out.suffix)
        if as_file and len(as_of) > 1:
            raise typer.BadParameter(f"{out} is one file, and there are {len(as_of)} cutoffs: name a folder")
        with opened_store(store) as events, opened_runner(engine) as run:
            with progress_bar("customers", events.n_customers) as advance:
                if not as_file:
                    rows = write_feature_parts(events, as_of, out, run, advance)
                elif engine is Engine.spark:
                    rows = {as_of[0]: write_feature_file(events, as_of[0], out, run, advance)}
                else:
                    rows = {as_of[0]: write_feature_table(events, as_of[0], out, progress=advance)}
            warn_of_dates(events, *as_of)
        for cutoff, count in rows.items():
            echo(f"{counted(count, 'customer')} known at {cutoff}, {len(FEATURE_NAMES)} columns -> {out}")
