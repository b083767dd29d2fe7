"""`regulars key`: a key for a caller of the service."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import say


class Scope(StrEnum):
    """What a key allows."""

    score = "score"
    customers = "customers"
    page = "page"
    metrics = "metrics"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def key(
        name: Annotated[str, typer.Argument(metavar="NAME", help="The caller, as the log will name it.")],
        keys: Annotated[Path, typer.Option("--keys", metavar="FILE", dir_okay=False, help="The file of keys.")],
        scope: Annotated[list[Scope], typer.Option(help="What it allows; repeatable.")] = [Scope.score],  # noqa: B006
        rate: Annotated[
            str | None, typer.Option(metavar="RATE", help="A rate of its own, for instance 100/second.")
        ] = None,
    ) -> None:
        """Make a key, say it once, and keep its digest in the file; a service that runs takes it up within seconds.

        To take a key back, delete its table from the file.

        Example: `regulars key shop --keys keys.toml --scope score --scope customers`
        """
        from serving.runtime.api_keys import add_key

        secret = add_key(keys, name, [str(each) for each in scope], rate)
        say(f"the key of {name}, kept nowhere, so note it now:")
        say(secret)
        say(f"its digest is in {keys}, with {', '.join(scope)}")
