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
        scope: Annotated[
            list[Scope] | None,
            typer.Option(help="What the key allows; repeatable. Without it: score, with --rep: plan."),
        ] = None,
        rate: Annotated[
            str | None,
            typer.Option(metavar="RATE", help="A rate limit for this key, for instance 100/second."),
        ] = None,
        rep: Annotated[
            list[str] | None,
            typer.Option(
                metavar="NAME",
                help="A representative whose rows of plans the key is for, with the scope plan; repeatable. "
                "Without it: all.",
            ),
        ] = None,
    ) -> None:
        """Create an API key, print it once, and add its digest to the file. A running service reads it within seconds.

        To revoke a key, delete its table from the file.

        Examples:

        `regulars key shop --keys keys.toml --scope score --scope customers`

        `regulars key phone-r07 --keys keys.toml --rep R07`
        """
        from serving.runtime.api_keys import add_key

        scopes = [str(allowed) for allowed in scope or ([Scope.plan] if rep else [Scope.score])]
        secret = add_key(keys, name, scopes, rate, rep or [])
        of_reps = f" for {', '.join(rep)} alone" if rep else ""
        echo(f"the API key of {name}; it is not stored, so copy it now:")
        echo(secret)
        echo(f"added its digest to {keys}, allowing {', '.join(scopes)}{of_reps}")
