"""A published version loads in both of its forms, which must agree before it may score."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from features.atomic_file import file_digest
from features.errors import PublishedModelError
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import latest_version, read_published
from serving.state import ServedModel
from tests.serving.running import put
from training.models.bundle import COMPILED_FILE


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
    assert found.customer_model.card == served_model.customer_model.card
    assert found.compiled.numbers == served_model.compiled.numbers


def test_two_forms_that_disagree_are_refused(store: Path, served_model: ServedModel, tmp_path: Path) -> None:
    """A compiled form of another model, with its right digest, is found out by trying both."""
    path = put(tmp_path, served_model.customer_model, 2)
    numbers = json.loads((path / "bundle" / COMPILED_FILE).read_text())

    def nudged(value: object) -> object:
        if isinstance(value, dict):
            return {name: each if name in ("form", "columns") else nudged(each) for name, each in value.items()}
        if isinstance(value, list):
            return [nudged(each) for each in value]
        return value * (1 + 1e-7) if isinstance(value, float) else value

    found = read_published(tmp_path / "models", path.name)
    (path / "bundle" / COMPILED_FILE).write_text(json.dumps(nudged(numbers)))
    with pytest.raises(PublishedModelError, match="its compiled form says"):
        load_model(replace(found, compiled_digest=file_digest(path / "bundle" / COMPILED_FILE)))
