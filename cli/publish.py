"""`regulars publish`: ships the champion to the BentoML model store, from which it is served."""

from pathlib import Path
from typing import Annotated

import typer

from cli.champion import publish_champion
from cli.options import DEFAULT_HOME, Home
from cli.tracking import opened_tracking


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def publish(
        home: Home = DEFAULT_HOME,
        signing_key: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="The private key to sign with, made by `regulars signing-key`."),
        ] = None,
    ) -> None:
        """Ship the champion to the BentoML model store (BENTOML_HOME) as `regulars:latest`.

        A version is shipped whole or not at all. Publishing the same champion again changes nothing but,
        with a signing key, the time of its signature.

        Example: `regulars publish`
        """

        publish_champion(opened_tracking(home, read_only=True), signing_key)
