"""`regulars publish`: ships the champion, and a challenger beside it, to the BentoML model store of the service."""

import re
from pathlib import Path
from typing import Annotated

import typer

from cli.champion import publish_beside_champion, publish_champion
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
        version: Annotated[
            int | None,
            typer.Option(metavar="VERSION", help="The version beside the champion. Without it: the challenger."),
        ] = None,
        shadow: Annotated[
            bool, typer.Option("--shadow", help="Let it forecast for every customer, for the forecast log only.")
        ] = False,
        canary: Annotated[
            str | None,
            typer.Option(
                metavar="SHARE", callback=check_share, help="Let it answer a share of the customers, like 10%."
            ),
        ] = None,
        force: Annotated[
            bool, typer.Option("--force", help="Let the canary answer customers even if the gate refuses it.")
        ] = False,
    ) -> None:
        """Ship the champion to the BentoML model store (BENTOML_HOME) as `regulars:latest`.

        A version is shipped whole or not at all. Publishing the same champion again leaves the version
        as it is, signed anew with a signing key, and ends the shadow or canary of a challenger.

        With --shadow or --canary another version is shipped too, and runs beside the champion until a champion is
        published without it; `regulars monitor --forecast-log` compares the two. A canary answers customers, so
        the gate must have passed it; a shadow answers nobody.

        Examples:

        `regulars publish`

        `regulars publish --version 5 --shadow`

        `regulars publish --version 5 --canary 10%`
        """
        if shadow and canary is not None:
            raise typer.BadParameter("--shadow and --canary are two roles of one version: give one of them")
        if version is not None and not shadow and canary is None:
            raise typer.BadParameter(
                "--version needs --shadow or --canary: without them the champion is shipped, which `regulars promote` "
                "chooses"
            )
        if force and canary is None:
            raise typer.BadParameter("--force is for a --canary that the gate refuses: nothing else is refused by it")
        if shadow or canary is not None:
            share = None if canary is None else share_of(canary)
            publish_beside_champion(home, version, share, signing_key, force=force)
        else:
            publish_champion(opened_tracking(home, read_only=True), signing_key)


def share_of(text: str) -> float:
    """Return the number of a percentage."""
    return float(text.removesuffix("%")) / 100


def check_share(text: str | None) -> str | None:
    """Refuse what is no percentage between 0 and 100."""
    if text is not None and not (re.fullmatch(r"\d{1,2}(\.\d{1,4})?%", text) and share_of(text) > 0):
        raise typer.BadParameter(f"{text!r} is no share above 0% and below 100%: write it like 10%")
    return text
