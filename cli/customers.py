"""`regulars customers`: the customers' table of a store."""

from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.terminal import echo


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def customers(
        file: Annotated[
            Path, typer.Argument(metavar="FILE", exists=True, help="A CSV, XLSX or Parquet file, a row a customer.")
        ],
        store: Annotated[Path, typer.Option(metavar="STORE", file_okay=False, help="The folder of an event store.")],
        recorded_at: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                callback=options.check_date,
                help="When changes without a recorded_at of their own are known. Without it: now.",
            ),
        ] = None,
    ) -> None:
        """Add or change what is known of customers: rep, place, opt-outs, needs, attributes; plans use it from then on.

        Columns: customer_id, rep, territory, latitude, longitude, opted_out (`email;phone`, or a column a channel such
        as opted_out_email with yes or no), preferred_channel, hours, needs, recorded_at. Any other column is an
        attribute of your own. A column that the file lacks keeps its values. An opt-out holds until a row says `none`
        or no; a blank cell keeps it.

        Examples:

        `regulars customers customers.xlsx --store store`

        `regulars customers opt-outs.csv --store store`
        """
        from features.as_of import AsOf
        from features.store.event_store import open_store
        from planning.customers.customers_table import TABLE_FILE, update_customers
        from serving.clock import utc_now

        moment = AsOf.parse(recorded_at or utc_now(), open_store(store).timezone)
        update = update_customers(store, file, moment)
        echo(
            f"{update.rows_in:,} rows in: {update.new:,} of new customers, {update.changed:,} changes, "
            f"{update.unchanged:,} known already, {update.superseded:,} superseded within the file, "
            f"{update.quarantined:,} quarantined"
        )
        if update.lifted:
            echo(f"{update.lifted:,} opt-outs lifted: the file says that they do not hold any more")
        for reason, count in update.reasons.items():
            echo(f"  {count:,}  {reason}")
        if update.quarantine:
            echo(f"the faulty rows are in {update.quarantine}: mend them and read that file")
        age = ""
        if update.last_recorded is not None:
            days = max(0, (moment.time - update.last_recorded) // 86_400_000_000)
            age = f"; the latest fact is {days:,} days old" if days else "; the latest fact is of today"
        echo(
            f"{update.customers:,} customers of {update.reps:,} reps, {update.opted_out:,} opted out of a channel, "
            f"{update.without_events:,} without an event in the store{age}"
        )
        echo(f"-> {store / TABLE_FILE}")
