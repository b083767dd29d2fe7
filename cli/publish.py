"""`regulars publish`: the champion into the BentoML store, from which it is served."""

from pathlib import Path

import typer

from cli.fit import Home
from cli.terminal import say


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def publish(home: Home = Path("var")) -> None:
        """Ship the champion to the BentoML model store (that of BENTOML_HOME), as `regulars:latest`.

        It is there whole or not at all; called again for the same champion it changes nothing and says so.

        Example: `regulars publish`
        """
        from training.publish import publish as ship
        from training.registry.mlflow_client import open_tracking

        done = ship(open_tracking(home))
        say(f"{done.tag} {'is' if done.new else 'was there already, and is'} the latest in {done.path.parent}")
