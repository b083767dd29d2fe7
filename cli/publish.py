"""`regulars publish`: ships the champion to the BentoML model store, from which it is served."""

from typing import TYPE_CHECKING

import typer

from cli.options import DEFAULT_HOME, Home
from cli.terminal import echo
from features.settings_file import read_settings

if TYPE_CHECKING:
    from training.registry.mlflow_client import Tracking


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def publish(home: Home = DEFAULT_HOME) -> None:
        """Ship the champion to the BentoML model store (BENTOML_HOME) as `regulars:latest`.

        A version is shipped whole or not at all. Publishing the same champion again changes nothing.

        Example: `regulars publish`
        """
        from training.registry.mlflow_client import open_tracking

        publish_champion(open_tracking(home, read_only=True))


def publish_champion(tracking: "Tracking") -> None:
    """Ship the champion, and print under which tag."""
    from training.publish import publish as ship
    from training.settings import GateLimits

    allowed = read_settings("gate", GateLimits).allow_uncompiled
    shipped = ship(tracking, allow_uncompiled=allowed)
    echo(f"{shipped.tag} {'is' if shipped.new else 'was already, and still is,'} the latest in {shipped.path.parent}")
