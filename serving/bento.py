"""Every private name of BentoML that `serving` uses.

They may change in any release, so `pyproject.toml` pins BentoML to `~=1.4.39`, and tests/serving/test_bento.py imports
each of them and names the module to mend.
"""

from pathlib import Path
from typing import Any

from _bentoml_sdk.service.factory import Service
from bentoml._internal.configuration.containers import BentoMLContainer

__all__ = ["Service", "metrics_client", "model_store_path", "serve"]


def model_store_path() -> Path:
    """Return the folder of published models: BentoML's store, or that of the Bento that is being served."""
    return Path(BentoMLContainer.model_store.get()._path)


def metrics_client() -> Any:
    """Return BentoML's Prometheus client, which adds up the numbers of all workers at /metrics."""
    return BentoMLContainer.metrics_client.get()


def serve(service: str, project: str, **options: Any) -> None:
    """Run a service, given as `module:name` below the folder `project`, until it is stopped."""
    from _bentoml_impl.loader import load  # workers need neither
    from _bentoml_impl.server import serve_http

    load(service, working_dir=project).inject_config()
    serve_http(service, working_dir=project, **options)
