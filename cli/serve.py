"""`regulars serve`: the HTTP service, from this machine's model store."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import echo

DRAIN_SECONDS = 30
KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep idle connections, so that the proxy closes them and not the service."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def serve(
        host: Annotated[
            str, typer.Option(metavar="ADDRESS", help="The IP address to listen on; 0.0.0.0 listens on all interfaces.")
        ] = "127.0.0.1",
        port: Annotated[int, typer.Option(metavar="N", min=1, max=65535, help="The port to listen on.")] = 3000,
        workers: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="The number of worker processes.")] = 1,
        keys: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="API keys made by `regulars key`. Without it: no key is needed."),
        ] = None,
        rate: Annotated[
            str | None,
            typer.Option(metavar="RATE", help="Rate limit per client and worker, for instance 100/second."),
        ] = None,
        scores: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="The file written by `regulars score`, for /score_customers."),
        ] = None,
        report: Annotated[
            Path | None, typer.Option(metavar="FILE", help="The page written by `regulars compare`, shown at /.")
        ] = None,
        timezone: Annotated[
            str, typer.Option(metavar="ZONE", help="The business time zone until a model with its own is published.")
        ] = "UTC",
    ) -> None:
        """Serve scores over HTTP: the rule score, and the forecasts of the latest published version.

        A version published later is loaded while the service runs. The model store is that of BENTOML_HOME. SIGTERM
        and Ctrl-C stop the service after the requests in progress.

        Examples:

        `regulars serve`

        `regulars serve --port 8080 --workers 4 --keys keys.toml --scores scores.parquet`
        """
        files = {"KEYS": keys, "SCORES": scores, "REPORT": report}
        settings = {"RATE": rate, "TIMEZONE": timezone, "WORKERS": str(workers)}
        settings |= {name: str(file.absolute()) if file else None for name, file in files.items()}
        os.environ.update({f"REGULARS_{name}": value for name, value in settings.items() if value})
        os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
        from serving.runtime.server import announce_when_ready, free_address, run_server

        address = free_address(host, port)
        if not address.is_loopback and keys is None:
            echo(f"warning: {host} is reachable from other machines, and without --keys anyone there can use it")
        echo(f"starting at http://{host}:{port} ...")
        announce_when_ready(host, port, echo)
        run_server(host, port, DRAIN_SECONDS, KEEP_ALIVE_SECONDS)
