"""Every private name of BentoML that `serving` uses.

They may change in any release, so `pyproject.toml` pins BentoML to `~=1.4.39`, and tests/serving/test_bento.py imports
each of them and names the module to mend.
"""

import os
from pathlib import Path
from typing import Any

from _bentoml_sdk.service.factory import Service
from bentoml import server_context
from bentoml._internal.configuration.containers import BentoMLContainer

from features.errors import ServerStartError

WORKER_MODULE = "_bentoml_impl.worker.service"
"""The module that a worker process runs."""
__all__ = ["WORKER_MODULE", "Service", "metrics_client", "model_store_path", "serve", "worker_index"]


def model_store_path() -> Path:
    """Return the folder of published models: BentoML's store, or that of the Bento that is being served.

    Raises ServerStartError when BentoML's home is missing and cannot be made.
    """
    try:
        return Path(BentoMLContainer.model_store.get()._path)
    except OSError as error:
        home = os.environ.get("BENTOML_HOME", "~/bentoml")
        raise ServerStartError(
            f"the folder BENTOML_HOME={home} cannot be used ({error.strerror}: {error.filename}): "
            "name one that this user can write to"
        ) from None


def metrics_client(shared: bool = True) -> Any:
    """Return BentoML's Prometheus client; at /metrics it adds up the numbers of all workers if these are shared."""
    client = BentoMLContainer.metrics_client.get()
    client.multiproc = shared
    return client


def worker_index() -> int:
    """Return the number of this worker process, from 1."""
    return server_context.worker_index or 1


def serve(service: str, project: str, **options: Any) -> None:
    """Run a service, given as `module:name` below the folder `project`, until it is stopped."""
    from _bentoml_impl.loader import load  # workers need neither
    from _bentoml_impl.server import serve_http

    load(service, working_dir=project).inject_config()
    serve_http(service, working_dir=project, **options)
