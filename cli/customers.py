"""`regulars customers`: the customers' table of a store."""

from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.customers_file import take_customers_file


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
        take_customers_file(store, file, recorded_at)
