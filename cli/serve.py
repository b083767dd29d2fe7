"""`regulars serve`: the HTTP service, from this machine's model store."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.score_places import check_scores, scores_file
from cli.terminal import echo, echo_json

REQUEST_SECONDS = 30
"""How long requests in progress may take to end when the service stops."""
KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep idle connections, so that the proxy closes them and not the service."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def serve(
        host: Annotated[
            str | None,
            typer.Option(
                metavar="ADDRESS",
                help="The IP address to listen on; 0.0.0.0 listens on all interfaces. Without it: 127.0.0.1.",
            ),
        ] = None,
        port: Annotated[
            int | None, typer.Option(metavar="N", min=1, max=65535, help="The port to listen on. Without it: 3000.")
        ] = None,
        workers: Annotated[
            int | None,
            typer.Option(metavar="N", min=1, max=64, help="The number of worker processes. Without it: 1."),
        ] = None,
        keys: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="API keys made by `regulars key`. Without it: no key is needed."),
        ] = None,
        rate: Annotated[
            str | None,
            typer.Option(metavar="RATE", help="Rate limit per client and worker, for instance 100/second."),
        ] = None,
        scores: Annotated[
            str | None,
            typer.Option(
                metavar="FILE",
                callback=check_scores,
                help="The file or folder written by `regulars score`, or the address of its table, for "
                "/score_customers.",
            ),
        ] = None,
        report: Annotated[
            Path | None, typer.Option(metavar="FILE", help="The page written by `regulars compare`, shown at /.")
        ] = None,
        plans: Annotated[
            Path | None,
            typer.Option(metavar="DIR", help="The folder of plan folders made by `regulars plan`, for /plans."),
        ] = None,
        jobs: Annotated[
            Path | None,
            typer.Option(metavar="DIR", help="The folder in which the workers keep jobs, for /jobs. Without it: none."),
        ] = None,
        forecast_log: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR",
                help="The folder in which forecasts are kept under pseudonyms. Without it: none are kept.",
            ),
        ] = None,
        monitor: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                help="The monitor.json of `regulars monitor`, shown as gauges at /metrics. Without it: none.",
            ),
        ] = None,
        timezone: Annotated[
            str | None,
            typer.Option(
                metavar="ZONE",
                help="The business time zone until a model with its own is published. Without it: UTC.",
            ),
        ] = None,
        trusted_key: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                help="The publisher's public key, made by `regulars signing-key`. Without it: no signature is needed.",
            ),
        ] = None,
        drain_seconds: Annotated[
            float | None,
            typer.Option(
                metavar="SECONDS",
                min=0,
                max=3600,
                help="Seconds after SIGTERM in which it answers but is not ready. Without it: 1.",
            ),
        ] = None,
        cors_origin: Annotated[
            list[str] | None,
            typer.Option(
                metavar="ORIGIN",
                help="An origin of web pages whose scripts may use the service (CORS), like https://shop.example, "
                "or * for any; repeatable. Without it: none.",
            ),
        ] = None,
        traces: Annotated[
            str | None,
            typer.Option(
                metavar="URL",
                help="The OpenTelemetry collector that receives spans of the requests (OTLP over HTTP), like "
                "http://localhost:4318. Without it: no spans.",
            ),
        ] = None,
    ) -> None:
        """Serve scores over HTTP: the rule score, and the forecasts of the latest published version.

        A version published later is loaded while the service runs. The model store is that of BENTOML_HOME. Options
        that are not given are those of [serve] in the settings file. Ctrl-C stops
        the service after the requests in progress, SIGTERM some seconds later (--drain-seconds).

        Examples:

        `regulars serve`

        `regulars serve --port 8080 --workers 4 --keys keys.toml --scores scores.parquet`
        """
        values: dict[str, object] = {"host": host, "port": port, "workers": workers, "rate": rate, "timezone": timezone}
        values |= {"drain_seconds": drain_seconds, "traces": traces, "scores": scores}
        values |= {"cors_origins": ",".join(cors_origin) if cors_origin else None}
        files = {"keys": keys, "report": report, "plans": plans, "jobs": jobs}
        files |= {"trusted_key": trusted_key, "forecast_log": forecast_log, "monitor": monitor}
        given = {name: str(value) for name, value in values.items() if value is not None}
        given |= {name: str(file.absolute()) for name, file in files.items() if file}
        os.environ.update({f"REGULARS_SERVE_{name.upper()}": value for name, value in given.items()})
        os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
        from features.encryption.volumes import check_volume
        from serving.runtime.server import announce_when_ready, free_address, run_server
        from serving.runtime.settings import serve_settings
        from serving.service import check_before_start

        settings = serve_settings()
        for place in (settings.forecast_log, settings.jobs, settings.plans, scores_file(settings.scores)):
            if place is not None:
                check_volume(place)
        address = free_address(settings.host, settings.port)
        if warning := check_before_start():
            echo(f"warning: {warning}")
        if not address.is_loopback and settings.keys is None:
            host = settings.host
            echo(f"warning: {host} is reachable from other machines, and without --keys anyone there can use it")
        echo(f"starting at http://{settings.host}:{settings.port} ...")
        announce_when_ready(settings.host, settings.port, echo, echo_json)
        run_server(settings.host, settings.port, REQUEST_SECONDS, KEEP_ALIVE_SECONDS)
