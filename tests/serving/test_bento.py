"""The private names of BentoML that the project leans on are there; when one is gone, its test names what to mend."""

import importlib
from pathlib import Path

import pytest

from serving import bento

IN_SERVING = [
    ("_bentoml_sdk.service.factory", "Service.to_asgi"),
    ("bentoml._internal.configuration.containers", "BentoMLContainer.model_store"),
    ("bentoml._internal.configuration.containers", "BentoMLContainer.metrics_client"),
    ("_bentoml_impl.loader", "load"),
    ("_bentoml_impl.server", "serve_http"),
]
IN_TRAINING = [
    ("bentoml._internal.models", "ModelStore"),
    ("bentoml._internal.configuration.containers", "BentoMLContainer.bentoml_home"),
]


@pytest.mark.parametrize(
    ("module", "name", "mend"),
    [(*names, "serving/bento.py") for names in IN_SERVING] + [(*names, "training/publish.py") for names in IN_TRAINING],
)
def test_a_private_name_is_there(module: str, name: str, mend: str) -> None:
    """BentoML still has the name; otherwise the failure says which module to mend."""
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    assert found is not None, f"this BentoML has no {module}.{name}: mend {mend}"


def test_no_other_module_of_serving_uses_private_names() -> None:
    """`bentoml._internal` and BentoML's underscored packages are imported in serving/bento.py alone."""
    folder = Path(bento.__file__).parent
    private = ("bentoml._internal", "_bentoml_impl", "_bentoml_sdk")
    users = {file.name for file in folder.rglob("*.py") if any(name in file.read_text() for name in private)}
    assert users == {"bento.py"}
