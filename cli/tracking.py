"""Opens the tracking store as the settings file says, for the verbs that read or write runs and versions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.settings_file import read_settings

if TYPE_CHECKING:
    from training.registry.mlflow_client import Tracking


def opened_tracking(home: Path, *, read_only: bool = False) -> "Tracking":
    """Open the store of MLFLOW_TRACKING_URI, else that of the home folder; see `open_tracking`."""
    from training.registry.mlflow_client import open_tracking
    from training.registry.settings import TrackingSettings

    return open_tracking(home, read_only=read_only, settings=read_settings("tracking", TrackingSettings))


def has_tracking_store(home: Path) -> bool:
    """Return whether there is a tracking store already: MLFLOW_TRACKING_URI is set, or `home` has a database."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (home / "mlflow.db").is_file()


def check_home(context: typer.Context, home: Path) -> Path:
    """Refuse a home that was named and does not exist: a typing error would look like one without versions."""
    source = context.get_parameter_source("home")
    named = source is not None and source.name != "DEFAULT"
    if named and not home.exists() and not os.environ.get("MLFLOW_TRACKING_URI"):
        raise typer.BadParameter(f"there is no folder {home}: name the home of `regulars fit`")
    return home


ExistingHome = Annotated[
    Path,
    typer.Option(
        "--home",
        metavar="FOLDER",
        callback=check_home,
        help="Where runs and versions are kept, unless MLFLOW_TRACKING_URI is set.",
    ),
]
