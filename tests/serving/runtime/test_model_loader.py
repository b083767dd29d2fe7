"""A published version loads in its compiled form, without a pickle where it can, and is tried before it may score."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.atomic_file import file_digest
from features.errors import PublishedModelError
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import latest_version, read_published
from serving.state import ServedModel
from tests.serving.running import ROOT, put
from training.models.bundle import COMPILED_FILE, MODEL_FILE


@pytest.fixture
def store(served_model: ServedModel, tmp_path: Path) -> Path:
    """A model store with one version."""
    put(tmp_path, served_model.customer_model, 1)
    return tmp_path / "models"


def test_what_was_published_loads(store: Path, served_model: ServedModel) -> None:
    """With its number, tag, digest, both forms of the model, and its card."""
    name = latest_version(store)
    assert name is not None
    found = load_model(read_published(store, name))
    assert (found.version, found.tag, found.folder) == ("1", f"regulars:{name}", store / "regulars" / name)
    assert found.digest.startswith(name.partition("-")[2])
    assert (found.card, found.formula) == (served_model.card, served_model.formula)
    assert found.compiled.numbers == served_model.compiled.numbers
    assert found.customer_model is None


def test_an_earlier_release_s_version_loads(tmp_path: Path, served_model: ServedModel) -> None:
    """Its compiled form lacks the formula, which is unpickled."""
    path = put(tmp_path, served_model.customer_model, 1, whole=False)
    published = read_published(tmp_path / "models", path.name)
    assert published.needs_pickle
    rewrite(path, lambda numbers: numbers.pop("formula"))
    digest = file_digest(path / "bundle" / COMPILED_FILE)
    found = load_model(replace(published, compiled_digest=digest))
    assert found.formula == served_model.formula
    assert found.compiled is not None


def test_a_compiled_form_without_its_formula_is_refused(store: Path) -> None:
    """Its metadata say that it has one."""
    published = read_published(store, str(latest_version(store)))
    rewrite(published.folder, lambda numbers: numbers.pop("formula"))
    digest = file_digest(published.folder / "bundle" / COMPILED_FILE)
    with pytest.raises(PublishedModelError, match="holds no formula: publish it again"):
        load_model(replace(published, compiled_digest=digest))


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the numbers of a version's compiled form."""
    path = folder / "bundle" / COMPILED_FILE
    numbers = json.loads(path.read_text())
    change(numbers)
    path.write_text(json.dumps(numbers))


LIGHT = """
import sys
from pathlib import Path
from serving.runtime.bento_app import make_worker_app
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import latest_version, read_published
store = Path(sys.argv[1])
found = load_model(read_published(store, latest_version(store)))
found.forecast_one([3.0] * 200, 20_000, 90)
print(sorted({"pandas", "scipy", "sklearn", "joblib", "numba", "mlflow", "pickle5"} & set(sys.modules)))
"""


def test_a_worker_loads_and_scores_without_the_large_libraries(store: Path) -> None:
    """All that a worker imports at its start, in a process of its own."""
    found = subprocess.run([sys.executable, "-c", LIGHT, store], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_is_published_whole_needs_no_pickle(store: Path) -> None:
    """It loads without its model file, which nobody opens."""
    published = read_published(store, str(latest_version(store)))
    (published.folder / "bundle" / MODEL_FILE).unlink()
    assert load_model(published).version == "1"


def test_two_forms_that_disagree_are_refused(store: Path, served_model: ServedModel, tmp_path: Path) -> None:
    """A compiled form of another model, with its right digest, is found out by trying both."""
    path = put(tmp_path, served_model.customer_model, 2, whole=False)
    numbers = json.loads((path / "bundle" / COMPILED_FILE).read_text())

    def nudged(value: object) -> object:
        if isinstance(value, dict):
            return {
                name: each if name in ("form", "columns", "formula") else nudged(each) for name, each in value.items()
            }
        if isinstance(value, list):
            return [nudged(each) for each in value]
        return value * (1 + 1e-7) if isinstance(value, float) else value

    found = read_published(tmp_path / "models", path.name)
    (path / "bundle" / COMPILED_FILE).write_text(json.dumps(nudged(numbers)))
    with pytest.raises(PublishedModelError, match="its compiled form says"):
        load_model(replace(found, compiled_digest=file_digest(path / "bundle" / COMPILED_FILE)))
