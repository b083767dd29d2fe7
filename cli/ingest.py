"""`regulars ingest`: read files or a database into an event store."""

from pathlib import Path
from typing import Annotated

import typer

from cli.log_options import Constants, Decimal, Delimiter, Encoding, Map, MemoryLimit, pairs
from cli.settings import ingest_settings
from cli.source_options import (
    AmountExpression,
    Cents,
    Currency,
    CurrencySign,
    FoldCase,
    Keep,
    Kinds,
    LeaveOut,
    Negative,
    Nobody,
    OneEventPer,
    Profiles,
    Refund,
    ReplaceReferences,
    Thousands,
    TimeFormat,
    profiles_of_options,
)
from cli.terminal import echo, progress_bar


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def ingest(
        out: Annotated[Path, typer.Option(metavar="STORE", file_okay=False, help="The folder of the event store.")],
        source: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="SOURCE",
                help="Files (CSV, JSON lines, Parquet, Arrow, XLSX), a glob, a folder, or a database URL with --query; "
                "none where the query names files.",
                show_default=False,
            ),
        ] = None,
        map: Map = None,
        set: Constants = None,
        query: Annotated[
            str | None,
            typer.Option(
                metavar="SQL",
                help="The query to run at a postgresql://, mysql:// or sqlite:// URL, or over files that it names.",
            ),
        ] = None,
        password_file: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                exists=True,
                help="The file whose first line is the password of the database. Without it: REGULARS_DB_PASSWORD.",
            ),
        ] = None,
        timezone: Annotated[
            str | None,
            typer.Option(
                metavar="ZONE",
                help="The business time zone, like Europe/London. Without it: UTC, or as the settings file says.",
            ),
        ] = None,
        delimiter: Delimiter = None,
        encoding: Encoding = None,
        decimal: Decimal = None,
        sheet: Annotated[
            str | None,
            typer.Option(metavar="NAME", help="The sheet of a workbook, or a pattern such as '20*' for several."),
        ] = None,
        header_line: Annotated[
            int | None, typer.Option(metavar="N", min=1, help="The line of the column names. Without it: detected.")
        ] = None,
        profile: Profiles = None,
        time_format: TimeFormat = None,
        thousands: Thousands = None,
        currency_sign: CurrencySign = None,
        cents: Cents = False,
        amount: AmountExpression = None,
        refund: Refund = None,
        one_event_per: OneEventPer = None,
        replace_references: ReplaceReferences = False,
        kinds: Kinds = None,
        negative: Negative = None,
        currency: Currency = None,
        nobody: Nobody = None,
        fold_case: FoldCase = False,
        leave_out: LeaveOut = None,
        keep: Keep = None,
        rating_maximum: Annotated[
            float | None,
            typer.Option(
                metavar="NUMBER",
                help="The highest value of the rating scale. Without it: 10, or as the settings file says.",
            ),
        ] = None,
        append: Annotated[
            bool, typer.Option("--append", help="Add to the store that is there, as `regulars append` does.")
        ] = False,
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace the store that is there; without it one is left alone.")
        ] = False,
        maximum_quarantined: Annotated[
            float | None,
            typer.Option(
                metavar="SHARE",
                min=0,
                max=1,
                help="The share of rows that may be faulty for unexpected reasons. Without it: 0.05, or as the profile "
                "or the settings file says.",
            ),
        ] = None,
        accept_quarantine: Annotated[
            bool | None,
            typer.Option("--accept-quarantine", help="Replace the store however many rows are faulty."),
        ] = None,
        strict: Annotated[bool | None, typer.Option("--strict", help="Refuse a log with warnings.")] = None,
        memory_limit: MemoryLimit = None,
    ) -> None:
        """Read, validate and sort a log into an event store; faulty rows go to a quarantine file.

        Examples:

        `regulars ingest sales.csv --out store --map customer_id=client --set event_type=purchase`

        `regulars ingest "logs/*.parquet" --out store --timezone Europe/London`

        `regulars ingest postgresql://localhost/shop --query "select * from events" --out store`

        `regulars ingest --query "select * from 'orders.csv' join 'clients.csv' using (client)" --out store`
        """
        if not source and not query:
            raise typer.BadParameter("name a file, or a query over files", param_hint="SOURCE...")
        if append and replace:
            raise typer.BadParameter("--append and --replace exclude each other: give one of them")
        if append and (timezone is not None or rating_maximum is not None):
            raise typer.BadParameter("--timezone and --rating-maximum are those of the store: leave them out")
        from features.errors import FaultyRowsError
        from features.ingestion.ingest import append as read_and_add
        from features.ingestion.ingest import ingest as read_and_store
        from features.store.event_store import open_store

        settings = ingest_settings(
            {"timezone": timezone, "memory_limit": memory_limit},
            {
                "delimiter": delimiter,
                "encoding": encoding,
                "decimal": decimal,
                "rating_maximum": rating_maximum,
                "maximum_quarantined": maximum_quarantined,
                "accept_quarantine": accept_quarantine,
                "strict": strict,
            },
        )
        profiles = profiles_of_options(
            profile,
            time_format=time_format,
            thousands=thousands,
            currency_sign=currency_sign,
            cents=cents,
            amount=amount,
            refund=refund,
            one_event_per=one_event_per,
            replace_references=replace_references,
            kinds=kinds,
            negative=negative,
            currency=currency,
            nobody=nobody,
            fold_case=fold_case,
            leave_out=leave_out,
            keep=keep,
        )
        if append:
            for name in ("timezone", "rating_maximum"):
                settings.pop(name)
        elif replace:
            settings["existing"] = "replace"
        try:
            with progress_bar("rows") as advance:
                report = (read_and_add if append else read_and_store)(
                    source or [],
                    out,
                    profile=profiles,
                    map=pairs("--map", map),
                    constants=pairs("--set", set),
                    query=query,
                    password=_first_line(password_file),
                    sheet=sheet,
                    header_line=header_line,
                    progress=advance,
                    **settings,
                )
        except FaultyRowsError as error:
            for line in error.report:
                echo(line)
            raise
        for line in report.lines():
            echo(line)
        echo(f"-> {out} (report.json and the data in {open_store(out).folder})")


def _first_line(file: Path | None) -> str | None:
    """Return the first line of a file, without its end; refuse a file without one."""
    if file is None:
        return None
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    if not lines or not lines[0]:
        raise typer.BadParameter(f"{file} has no first line with a password", param_hint="--password-file")
    return lines[0]
