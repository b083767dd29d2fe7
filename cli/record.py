"""`regulars record`: what was done of a plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.terminal import echo

if TYPE_CHECKING:
    from planning.record_summary import RecordSummary


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def record(
        plan: Annotated[Path, typer.Argument(metavar="PLAN", exists=True, file_okay=False, help="A plan folder.")],
        files: Annotated[
            list[Path],
            typer.Argument(metavar="FILE", exists=True, help="Reps' workbooks, or CSV or Parquet with their columns."),
        ],
        recorded_at: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                callback=options.check_date,
                help="When rows without a recorded_at of their own are known. Without it: now.",
            ),
        ] = None,
        append: Annotated[
            Path | None,
            typer.Option(
                metavar="STORE", exists=True, file_okay=False, help="Add the events of what was done to this store."
            ),
        ] = None,
    ) -> None:
        """Check what came back of a plan, row by row, and keep it beside the plan, which never changes.

        PLAN gets `records.parquet`, and `events.parquet` with the events of what was done, for `regulars append`. A
        file read twice changes nothing; of two records of a row the later one counts.

        Examples:

        `regulars record plans/w48 plans/w48/reps/r07.xlsx`

        `regulars record plans/w48 crm-export.csv --append store`
        """
        from features.errors import RecordError
        from features.ingestion.ingest import append as append_events
        from planning.record_files import record as add
        from planning.records import EVENTS_FILE, RECORDS_FILE
        from serving.clock import utc_now

        summary = add(plan, files, recorded_at or utc_now())
        for line in _lines(summary):
            echo(line)
        if append is not None and (summary.statuses.get("done") or summary.outside):
            for line in append_events(plan / EVENTS_FILE, append).lines():
                echo(line)
        if summary.quarantined and summary.quarantined == summary.rows_in:
            raise RecordError(f"all {summary.rows_in:,} rows are faulty: nothing was added to the records of {plan}")
        echo(f"-> {plan / RECORDS_FILE}, and {plan / EVENTS_FILE} for `regulars append`")


def _lines(summary: "RecordSummary") -> list[str]:
    statuses = ", ".join(f"{count:,} {status}" for status, count in summary.statuses.items())
    lines = [
        f"{summary.rows_in:,} rows in: {summary.used:,} used, {summary.quarantined:,} quarantined, "
        f"{summary.superseded:,} superseded, {summary.seen:,} seen before, {summary.blank:,} not filled in",
        f"of {summary.planned:,} planned: {statuses}",
    ]
    if summary.skipped:
        lines.append("skipped: " + ", ".join(f"{count:,} {reason}" for reason, count in summary.skipped.items()))
    lines.append(
        f"{summary.control_contacted:,} of {summary.control:,} customers in the control group were contacted all the "
        f"same; {summary.outside:,} records of customers met outside the plan"
    )
    if summary.withdrawn:
        lines.append(
            f"{summary.withdrawn:,} records no longer say done: a store that has their events keeps them until its log "
            "is ingested again with --replace"
        )
    lines += [f"  {count:,}  {reason}" for reason, count in summary.reasons.items()]
    if summary.quarantine:
        lines.append(f"the faulty rows are in {summary.quarantine}: mend them and record that file")
    return lines
