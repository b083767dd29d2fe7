"""`regulars publish`: ships the champion to the BentoML model store, from which it is served."""

import typer

from cli.options import DEFAULT_HOME, Home
from cli.terminal import echo


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def publish(home: Home = DEFAULT_HOME) -> None:
        """Ship the champion to the BentoML model store (BENTOML_HOME) as `regulars:latest`.

        A version is shipped whole or not at all. Publishing the same champion again changes nothing.

        Example: `regulars publish`
        """
        from training.publish import publish as ship
        from training.registry.mlflow_client import open_tracking

        shipped = ship(open_tracking(home))
        echo(
            f"{shipped.tag} {'is' if shipped.new else 'was already, and still is,'} the latest in {shipped.path.parent}"
        )
