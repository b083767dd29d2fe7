"""Parity: the compiled form of a version is checked on synthetic customers before it is published."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.atomic_file import file_digest
from features.errors import TrackingError
from tests.training.stand_in import customer_model, purchase_model
from training.models.bundle import COMPILED_FILE
from training.models.compiled.compiled_model import CompiledModel
from training.parity import compile_bundle


def test_it_lies_beside_the_model_with_its_digest(tmp_path: Path) -> None:
    """The bundle has one file more, and its digest is what is returned."""
    model = customer_model()
    digest = model.save(tmp_path)
    found = compile_bundle(tmp_path, digest)
    assert found == file_digest(tmp_path / COMPILED_FILE)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["card.json", COMPILED_FILE, "model.joblib"]
    assert CompiledModel.load(tmp_path / COMPILED_FILE, found).numbers == CompiledModel.of(model).numbers


def test_one_that_forecasts_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a billionth in one number, or by one in an interval; the line says which."""
    digest = customer_model().save(tmp_path)
    right = CompiledModel.predict
    for changed in ("expected_spend", "churn_probability", "expected_purchases", "high"):

        def wrong(self, *arguments, changed=changed):  # type: ignore[no-untyped-def]
            found = right(self, *arguments)
            value = getattr(found, changed)
            return found._replace(**{changed: value + 1 if changed == "high" else value * (1 + 1e-8) + 1e-8})

        monkeypatch.setattr(CompiledModel, "predict", wrong)
        with pytest.raises(TrackingError, match=f"compiled model says {changed} .*, expected .*: not published"):
            compile_bundle(tmp_path, digest)


def test_a_model_that_cannot_be_compiled_is_refused(tmp_path: Path) -> None:
    """Of another make, or changed since it was registered."""
    other = replace(customer_model(), spend=purchase_model())  # type: ignore[arg-type]
    with pytest.raises(TrackingError, match="spend model is a PurchaseModel, expected a SpendModel"):
        compile_bundle(tmp_path, other.save(tmp_path))
    with pytest.raises(TrackingError, match="expected 000000000000: refused"):
        compile_bundle(tmp_path, "0" * 64)
