"""`regulars inspect`: look at a source, show what its columns seem to mean, and write that as a source profile."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import check_writable
from cli.terminal import echo, echo_table
from features.plurals import counted

if TYPE_CHECKING:
    from features.ingestion.inspection_result import Inspection

SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def inspect(
        source: Annotated[str, typer.Argument(metavar="SOURCE", help="A file, or a database URL with --query.")],
        out: Annotated[
            Path,
            typer.Option(metavar="FILE", dir_okay=False, callback=check_writable, help="The profile to write."),
        ] = Path("profile.toml"),
        query: Annotated[str | None, typer.Option(metavar="SQL", help="The query to run at a database.")] = None,
        delimiter: Annotated[str | None, typer.Option(metavar="CHARACTER", help="The CSV delimiter.")] = None,
        encoding: Annotated[str | None, typer.Option(metavar="NAME", help="The text encoding.")] = None,
        sheet: Annotated[str | None, typer.Option(metavar="NAME", help="The sheet of a workbook.")] = None,
        header_line: Annotated[int | None, typer.Option(metavar="N", min=1, help="The line of the header.")] = None,
        timezone: Annotated[str, typer.Option(metavar="ZONE", help="The business time zone.")] = "UTC",
    ) -> None:
        """Look at a sample of a source, say what its columns seem to mean, and write a profile for `regulars ingest`.

        Examples:

        `regulars inspect orders.csv`

        `regulars ingest --profile profile.toml orders.csv --out store`
        """
        from features.ingestion.inspection import inspect_sample
        from features.ingestion.profile_writer import profile_text
        from features.ingestion.read_options import ReadOptions
        from features.ingestion.source_sample import preview_events, read_sample

        options = ReadOptions(query=query, delimiter=delimiter, encoding=encoding, sheet=sheet, header_line=header_line)
        sample = read_sample(source, options)
        inspection = inspect_sample(sample)
        _show(inspection, list(sample))
        events, faults = preview_events(sample, inspection.profile, timezone, SHOWN)
        if events:
            echo_table("The first rows as events", list(events[0]), [list(row.values()) for row in events])
        for reason, count in faults.items():
            echo(f"of the sample {counted(count, 'row')} would go to quarantine: {reason}")
        for question in inspection.questions:
            echo(f"question: {question}")
        out.write_text(profile_text(inspection.profile, inspection.sure))
        given = {
            "--query": query,
            "--delimiter": delimiter,
            "--encoding": encoding,
            "--sheet": sheet,
            "--header-line": header_line,
            "--timezone": None if timezone == "UTC" else timezone,
        }
        words = ["regulars", "ingest", "--profile", str(out), source]
        words += [word for name, value in given.items() if value is not None for word in (name, str(value))]
        echo(f"-> {out} ({shlex.join(words)} --out STORE)")


def _show(inspection: "Inspection", names: list[str]) -> None:
    from features.ingestion.profile_writer import settings_of

    profile = inspection.profile
    if inspection.known:
        echo(f"the columns are those of the profile {inspection.known}")
    rows = [
        (ours, theirs, inspection.sure.get(f"columns.{ours}", "by the profile"))
        for ours, theirs in profile.columns.items()
    ]
    rows += [
        (ours, f"{value!r} in all rows", inspection.sure.get(f"constants.{ours}", ""))
        for ours, value in profile.constants.items()
    ]
    if profile.amounts.expression:
        rows.append(("amount", profile.amounts.expression, inspection.sure.get("amounts.expression", "by the profile")))
    echo_table("What the columns seem to be", ("contract", "source", "how sure"), rows)
    for key, value in settings_of(profile):
        echo(f"{key} = {value}" + (f" ({inspection.sure[key]})" if key in inspection.sure else ""))
    used = {*profile.columns.values(), *profile.own_columns()}
    if unused := [name for name in names if name not in used]:
        echo(f"columns not used: {', '.join(unused)}")
