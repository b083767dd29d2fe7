"""The BentoML service: our HTTP application in front, BentoML's own behind it for health checks and metrics.

`bentoml serve`, `bentoml build` and `regulars serve` all start this service. BentoML's own handling of a request (JSON
by pydantic, adaptive batches, a timer and a trace each) costs more than the score itself and accepts wrong input, so
requests do not pass through it; its workers, signals, sockets, model store and metrics are used as they are.
"""

import os
from pathlib import Path

import bentoml
from bentoml.exceptions import BentoMLException
from starlette.types import ASGIApp

from features.errors import RegularsError, ServerStartError, SettingsError
from features.segments.settings import segmentation_of_settings
from serving.bento import Service, model_store_path, worker_index
from serving.clock import utc_now
from serving.forecast_log.pseudonyms import PseudonymKeys, key_id
from serving.jobs.job_store import check_folder
from serving.runtime.api_keys import read_keys
from serving.runtime.first_process import prepare_workers
from serving.runtime.metrics_files import VARIABLE, share_metrics
from serving.runtime.model_store import Trust, latest_version, read_published
from serving.runtime.settings import ServeSettings, serve_settings
from serving.runtime.supervision import end_with_first_process, reason_of, report
from serving.runtime.traces_address import check_exporter
from training.models.signature import public_key_of


class RegularsService(Service[object]):  # type: ignore[misc]  # BentoML ships no types
    """A BentoML service whose requests reach our HTTP application first."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """Return the application of a worker; everything is loaded and checked when this returns."""
        end_with_first_process()
        try:
            folder = os.environ.get(VARIABLE, "")
            shared = share_metrics(folder, worker_index())
            # Only workers import this: the first process starts them and stays small.
            from serving.runtime.bento_app import make_worker_app

            bentoml_app, settings = super().to_asgi(is_main), serve_settings()
            return make_worker_app(bentoml_app, settings, model_store_path(), shared, Path(folder) if folder else None)
        except Exception as error:
            report(reason_of(error))
            raise SystemExit(1) from None


def check_before_start() -> str | None:
    """Raise a RegularsError for settings, keys or a published version that cannot be used here.

    Returns a warning where no version is published, since a mistyped BENTOML_HOME looks like that.
    """
    settings, store = serve_settings(), model_store_path()
    if settings.keys:
        read_keys(settings.keys)
    segmentation_of_settings()
    if settings.traces:
        check_exporter()
    for name, folder in (("folder of jobs", settings.jobs), ("forecast log", settings.forecast_log)):
        if folder:
            try:
                check_folder(folder)
            except OSError as error:
                raise ServerStartError(
                    f"the {name} {folder} cannot be used ({error.strerror}): "
                    "name a folder on a disk with room that this user can write to"
                ) from None
    if settings.forecast_log:
        try:
            PseudonymKeys(settings.keys_folder).key(key_id(utc_now()))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ServerStartError(
                f"the keys of the forecast log in {settings.keys_folder} cannot be used ({reason}): "
                "name a folder that this user alone can read and write, with forecast_log_keys in [serve]"
            ) from None
    trust = Trust(settings.trusted_key, settings.allow_pickle, settings.signed_since_time)
    if settings.trusted_key:
        public_key_of(settings.trusted_key)
    if version := latest_version(store):
        read_published(store, version, trust)
        return None
    return f"no version is published in {store} (BENTOML_HOME), so scores are by the rule alone"


def settings_at_import() -> ServeSettings:
    """Return the settings; the defaults if they cannot be used, which `check_before_start` refuses in one line."""
    try:
        return serve_settings()
    except SettingsError:
        return ServeSettings()


SETTINGS = settings_at_import()


class Regulars:
    """Customer scores: the loyalty rule and the model's forecasts in one response."""

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Refuse to start what cannot serve; BentoML calls this in the first process, before the port is bound."""
        try:
            check_before_start()
        except RegularsError as error:
            raise BentoMLException(str(error)) from None
        prepare_workers(SETTINGS.workers)


service = bentoml.service(
    name="regulars",
    service_class=RegularsService,
    workers=SETTINGS.workers,
    traffic={"timeout": 5},  # of BentoML's own responses; each keeps its request in memory this long
    logging={"access": {"enabled": False}},
    http={"host": SETTINGS.host, "port": SETTINGS.port},
    envs=[
        {"name": "OMP_NUM_THREADS", "value": "1"},  # threads of several workers would wait for each other
        *([] if SETTINGS.traces else [{"name": "OTEL_SDK_DISABLED", "value": "true"}]),
        {"name": "BENTOML_DO_NOT_TRACK", "value": "True"},
    ],
)(Regulars)
