"""The BentoML service: our application in front, BentoML's own behind it for the life of the process and its metrics.

`bentoml serve`, `bentoml build` and `regulars serve` all start what is here. What BentoML does to a request (JSON by
pydantic, adaptive batches, a timer and a trace each) costs more than the score itself and is loose about input, so
requests do not pass it; its workers, signals, sockets, model store and metrics are used as they are.
"""

import bentoml
from bentoml.exceptions import BentoMLException
from starlette.types import ASGIApp

from features.errors import ApiKeysError, PublishedModelError, SettingsError
from serving.bento import Service, model_store_path
from serving.runtime.api_keys import read_keys
from serving.runtime.model_store import latest, published
from serving.runtime.settings import settings, workers


class FrontedService(Service[object]):  # type: ignore[misc]  # BentoML ships no types
    """A BentoML service whose requests meet our application first."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """Return the application that a worker runs: everything is loaded and tried when this returns."""
        from serving.runtime.bento_app import fronted  # the first process, which only starts workers, stays small

        return fronted(super().to_asgi(is_main), settings(), model_store_path())


def check_before_start() -> None:
    """Raise BentoMLException, with one line, for settings, keys or a published version that cannot be used here."""
    try:
        given, store = settings(), model_store_path()
        if given.keys:
            read_keys(given.keys)
        if name := latest(store):
            published(store, name)
    except (SettingsError, ApiKeysError, PublishedModelError) as error:
        raise BentoMLException(str(error)) from None


class Regulars:
    """Customer scores: the loyalty rule and the champion's forecasts in one answer."""

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Refuse to start, before the port is bound, what could not serve; BentoML calls it in the first process."""
        check_before_start()


service = bentoml.service(
    name="regulars",
    service_class=FrontedService,
    workers=workers(),
    traffic={"timeout": 5},  # of BentoML's own answers; each holds its request for so long
    logging={"access": {"enabled": False}},
    http={"host": "127.0.0.1", "port": 3000},
    envs=[
        {"name": "OMP_NUM_THREADS", "value": "1"},  # threads of several workers wait for each other
        {"name": "OTEL_SDK_DISABLED", "value": "true"},
        {"name": "BENTOML_DO_NOT_TRACK", "value": "True"},
    ],
)(Regulars)
