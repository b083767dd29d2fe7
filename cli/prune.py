"""`regulars prune`: removes what is older than the retention settings say, and says what it would remove."""

import shutil
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_HOME, Home, check_date
from cli.score_places import check_places, present_tables, tables_and_paths
from cli.settings import settings_with
from cli.terminal import echo, echo_table, progress_steps
from features.plurals import counted

if TYPE_CHECKING:
    from features.as_of import AsOf
    from features.data_retention.settings import DataRetentionSettings
    from features.store.event_store import EventStore
    from serving.score_tables.table_address import TableAddress

Removed = list[list[str]]


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def prune(
        store: Annotated[Path, typer.Argument(metavar="STORE", file_okay=False, help="The folder of an event store.")],
        as_of: Annotated[
            str | None,
            typer.Option(metavar="DATE", callback=check_date, help="The day from which ages count. Without it: today."),
        ] = None,
        where: Annotated[
            list[str] | None,
            typer.Option(
                "--in",
                metavar="PATH",
                callback=check_places,
                help="Tables, reports and plan folders to prune, or the address of a table of scores; repeatable.",
            ),
        ] = None,
        events_days: Annotated[int | None, typer.Option(metavar="N", min=1, help="Keep events for N days.")] = None,
        generations_days: Annotated[
            int | None, typer.Option(metavar="N", min=1, help="Keep earlier generations for N days.")
        ] = None,
        tables_days: Annotated[
            int | None,
            typer.Option(metavar="N", min=1, help="Keep scores, features and reports for N days."),
        ] = None,
        plans_days: Annotated[
            int | None, typer.Option(metavar="N", min=1, help="Keep customers and features of plans for N days.")
        ] = None,
        runs_days: Annotated[
            int | None, typer.Option(metavar="N", min=1, help="Keep runs of retrain for N days.")
        ] = None,
        forecast_log_days: Annotated[
            int | None, typer.Option(metavar="N", min=1, help="Keep the forecast log for N days.")
        ] = None,
        home: Home = DEFAULT_HOME,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed; change nothing.")] = False,
    ) -> None:
        """Remove data older than `[data_retention]` of the settings or the options allow; nothing else changes.

        Later ingests of old files leave out events that are too old, and count them. Rows of old plans keep arm,
        propensity and outcome, so that effects stay what they were.

        Examples:

        `regulars prune store --events-days 1095 --generations-days 30 --dry-run`

        `regulars prune store --in scores --in plans`
        """
        from features.as_of import AsOf
        from features.data_retention.settings import DataRetentionSettings
        from features.encryption.volumes import check_volume
        from features.schema import FIRST_YEAR
        from features.store.event_store import open_store
        from serving.clock import utc_now

        settings = settings_with(
            "data_retention",
            DataRetentionSettings,
            events_days=events_days,
            generations_days=generations_days,
            tables_days=tables_days,
            plans_days=plans_days,
            runs_days=runs_days,
            forecast_log_days=forecast_log_days,
        )
        periods = [days for days in vars(settings).values() if days is not None]
        if not periods:
            raise typer.BadParameter(
                "nothing says how long to keep what: give --events-days or another of these options, or write "
                "[data_retention] in the settings file"
            )
        check_volume(store)
        opened = open_store(store)
        today, now = (AsOf.parse(each, opened.timezone) for each in (as_of or utc_now(), utc_now()))
        if today.time > now.time:
            raise typer.BadParameter(f"--as-of {as_of} is still to come: what is recent today would leave too")
        tables, places = tables_and_paths(where or ())
        if unused := _without_period(settings, places, tables):
            raise typer.BadParameter(f"nothing says how long what is at {unused} stays: give --tables-days")
        longest = max(periods)
        if (today.date - timedelta(longest)).year < FIRST_YEAR:
            raise typer.BadParameter(f"{longest} days before --as-of {as_of} is before {FIRST_YEAR}: nothing is so old")
        with progress_steps() as step:
            step("prune")
            # What cannot be reached or read is refused before anything leaves.
            tables = present_tables(tables, given=tables)
            seen = _prune_tables(tables, settings, today, opened.timezone, dry_run=True)
            seen += _prune_files(store, places, home, settings, today.date, dry_run=True)
            removed = _prune_plans(opened, places, settings, today, dry_run)
            removed += _prune_store(store, settings, today, opened.timezone, dry_run)
            if not dry_run:
                seen = _prune_tables(tables, settings, today, opened.timezone, dry_run)
                seen += _prune_files(store, places, home, settings, today.date, dry_run)
            removed += seen
            removed += _prune_log(settings, today.date, dry_run)
        what = "would be removed" if dry_run else "removed"
        if removed:
            echo_table(what, ["where", "what"], removed)
        echo(
            f"{counted(len(removed), 'place')} with something too old{', nothing is changed' if dry_run else ''}"
            if removed
            else "nothing is too old",
            removed=removed,
        )


def _without_period(settings: "DataRetentionSettings", places: list[Path], tables: "list[TableAddress]") -> str:
    """Return the first place of which nothing could be removed, '' without any; plans protect events too."""
    if settings.tables_days is not None:
        return ""
    with_plans = settings.plans_days is not None or settings.events_days is not None
    return str(next(iter([*tables, *(() if with_plans else places)]), ""))


def _prune_plans(
    store: "EventStore", places: Iterable[Path], settings: "DataRetentionSettings", today: "AsOf", dry_run: bool
) -> Removed:
    """Take the customers out of old plans; first, since outcomes are measured with events that may leave then."""
    from features.errors import PlanError
    from planning.data_retention import anonymise_plan, has_customers
    from planning.effects.decisions import measured_by
    from planning.plan_folder import plan_folders_below, read_plan
    from planning.plans_in_force import cutoff_of, outcomes_from
    from training.targets import horizon_is_over

    folders = plan_folders_below(places)
    plans = [read_plan(each) for each in folders]
    old: list[Path] = []
    for folder, plan in zip(folders, plans, strict=True):
        start, horizon = outcomes_from(plan, store.timezone), int(plan.manifest.get("horizon_days", 90))
        days, age = settings.plans_days, today.day - cutoff_of(plan, store.timezone).day
        if not has_customers(folder, plan):
            continue
        if days is not None and age > days and horizon_is_over(store, start, horizon):
            old.append(folder)
            continue
        if days is not None and age > days:
            echo(f"{folder} stays: the log does not reach the end of its {horizon} days, so nothing is measured yet")
        if settings.events_days is not None and today.day - settings.events_days > start.day:
            raise PlanError(
                f"the effects of {folder} are measured from {start.date} on, which --events-days "
                f"{settings.events_days} would remove: keep events longer, or shorten --plans-days once its {horizon} "
                "days are over"
            )
    if dry_run:
        return [[str(each), "customers, their features and what was made for reps"] for each in old]
    measure = measured_by(store, plans, folders)
    done = [(each, anonymise_plan(each, measure)) for each in old]
    return [[str(folder / name), what] for folder, files in done for name, what in files.items()]


def _prune_store(
    store: Path, settings: "DataRetentionSettings", today: "AsOf", timezone: str, dry_run: bool
) -> Removed:
    from features.as_of import AsOf
    from features.data_retention.store_retention import prune_store
    from features.ingestion.outcome import quarantine_beside
    from features.timezones import SECOND

    def before(days: int | None) -> int | None:
        return None if days is None else AsOf.at_midnight(today.day - days, timezone).time

    earliest, written = before(settings.events_days), before(settings.generations_days)
    pruned = prune_store(store, earliest, None if written is None else written / SECOND, dry_run=dry_run)
    removed = [[f"{store}, generation {number}", "the whole generation"] for number in pruned.generations]
    if pruned.faulty_rows:
        removed.append([str(quarantine_beside(store)), counted(pruned.faulty_rows, "row")])
    for each in pruned.rewritten:
        events, customers = counted(each.events, "event"), counted(each.customers, "customer")
        files = "".join(f", rows of {name}" for name in each.files)
        removed.append([f"{store}, generation {each.number}", f"{events}, {customers} without any left{files}"])
    if any(each.events for each in pruned.rewritten):
        echo(
            "warning: features begin at the first event that is left, so recency, T and totals of old customers become "
            "smaller: fit again before the champion scores them"
        )
    return removed


def _prune_tables(
    tables: "Iterable[TableAddress]", settings: "DataRetentionSettings", today: "AsOf", timezone: str, dry_run: bool
) -> Removed:
    from features.as_of import AsOf, utc
    from serving.score_tables.table_retention import prune_table

    if settings.tables_days is None:
        return []
    earliest = AsOf.at_midnight(today.day - settings.tables_days, timezone).time
    rows = [(table, prune_table(table, utc(earliest), check=dry_run)) for table in tables]
    return [[str(table), counted(count, "row")] for table, count in rows if count]


def _prune_files(
    store: Path, places: list[Path], home: Path, settings: "DataRetentionSettings", today: date, dry_run: bool
) -> Removed:
    """Remove tables and pages of old cutoffs, and old runs of retrain."""
    from cli.retrain_folder import RetrainSettings, old_runs
    from features.data_retention.table_retention import old_files
    from features.erasure.id_search import files_in
    from features.settings_file import read_settings
    from planning.plan_folder import PLAN_FILE

    old: list[tuple[Path, str]] = []
    if settings.tables_days is not None:
        plans = [each.parent for each in files_in(places) if each.name == PLAN_FILE]
        files = old_files(places, today - timedelta(settings.tables_days), [store, *plans])
        old += [(each, "the file") for each in files]
    if settings.runs_days is not None:
        out = read_settings("retrain", RetrainSettings).out or home / "retrain"
        midnight = datetime.combine(today - timedelta(settings.runs_days), datetime.min.time())
        old += [(each, "the run") for each in old_runs(out, midnight)]
    return _remove_paths(old, dry_run)


def _prune_log(settings: "DataRetentionSettings", today: date, dry_run: bool) -> Removed:
    """Remove old days of the forecast log of the service's settings, and keys that no day needs any more."""
    from features.settings_file import read_settings
    from serving.forecast_log.log_files import old_days, remove_day
    from serving.forecast_log.pseudonyms import PseudonymKeys
    from serving.runtime.settings import ServeSettings

    serve: ServeSettings = read_settings("serve", ServeSettings)
    days = settings.forecast_log_days
    if days is None or serve.forecast_log is None:
        return []
    old = old_days(serve.forecast_log, days, today)
    for day in () if dry_run else old:
        remove_day(day)
    earliest = datetime.combine(today - timedelta(days), datetime.min.time())
    keys = [(each, "the key of its quarter") for each in PseudonymKeys(serve.keys_folder).unused(earliest)]
    return [[str(day), "the day"] for day in old] + _remove_paths(keys, dry_run)


def _remove_paths(old: list[tuple[Path, str]], dry_run: bool) -> Removed:
    for path, _ in () if dry_run else old:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return [[str(path), what] for path, what in old]
