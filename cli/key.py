"""`regulars key`: create an API key for a client of the service."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import echo


class Scope(StrEnum):
    """What a key allows."""

    score = "score"
    customers = "customers"
    page = "page"
    plan = "plan"
    metrics = "metrics"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def key(
        name: Annotated[str, typer.Argument(metavar="NAME", help="The client's name in the access log.")],
        keys: Annotated[Path, typer.Option("--keys", metavar="FILE", dir_okay=False, help="The file of API keys.")],
        scope: Annotated[list[Scope], typer.Option(help="What the key allows; repeatable.")] = [Scope.score],  # noqa: B006
        rate: Annotated[
            str | None,
            typer.Option(metavar="RATE", help="A rate limit for this key, for instance 100/second."),
        ] = None,
    ) -> None:
        """Create an API key, print it once, and add its digest to the file. A running service reads it within seconds.

        To revoke a key, delete its table from the file.

        Example: `regulars key shop --keys keys.toml --scope score --scope customers`
        """
        from serving.runtime.api_keys import add_key

        secret = add_key(keys, name, [str(allowed) for allowed in scope], rate)
        echo(f"the API key of {name}; it is not stored, so copy it now:")
        echo(secret)
        echo(f"added its digest to {keys}, allowing {', '.join(scope)}")
