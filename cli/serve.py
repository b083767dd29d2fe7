"""`regulars serve`: the service, from this machine's model store."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import say

DRAIN_SECONDS = 30
KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep their connections, so that it is they who close them."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def serve(
        host: Annotated[
            str, typer.Option(metavar="ADDRESS", help="The IP address to listen at; 0.0.0.0 is everybody's.")
        ] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = 3000,
        workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes answer.")] = 1,
        keys: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Who may ask (see `regulars key`); without it anybody.")
        ] = None,
        rate: Annotated[
            str | None,
            typer.Option(metavar="RATE", help="How often a caller may ask a worker, for instance 100/second."),
        ] = None,
        scores: Annotated[
            Path | None, typer.Option(metavar="FILE", help="What `regulars score` wrote, for /score_customers.")
        ] = None,
        report: Annotated[
            Path | None, typer.Option(metavar="FILE", help="The page that `regulars compare` wrote, shown at /.")
        ] = None,
        timezone: Annotated[
            str, typer.Option(metavar="ZONE", help="The business time zone while no model says its own.")
        ] = "UTC",
    ) -> None:
        """Serve scores over HTTP: the rule, and the forecasts of the version published last, followed as it changes.

        The model store is that of BENTOML_HOME. SIGTERM and Ctrl-C end it after the requests under way.

        Examples:

        `regulars serve`

        `regulars serve --port 8080 --workers 4 --keys keys.toml --scores scores.parquet`
        """
        files = {"KEYS": keys, "SCORES": scores, "REPORT": report}
        said = {"RATE": rate, "TIMEZONE": timezone, "WORKERS": str(workers)}
        said |= {name: str(file.absolute()) if file else None for name, file in files.items()}
        os.environ.update({f"REGULARS_{name}": value for name, value in said.items() if value})
        os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
        from serving.runtime.server import announce_when_ready, free_address, run_server

        address = free_address(host, port)
        if not address.is_loopback and keys is None:
            say(f"{host} can be reached from other machines, and without --keys anybody there may ask")
        say(f"starting at http://{host}:{port} ...")
        announce_when_ready(host, port, say)
        run_server(host, port, DRAIN_SECONDS, KEEP_ALIVE_SECONDS)
