"""Arguments and options shared by several verbs."""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import echo
from features.plurals import counted

if TYPE_CHECKING:
    from features.loyalty.formula import Formula
    from features.store.event_store import EventStore


def check_date(as_of: str | None) -> str | None:
    """Refuse what is not a date or time before any work begins; a time without a date would be taken as today's."""
    if as_of is None:
        return None
    from features.schema import FIRST_YEAR, LAST_YEAR  # reads the event words, which the settings file may extend

    try:
        year = datetime.fromisoformat(as_of).year
    except ValueError:
        expected = "write it like 2011-06-10 or 2011-06-10T09:30:00+01:00"
        raise typer.BadParameter(f"{as_of!r} is not a date or time: {expected}") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise typer.BadParameter(f"{as_of!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}: give a date within them")
    return as_of


def check_dates(dates: list[str] | None) -> list[str] | None:
    """Refuse what is not a date or time, see `check_date`."""
    for as_of in dates or ():
        check_date(as_of)
    return dates


def check_week(week: str | None) -> str | None:
    """Refuse what is no ISO week before any work begins."""
    from features.errors import PlanError
    from planning.weeks import monday_of_week

    try:
        if week is not None:
            monday_of_week(week)
    except PlanError as error:
        raise typer.BadParameter(str(error)) from None
    return week


def refuse_given(
    context: typer.Context,
    names: tuple[str, ...],
    option: str = "--again",
    reason: str = "makes the plan of its manifest",
) -> None:
    """Refuse options that say what another option says already."""
    given = [name for name in names if (source := context.get_parameter_source(name)) and source.name != "DEFAULT"]
    if given:
        words = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise typer.BadParameter(f"{option} {reason}: leave out {words}", param_hint=option)


def check_writable(path: Path | None) -> Path | None:
    """Refuse a path that cannot be written to before any work begins; missing folders are created later."""
    if path is None:
        return None
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise typer.BadParameter(f"nothing can be written to {parent}: choose another place")
    return path


def check_table_file(path: Path | None) -> Path | None:
    """Refuse a file whose name does not end in a format of tables, or that cannot be written to."""
    from features.errors import TableFileError
    from features.table_files import table_format

    try:
        if path is not None:
            table_format(path)
    except TableFileError as error:
        raise typer.BadParameter(str(error)) from None
    return check_writable(path)


def check_file_or_folder(path: Path) -> Path:
    """Refuse a name with another ending than a table's, a folder of something else, and what cannot be written to."""
    if path.suffix:
        if path.is_dir():
            raise typer.BadParameter(f"{path} is a folder: name a file, or a folder without an ending")
        return check_table_file(path) or path
    from features.errors import TableFileError
    from features.partitions.folder import require_replaceable

    try:
        require_replaceable(path)
    except TableFileError as error:
        raise typer.BadParameter(str(error)) from None
    return check_writable(path) or path


PICTURES = (".svg", ".png", ".pdf")


def check_picture_file(path: Path | None) -> Path | None:
    """Refuse a file whose name does not end in a format of pictures, or that cannot be written to."""
    if path is not None and path.suffix.lower() not in PICTURES:
        raise typer.BadParameter(f"{path} does not end in a format of pictures: name it {' or '.join(PICTURES)}")
    return check_writable(path)


Store = Annotated[
    str, typer.Argument(metavar="STORE", help="An event store, or a raw CSV or Parquet file in the contract's columns.")
]
AsOfDate = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="DATE",
        callback=check_date,
        help="The cutoff, a date (its midnight) or a time. Only events before it are used.",
    ),
]
AsOfDates = Annotated[
    list[str],
    typer.Option(
        "--as-of",
        metavar="DATE",
        callback=check_dates,
        help="The cutoff, a date (its midnight) or a time. Only events before it are used. "
        "Repeat it for several in one folder.",
    ),
]
OutFileOrFolder = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="FILE",
        writable=True,
        callback=check_file_or_folder,
        help="The file to write: .parquet, .csv, .xlsx or .arrow; a name without an ending is a folder of Parquet.",
    ),
]
OutFile = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="FILE",
        dir_okay=False,
        writable=True,
        callback=check_table_file,
        help="The file to write: .parquet, .csv, .xlsx or .arrow.",
    ),
]
HorizonDays = Annotated[
    int,
    typer.Option(
        "--horizon-days", metavar="DAYS", min=1, max=3650, help="How many days from the cutoff on to forecast."
    ),
]
OptionalHorizonDays = Annotated[
    int | None,
    typer.Option(
        "--horizon-days",
        metavar="DAYS",
        min=1,
        max=3650,
        help="How many days from the cutoff on to forecast. Without it: 90, or as the settings file says.",
    ),
]
FormulaFile = Annotated[
    Path | None,
    typer.Option(
        "--formula",
        metavar="FILE",
        help="Your own formula.toml. Without it: [formula], else that of the champion in use, else the built-in one.",
    ),
]
Quick = Annotated[
    bool,
    typer.Option(
        "--quick", help="Train on fewer customers (fit: also one candidate, one trial): faster, less accurate."
    ),
]
Home = Annotated[
    Path,
    typer.Option(metavar="FOLDER", help="Where runs and versions are kept, unless MLFLOW_TRACKING_URI is set."),
]
DEFAULT_HOME = Path("var")


def check_days(text: str) -> str:
    """Refuse what is no number of days."""
    if not re.fullmatch(r"[1-9]\d{0,3}d", text):
        raise typer.BadParameter(f"{text!r} is not a number of days: write it like 30d")
    return text


def check_optional_days(text: str | None) -> str | None:
    """Refuse what is no number of days; without one there is nothing to check."""
    return text if text is None else check_days(text)


Every = Annotated[str, typer.Option(metavar="DAYS", callback=check_days, help="The distance of the dates, like 30d.")]
Since = Annotated[
    str | None,
    typer.Option(metavar="DATE", callback=check_date, help="No date before this. Without it: the log's beginning."),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="DATE", callback=check_date, help="The last date. Without it: the day after the log's end."),
]
STALE_DAYS = 30
"""A log that ends more days than this before a cutoff gets a warning."""


def days_of(text: str) -> int:
    """Return the days of a text like 30d."""
    return int(text.removesuffix("d"))


def warn_of_dates(store: "EventStore", *as_of: str) -> None:
    """Print a warning where the log has no events, begins after a cutoff, ended long before one or lacks purchases."""
    from features.as_of import AsOf
    from features.store.log_dates import days_without_purchases, first_day, last_day

    first, last = first_day(store), last_day(store)
    if first is None or last is None:
        echo("warning: the log has no events, so nobody is known")
        return
    begins, ends = (AsOf.at_midnight(day, store.timezone).date for day in (first, last))
    missing = days_without_purchases(store)
    for cutoff in as_of:
        day = AsOf.parse(cutoff, store.timezone).day
        if day < first:
            echo(f"warning: the log begins on {begins}, so nobody is known at {cutoff}: give a later --as-of")
        elif day - last > STALE_DAYS:
            days = f"{day - last:,} days before {cutoff}"
            echo(f"warning: the log ends on {ends}, {days}: what happened since is not in it")
        if missing and day > last - missing + 1:
            echo(
                f"warning: the log ends on {ends}, its purchases {counted(missing, 'day')} before: append those since, "
                "or they count as silence"
            )


def formula_in_use(file: Path | None, of_champion: "Formula | None" = None) -> "Formula":
    """Return the formula of the option, else that of the settings file, else the champion's, else the built-in one."""
    from features.loyalty.formula import load_formula
    from features.loyalty.formula_settings import FormulaSettings, formula_of_settings
    from features.settings_file import read_settings

    settings = read_settings("formula", FormulaSettings)
    if file is not None or not settings.chosen:
        return of_champion if file is None and of_champion else load_formula(file)
    formula = formula_of_settings(settings)
    if of_champion and formula != of_champion:
        echo(
            f"warning: the settings file has formula version {formula.version}, the champion {of_champion.version}: "
            "scores here are by the former, those of a service by the latter, until `regulars fit` makes a new version"
        )
    return formula
