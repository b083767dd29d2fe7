"""`regulars indices`: the satisfaction, loyalty and purchase index of the base over time."""

from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.opened_store import opened_store
from cli.terminal import echo, echo_table, progress_bar
from features.plurals import counted


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def indices(
        store: options.Store,
        every: options.Every = "30d",
        since: options.Since = None,
        until: options.Until = None,
        formula: options.FormulaFile = None,
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                callback=options.check_table_file,
                help="Also write the indices: .parquet, .csv, .xlsx or .arrow.",
            ),
        ] = None,
    ) -> None:
        """Show the indices of the base over time: S of satisfaction, L of loyalty and P of purchases, each 0 to 1.

        Each is the mean over the customers with a value of their value as a share of the maximum in the formula.

        Example: `regulars indices store --every 90d --out indices.csv`
        """
        import pyarrow as pa

        from features.loyalty.base_indices import INDICES
        from features.loyalty.indices_over_time import indices_at
        from features.store.log_dates import dates_every
        from features.table_files import write_table

        rule = options.formula_in_use(formula)
        with opened_store(store) as events:
            dates = dates_every(events, options.days_of(every), since, until)
            with progress_bar("customers", events.n_customers) as advance:
                table = indices_at(events, rule, dates, progress=advance)
        rows = [
            [str(row["as_of"]), *(index_cell(row[name], row[f"{name}_customers"]) for name in INDICES)]
            for row in table.to_dict("records")
        ]
        title = "indices of the base, 0 to 1 (customers): S of satisfaction, L of loyalty, P of purchases"
        echo_table(title, ["date", "S", "L", "P"], rows)
        if out is not None:
            write_table(out, pa.Table.from_pandas(table, preserve_index=False))
            echo(f"{counted(len(table), 'date')} -> {out}")


def index_cell(index: float, customers: int) -> str:
    """Return an index and the number of customers with a value; - for none."""
    return f"{index:.3f} ({customers:,})" if index == index else "-"
