"""`regulars erase`: a customer's erasure from everything that the project writes, with a search that proves it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.erasure_places import (
    echo_missing,
    of_settings,
    places_of_erasure,
    readable_plans,
    service_settings,
    temporary_folders,
    way_out,
)
from cli.options import DEFAULT_HOME, Home
from cli.score_places import check_places, present_tables, tables_and_paths
from cli.stopped_erasures import customers_of_stopped_erasures, end_stopped_erasures
from cli.terminal import echo, echo_table, progress_steps
from features.plurals import counted

if TYPE_CHECKING:
    from features.erasure.id_patterns import IdPattern
    from planning.erasure import Measure
    from planning.plan_folder import Plan
    from serving.runtime.settings import ServeSettings
    from serving.score_tables.table_address import TableAddress

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--in",
        metavar="PATH",
        callback=check_places,
        help="Also erase in this file, in all files of this folder, or in the table of scores at this address: scores, "
        "features, plans, reports, jobs, runs of retrain; repeatable. Tables are rewritten, pages and jobs removed, "
        "rows of plans kept without a name.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def erase(
        store: Annotated[Path, typer.Argument(metavar="STORE", file_okay=False, help="The folder of an event store.")],
        customer_id: Annotated[
            list[str] | None, typer.Option(metavar="ID", help="The customer, as the store has the id; repeatable.")
        ] = None,
        ids: Annotated[
            Path | None,
            typer.Option(metavar="FILE", exists=True, dir_okay=False, help="A text file with an id a line."),
        ] = None,
        where: Where = None,
        home: Home = DEFAULT_HOME,
        forecast_log: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR",
                exists=True,
                file_okay=False,
                help="The forecast log of the service, with keys in DIR-keys. Without it: log and keys as `[serve]` of "
                "the settings says.",
            ),
        ] = None,
        suppression_key: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                help="Where the key of the list of erased customers is kept; made if it is missing. Without it: in "
                "the store.",
            ),
        ] = None,
        check: Annotated[bool, typer.Option("--check", help="Only search; change nothing.")] = False,
    ) -> None:
        """Erase customers from a store, all its generations and the files made of it, and prove that none is left.

        Jobs, plans, report and scores that [serve] of the settings names are among them, and the runs of [retrain].

        Exits with 1 when a file or table still names one of them; it is listed. With --check also when the forecast log
        has rows of them. Backups and copies elsewhere are yours to find.
        The customers stay erased: later ingests leave out their rows. An erasure that was stopped is ended too, and
        without any customer it alone.

        Examples:

        `regulars erase store --customer-id 17850 --in scores.parquet --in plans`

        `regulars erase store --ids erased.txt --in runs --in reports`

        `regulars erase store --customer-id 17850 --in plans --check`
        """
        from features.encryption.volumes import check_volume
        from features.erasure.id_patterns import IdPattern
        from features.store.event_store import open_store
        from serving.forecast_log.erasure import erase_from_log
        from serving.forecast_log.pseudonyms import PseudonymKeys
        from serving.score_tables.table_erasure import erase_from_table

        try:
            listed = ids.read_text(encoding="utf-8-sig").splitlines() if ids else []
        except UnicodeDecodeError:
            raise typer.BadParameter(f"{ids} is not text in UTF-8: save it so, with an id a line") from None
        given = [text for text in (*(customer_id or ()), *listed) if text.strip()]
        check_volume(store)
        open_store(store)
        if not check:
            given += customers_of_stopped_erasures(store)
            if not given and end_stopped_erasures(store):
                return
        if not given:
            raise typer.BadParameter("no customer is given: name one with --customer-id, or a file with --ids")
        pattern = IdPattern(given)
        settings = service_settings(forecast_log)
        tables, named = tables_and_paths([*(where or ()), *of_settings(settings)])
        named += [table.file for table in tables if table.is_sqlite]  # searched as well
        places = places_of_erasure(store, [*named, *([home] if home.is_dir() else [])])
        with progress_steps() as step:
            # What cannot be reached or read is refused before anything leaves.
            tables = present_tables(tables, given=tables_and_paths(where or ())[0])
            rows = [erase_from_table(table, pattern.ids, check=True) for table in tables]
            in_tables = [str(table) for table, count in zip(tables, rows, strict=True) if count]
            logged = _count_in_log(settings, pattern)
            if not check:
                step("erase")
                with way_out("nothing is erased yet"):
                    plans = readable_plans(places)
                    measure = _measured(store, plans)
                with way_out("the erasure has begun and has not ended"):
                    _erase(store, places, pattern, suppression_key, list(plans), measure)
                    if settings.forecast_log is not None and settings.forecast_log.is_dir():
                        logged = erase_from_log(settings.forecast_log, PseudonymKeys(settings.keys_folder), pattern.ids)
                    in_tables = _erase_from_tables(tables, pattern)
            step("search")
            searched, left = _search([*places, *temporary_folders(store)], pattern)
            searched, left = searched + len(tables), [*left, *in_tables]
        name, in_log = counted(len(pattern.ids), "customer"), ""
        if logged and check:
            in_log = f", and {counted(logged, 'row')} of the forecast log {'is' if logged == 1 else 'are'} theirs"
        elif logged:
            echo(f"{counted(logged, 'row')} removed from the forecast log")
        if left:
            echo_table("files that still name them", ["file"], [[place] for place in left])
        naming = f"{len(left):,} of {searched:,} files still name" if left else f"none of {searched:,} files names"
        echo(f"{name}: {naming} them{in_log}", searched=searched, left=left, logged=logged)
        if left or in_log:
            raise typer.Exit(1)


def _erase_from_tables(tables: "list[TableAddress]", pattern: "IdPattern") -> list[str]:
    """Erase from tables of scores; return those that name somebody afterwards."""
    from serving.score_tables.table_erasure import erase_from_table

    changed = []
    for table in tables:
        if rows := erase_from_table(table, pattern.ids):
            changed.append([str(table), f"{counted(rows, 'row')} removed"])
    if changed:
        echo_table("erased", ["where", "what"], changed)
    return [str(table) for table in tables if erase_from_table(table, pattern.ids, check=True)]


def _erase_from_jobs(places: list[Path], pattern: "IdPattern") -> list[list[str]]:
    """Remove the jobs of the service that name customers; return what became of them."""
    from features.erasure.id_search import files_in
    from serving.jobs.job_store import JOB_ID

    facts = {file for file in files_in(places) if file.name == "job.json" and JOB_ID.fullmatch(file.parent.name)}
    if not facts:
        return []
    from serving.clock import utc_now
    from serving.jobs.erasure import erase_from_jobs

    folders = sorted({file.parent.parent for file in facts})
    return [
        [str(folder / job), "job removed"] for folder in folders for job in erase_from_jobs(folder, pattern, utc_now)
    ]


def _measured(store: Path, plans: "dict[Path, Plan]") -> "Measure":
    """Return what measures plans before customers leave; it has measured the first one, so it reads all of them."""
    from features.store.event_store import open_store
    from planning.effects.decisions import measured_by

    measure = measured_by(open_store(store), list(plans.values()), list(plans))
    for plan in list(plans.values())[:1]:
        measure(plan, int(plan.manifest.get("horizon_days", 90)))
    return measure


def _erase(
    store: Path,
    places: list[Path],
    pattern: "IdPattern",
    suppression_key: Path | None,
    folders: list[Path],
    measure: "Measure",
) -> None:
    import pyarrow.compute as pc

    from features.erasure.file_erasure import erase_from_file
    from features.erasure.id_search import files_in, names_customer
    from features.erasure.store_erasure import erase_from_store
    from features.erasure.suppression import read_suppression, suppress
    from features.store.event_store import open_store
    from features.store.generations import locked
    from planning.erasure import erase_from_plan

    opened = open_store(store)
    known = pc.is_in(pattern.array, opened.customer_ids.cast(pattern.array.type)).to_pylist()
    before = read_suppression(store)
    names = zip(pattern.ids, known, strict=True)
    if unknown := [name for name, is_known in names if not is_known and not (before and before.has(name))]:
        are = "is no customer" if len(unknown) == 1 else "are no customers"
        echo(
            f"warning: {unknown[0]}{f' and {len(unknown) - 1:,} more' if len(unknown) > 1 else ''} {are} of {store}: "
            "is the spelling right?"
        )
    # First, so that nothing that is read meanwhile brings them back.
    with locked(store):
        suppression = suppress(store, pattern.ids, suppression_key)
    changed = _erase_from_jobs(places, pattern)
    for folder in folders:
        done = erase_from_plan(folder, pattern, measure, suppression.hash_of)
        changed += [[str(folder / name), what] for name, what in done.items() if what]
    with locked(store):  # nobody adds rows to the customers' table meanwhile
        events = f"{store.resolve()}/events-"
        for file in files_in(places):
            place = file.resolve()  # a link stays one: what it leads to is changed
            of_store = str(place).startswith(events)
            if not of_store and names_customer(file, pattern) and (what := erase_from_file(place, pattern)):
                changed.append([str(file), what])
    for generation in erase_from_store(store, pattern.ids):
        what = f"{counted(generation.events, 'event')} of {counted(generation.customers, 'customer')} removed"
        files = "".join(f", {name}" for name in generation.files)
        changed.append([f"{store}, generation {generation.number}", what + files])
    if changed:
        echo_table("erased", ["where", "what"], changed)


def _count_in_log(settings: "ServeSettings", pattern: "IdPattern") -> int:
    """Return how many rows of the forecast log are of customers; refuse a log or keys that cannot be read."""
    from features.errors import StoreError
    from serving.forecast_log.erasure import erase_from_log
    from serving.forecast_log.pseudonyms import PseudonymKeys

    if settings.forecast_log is None:
        return 0
    if not settings.forecast_log.is_dir():
        echo_missing("[serve] forecast_log", settings.forecast_log)
        return 0
    keys = PseudonymKeys(settings.keys_folder)
    try:
        if not keys.held():
            echo(
                f"warning: {settings.keys_folder} has no key of the forecast log, so nobody can be found there: if the "
                "keys lie elsewhere, name their folder in `[serve] forecast_log_keys`"
            )
        return erase_from_log(settings.forecast_log, keys, pattern.ids, check=True)
    except ValueError as error:
        raise StoreError(
            f"a file of {settings.keys_folder} is not a key of the forecast log ({error}): put a copy of it back"
        ) from None


def _search(places: list[Path], pattern: "IdPattern") -> tuple[int, list[str]]:
    from features.erasure.id_search import files_in, names_customer

    searched, left = 0, []
    for file in files_in(places):
        try:
            if names_customer(file, pattern):
                left.append(str(file))
        except FileNotFoundError:  # a temporary file of another process
            continue
        searched += 1
    return searched, left
