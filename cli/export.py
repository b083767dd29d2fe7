"""`regulars export`: events, features and scores for analysts, with customers under pseudonyms."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.opened_store import opened_store
from cli.options import Store, check_date
from cli.terminal import Figure, echo, echo_table
from features.plurals import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from features.as_of import AsOf
    from features.store.event_store import EventStore


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def export(
        store: Store,
        out: Annotated[Path, typer.Option(metavar="DIR", file_okay=False, help="The folder of the tables, a new one.")],
        key: Annotated[
            Path,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                help="The key of the pseudonyms, outside DIR; made with mode 600 if it is missing. Exports under one "
                "key can be joined.",
            ),
        ],
        as_of: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                callback=check_date,
                help="The cutoff: events known by then, and the feature table. Without it: all events, no features.",
            ),
        ] = None,
        scores: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", exists=True, dir_okay=False, help="Also this table of `regulars score` (Parquet)."
            ),
        ] = None,
        exact_times: Annotated[
            bool, typer.Option("--exact-times", help="Keep times of the day; without it events have their day alone.")
        ] = False,
        significant_digits: Annotated[
            int | None,
            typer.Option(metavar="N", min=1, max=15, help="Round amounts to so many significant digits."),
        ] = None,
        quasi_identifier: Annotated[
            list[str] | None,
            typer.Option(
                metavar="COLUMN",
                help="A feature that others may know of a customer, for the count of those who are singled out; "
                "repeatable. Without it: frequency, recency, T and monetary_value.",
            ),
        ] = None,
    ) -> None:
        """Write pseudonymised tables for analysts, and count how many customers can still be singled out in them.

        Free texts, references and the times of recording are left out, and events have their day alone. This is not
        anonymisation: anyone who knows some of a customer's purchases may find the rest, and whoever has the key and a
        list of ids can re-identify everybody.

        Examples:

        `regulars export store --out for-analysts --key pseudonyms.key --as-of 2011-12-10`

        `regulars export store --out for-analysts --key pseudonyms.key --significant-digits 2 --scores scores.parquet`
        """
        from features.as_of import AsOf
        from features.atomic_file import check_before_replacing
        from features.pseudonymisation.event_table import event_table
        from features.pseudonymisation.pseudonymise import pseudonymise_table
        from features.pseudonymisation.uniqueness import FEW, QUASI_IDENTIFIERS, singled_out_by_one_event, uniqueness
        from features.scratch_folders import scratch_folder
        from features.table_files import write_table

        if key.absolute().resolve().is_relative_to(out.absolute().resolve()):
            raise typer.BadParameter(f"{key} is inside of {out}: who gets the tables would get it too")
        if out.exists() and any(out.iterdir()):
            raise typer.BadParameter(
                f"{out} is not empty, and tables of two exports in one folder may not fit together: name a new folder"
            )
        if quasi_identifier and as_of is None:
            raise typer.BadParameter("--quasi-identifier names features: give --as-of for them")
        with opened_store(store) as opened:
            cutoff = None if as_of is None else AsOf.parse(as_of, opened.timezone)
            tables = {"events": event_table(opened, cutoff, exact_times=exact_times, digits=significant_digits)}
            if cutoff is not None:
                tables["features"] = _features(opened, cutoff, significant_digits)
            if scores is not None:
                tables["scores"] = _scores(scores)
            rows = []
            if cutoff is not None:
                columns = quasi_identifier or QUASI_IDENTIFIERS
                groups = uniqueness(tables["features"], columns)
                rows = [
                    ["customers", Figure(groups.customers)],
                    ["unique", Figure(groups.unique)],
                    [f"in groups of fewer than {FEW}", Figure(groups.in_small_groups)],
                    ["smallest group (k)", Figure(groups.smallest)],
                ]
            by_event = singled_out_by_one_event(tables["events"], opened.timezone)
            secret = _key(key)
            out.absolute().parent.mkdir(parents=True, exist_ok=True)
            with scratch_folder(out.absolute().parent, f".{out.name}.", ".part") as scratch:
                part = scratch / "tables"
                for name, table in tables.items():
                    write_table(part / f"{name}.parquet", pseudonymise_table(table, secret))
                check_before_replacing()
                part.rename(out)
        if rows:
            echo_table(f"singled out by {', '.join(columns)}", ["", "customers"], rows)
        echo(
            f"{counted(by_event, 'customer')} of {opened.n_customers:,} can be singled out by day, type and amount of "
            "one event: these tables are personal data"
        )
        written = ", ".join(f"{len(table):,} rows of {name}" for name, table in tables.items())
        echo(f"{written} -> {out}", singled_out_by_one_event=by_event, out=out)


def _features(store: "EventStore", cutoff: "AsOf", digits: int | None) -> "pa.Table":
    import pyarrow as pa

    from features.definitions.registry import default_features
    from features.engines.feature_table import SCHEMA, feature_table
    from features.pseudonymisation.event_table import rounded

    frame = feature_table(store, cutoff)
    for column in default_features().columns:
        if column.unit == "currency":
            frame[column.name] = rounded(frame[column.name].to_numpy(), digits)
    return pa.Table.from_pandas(frame.reset_index(), SCHEMA, preserve_index=False).replace_schema_metadata(None)


def _scores(path: Path) -> "pa.Table":
    import pyarrow as pa

    from features.encryption.parquet_files import read_parquet
    from features.error_lines import first_line
    from features.errors import SourceError
    from serving.batch_lookup import FACTS

    try:
        table = read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path} cannot be read as Parquet ({first_line(error)})") from None
    if FACTS not in (table.schema.metadata or {}):  # what else it may hold would go out under a pseudonym
        raise SourceError(f"{path} holds no batch scores: name a table that `regulars score` wrote")
    return table


def _key(path: Path) -> bytes:
    from features.errors import SettingsError
    from features.key_files import read_or_make_key

    try:
        return read_or_make_key(path)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as a key of pseudonyms ({error}): name another file") from None
