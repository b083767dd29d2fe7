"""The private names of BentoML that the project leans on are there; when one is gone, its test names what to mend."""

import ast
import importlib
from pathlib import Path

import pytest
import yaml
from pathspec import GitIgnoreSpec

from serving import bento

ROOT = Path(bento.__file__).parents[1]
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


def imported(file: Path) -> set[Path]:
    """The files of the project that a file imports, also within functions, but not for types alone."""
    found = set()
    tree = ast.parse(file.read_text())
    branches = [
        each for each in ast.walk(tree) if isinstance(each, ast.If) and "TYPE_CHECKING" in ast.unparse(each.test)
    ]
    typing = {id(node) for branch in branches for node in ast.walk(branch)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in typing:
            base = ROOT / node.module.replace(".", "/")
            names = [
                base.with_suffix(".py"),
                base / "__init__.py",
                *(base / f"{alias.name}.py" for alias in node.names),
            ]
            found |= {name for name in names if name.is_file()}
    return found


def test_a_bento_has_every_module_that_the_service_imports() -> None:
    """Whatever a module of planning or training imports from now on: without it no worker can start."""
    bentofile = yaml.safe_load((ROOT / "bentofile.yaml").read_text())
    packed, left_out = (GitIgnoreSpec.from_lines(bentofile[name]) for name in ("include", "exclude"))
    needed, new = set(), {ROOT / "serving" / "service.py"}
    while new:
        needed |= new
        new = {file for each in new for file in imported(each)} - needed
    names = {file.relative_to(ROOT).as_posix() for file in needed}
    assert {"serving/jobs/job_runner.py", "planning/records.py", "training/models/bundle.py"} <= names
    absent = {name for name in names if not packed.match_file(name) or left_out.match_file(name)}
    assert absent == set()
