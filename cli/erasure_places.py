"""Where `regulars erase` looks for customers, and what is looked at before anybody is erased there."""

import glob
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.score_places import table_of
from cli.terminal import echo

if TYPE_CHECKING:
    from planning.plan_folder import Plan
    from serving.runtime.settings import ServeSettings


def service_settings(forecast_log: Path | None) -> "ServeSettings":
    """Return the settings of the service, with another forecast log if one is given."""
    from dataclasses import replace

    from features.errors import SettingsError
    from features.settings_file import read_settings
    from serving.runtime.settings import ServeSettings

    settings = read_settings("serve", ServeSettings)
    if settings.forecast_log is not None and settings.forecast_log.is_file():
        raise SettingsError(f"{settings.forecast_log}, [serve] forecast_log of the settings, is a file: name a folder")
    return settings if forecast_log is None else replace(settings, forecast_log=forecast_log)


def of_settings(service: "ServeSettings") -> list[str]:
    """Return the places with customers that the settings name; paths that are not there yet are printed."""
    from cli.retrain_folder import RetrainSettings
    from features.settings_file import read_settings

    named = {f"[serve] {name}": getattr(service, name) for name in ("jobs", "plans", "report", "scores")}
    named["[retrain] out"] = read_settings("retrain", RetrainSettings).out
    places = []
    for name, place in named.items():
        if place and (table_of(str(place)) or Path(place).exists()):
            places.append(str(place))
        elif place:
            echo_missing(name, place)
    return places


def echo_missing(setting: str, place: Path | str) -> None:
    """Mention a place of the settings that is not there yet."""
    echo(f"{place}, {setting} of the settings, is not there yet, so it names nobody")


def places_of_erasure(store: Path, others: list[Path]) -> list[Path]:
    """Return where customers are erased: the store, the quarantine beside it, and what else is given."""
    from features.ingestion.outcome import quarantine_beside

    beside = quarantine_beside(store)
    return [store, *([beside] if beside.is_file() else []), *others]


def temporary_folders(store: Path) -> list[Path]:
    """Return what killed programs may have left: temporary files, without folders in use, and sources by the store."""
    from features.scratch_folders import PREFIX

    temporary = Path(tempfile.gettempdir())
    temporary = temporary.parent if temporary.name.startswith(PREFIX) else temporary
    beside = store.absolute().parent.glob(f".{glob.escape(store.absolute().name)}.*.sources")
    return [*(each for each in temporary.glob("regulars-*") if not each.name.startswith(PREFIX)), *beside]


def readable_plans(places: Iterable[Path]) -> "dict[Path, Plan]":
    """Return the plans in some places by their folders; refuse what an erasure could not read or change there.

    Raises
    ------
    PlanError, RecordError
        When a plan or its records cannot be read.
    StoreError
        When another process writes to a plan, or an encrypted file is damaged.
    SettingsError
        When the key of an encrypted file is not held.
    OSError
        When a file cannot be read.
    """
    from features.erasure.id_search import check_readable, files_in
    from features.store.generations import locked
    from planning.plan_folder import plan_folders_below, read_plan
    from planning.records import read_records

    places, plans = list(places), {}
    for folder in plan_folders_below(places):
        with locked(folder):
            plans[folder] = read_plan(folder)
            read_records(folder)
    for file in files_in(places):
        try:
            check_readable(file)
        except FileNotFoundError:  # a temporary file of another process
            continue
    return plans


@contextmanager
def way_out(state: str) -> Iterator[None]:
    """Say how an erasure that fails goes on, before the line of the error, which names the place."""
    try:
        yield
    except Exception:  # it goes on: only the way out is said before it
        echo(f"{state}: mend what the next line names, or move it away and leave it out, and run it again")
        raise
