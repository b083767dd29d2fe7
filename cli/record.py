"""`regulars record`: what was done of a plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.terminal import echo
from features.plurals import counted

SHOWN = 3
"""Unknown customers that are named."""

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
        from features.encryption.volumes import check_volume
        from features.errors import RecordError
        from features.store.event_store import open_store
        from planning.record_files import record as add
        from planning.records import EVENTS_FILE, RECORDS_FILE
        from serving.clock import utc_now

        check_volume(plan if append is None else append)
        known = None if append is None else open_store(append).customer_ids
        summary = add(plan, files, recorded_at or utc_now(), known)
        for line in _lines(summary, appended=append is not None):
            echo(line)
        taken = summary.used + summary.superseded + summary.seen
        if append is not None and (summary.statuses.get("done") or summary.outside):
            _append(plan / EVENTS_FILE, append)
        if not taken:
            raise RecordError(_nothing_added(summary, plan))
        next_step = "" if append else f", and {plan / EVENTS_FILE} for `regulars append`"
        echo(f"-> {plan / RECORDS_FILE}{next_step}")


def _append(events: Path, store: Path) -> None:
    """Add the events of a plan to a store, and print what became of them."""
    from features.ingestion.ingest import append as append_events

    report = append_events(events, store)
    if report.kept:
        echo(f"appended to {store}, from the records of the whole plan:")
        for line in report.lines():
            echo(f"  {line}")
    else:
        echo(f"{store} has the events of what was done already; nothing was appended")


def _nothing_added(summary: "RecordSummary", plan: Path) -> str:
    if summary.quarantined and summary.quarantined == summary.rows_in:
        whole = "the only row is" if summary.rows_in == 1 else f"all {summary.rows_in:,} rows are"
        return f"{whole} faulty: nothing was added to the records of {plan}"
    rows = counted(summary.rows_in, "row")
    if summary.quarantined:
        return (
            f"of {rows} {summary.quarantined:,} {_are(summary.quarantined)} faulty and {summary.blank:,} "
            f"{_are(summary.blank)} blank: nothing was added to the records of {plan}; mend the faulty ones"
        )
    return (
        f"nothing is filled in: {summary.blank:,} of {rows} {_are(summary.blank)} blank, and nothing was added to the "
        f"records of {plan}; fill in the status of what was done or skipped"
    )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _standing(summary: "RecordSummary") -> list[str]:
    """Return how the whole plan stands."""
    statuses = ", ".join(f"{count:,} {status}" for status, count in summary.statuses.items())
    lines = [f"of {counted(summary.planned, 'row')} to carry out: {statuses}"]
    if summary.skipped:
        lines.append("skipped: " + ", ".join(f"{count:,} {reason}" for reason, count in summary.skipped.items()))
    drawn = summary.control - summary.holdout
    of_whom = f" ({summary.holdout:,} of the hold-out, {drawn:,} drawn to learn from)" if drawn else " (the hold-out)"
    lines.append(
        f"by the records {summary.control_contacted:,} of {counted(summary.control, 'customer')} left alone at random"
        f"{of_whom} {'was' if summary.control_contacted == 1 else 'were'} contacted all the same; "
        f"{counted(summary.outside, 'record')} of customers met outside the plan"
    )
    return lines


def _lines(summary: "RecordSummary", *, appended: bool) -> list[str]:
    lines = [
        f"{counted(summary.rows_in, 'row')} in: {summary.used:,} used, {summary.quarantined:,} quarantined, "
        f"{summary.superseded:,} superseded, {summary.seen:,} seen before, {summary.blank:,} not filled in",
    ]
    for name, state, new in summary.files:
        what = f"{counted(new, 'row')} of it {_are(new)} new" if new else "nothing in it is new"
        known = (
            f"{name} was read before and is unchanged" if state == "unchanged" else f"{name} changed since it was read"
        )
        lines.append(f"{known}: {what}")
    if summary.seen and summary.seen + summary.blank == summary.rows_in:
        rows = (
            "the only row that is filled in was"
            if summary.seen == 1
            else f"all {summary.seen:,} rows that are filled in were"
        )
        lines.append(f"nothing new: {rows} recorded before")
    else:
        lines += _standing(summary)
    if summary.unknown:
        shown = ", ".join(summary.unknown[:SHOWN]) + (", ..." if len(summary.unknown) > SHOWN else "")
        one = len(summary.unknown) == 1
        become = ("becomes" if one else "become") if appended else "would become"
        lines.append(
            f"warning: {len(summary.unknown):,} {'customer' if one else 'customers'} met outside the plan ({shown}) "
            f"{'was' if one else 'were'} not in the log: {'it' if one else 'they'} {become} "
            f"{'a new customer' if one else 'new customers'} of the store that takes their events; mend a wrong id in "
            "the source, before its events are appended"
        )
    if summary.withdrawn:
        says = "record no longer says" if summary.withdrawn == 1 else "records no longer say"
        lines.append(
            f"warning: {summary.withdrawn:,} {says} done: a store that took their events keeps them as made; "
            "`regulars store rollback` goes back to before, or ingest its log again with --replace"
        )
    lines += [f"  {count:,}  {reason}" for reason, count in summary.reasons.items()]
    if summary.kept:
        have = "row of earlier readings has" if summary.kept == 1 else "rows of earlier readings have"
        lines.append(f"{summary.kept:,} faulty {have} not been mended")
    if summary.quarantine:
        lines.append(f"the faulty rows are in {summary.quarantine}: mend them and record that file")
    return lines
