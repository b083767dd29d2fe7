"""BentoML's model store, through private names that another release may move."""

import ast
import importlib
from pathlib import Path

import bentoml
import pytest

from features.errors import TrackingError
from training.registry.bento_client import model_metadata, staged_model, store_home

ROOT = Path(__file__).parents[3]
MODULE = "training/registry/bento_client.py"


def imports_of(file: Path) -> list[tuple[str, list[str]]]:
    """Modules and names that a file imports, also within functions."""
    tree = ast.walk(ast.parse(file.read_text()))
    nodes = [node for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]
    return [
        (node.module or "", [alias.name for alias in node.names])
        if isinstance(node, ast.ImportFrom)
        else (node.names[0].name, [])
        for node in nodes
    ]


def test_one_module_of_training_imports_bentoml() -> None:
    """All others call it."""
    importers = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "training").rglob("*.py")
        if any(module.partition(".")[0] == "bentoml" for module, _ in imports_of(file))
    ]
    assert importers == [MODULE]


def test_bentoml_still_has_the_private_names() -> None:
    """When an upgrade of BentoML breaks this, mend training/registry/bento_client.py."""
    for module, names in imports_of(ROOT / MODULE):
        if module.startswith("bentoml._"):
            missing = [name for name in names if not hasattr(importlib.import_module(module), name)]
            assert not missing, f"BentoML {bentoml.__version__} lacks {module}.{missing}: mend {MODULE}"


def test_a_staged_model_has_its_files_and_metadata(tmp_path: Path) -> None:
    """In the folder given, in BentoML's own layout, and nowhere else."""
    with staged_model("regulars:1-abc", tmp_path, {"version": "1"}, {"digest": "abc"}) as folder:
        (folder / "file.txt").write_text("text")
    final = tmp_path / "regulars" / "1-abc"
    assert (final / "file.txt").read_text() == "text"
    assert model_metadata(final) == {"digest": "abc"}


def test_a_folder_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    """The line names the folder and what to do."""
    for text in (None, "", "[", "name: x"):
        if text is not None:
            (tmp_path / "model.yaml").write_text(text)
        with pytest.raises(TrackingError, match="holds no model that BentoML can read: delete it"):
            model_metadata(tmp_path)


def test_the_home_is_the_one_that_bentoml_uses() -> None:
    """It has a folder of models, or will have."""
    assert store_home().is_absolute()
