"""A champion that cannot be loaded stops no fit, and `score` says what to do about it."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.definitions import FEATURE_NAMES
from tests.cli.conftest import Ended, regulars
from tests.training.logs import simulated, stored
from tests.training.stand_in import customer_model
from training.models.bundle import MODEL_FILE
from training.models.customer_model import CustomerModel
from training.promote import promote
from training.registry.mlflow_client import open_tracking
from training.registry.runs import start_run
from training.registry.versions import register, versions

__all__ = ["regulars"]
MODULE = "from training.models.purchases.model import PurchaseModel\n\n\nclass AcmeModel(PurchaseModel):\n    pass\n"


def of_missing_package(model: CustomerModel, folder: Path) -> CustomerModel:
    """Return it with a model of purchases whose class stands in a module that `damage` removes."""
    (folder / "acme_gone.py").write_text(MODULE)
    from acme_gone import AcmeModel  # type: ignore[import-not-found]

    purchases = AcmeModel()
    purchases.__dict__.update(model.purchases.__dict__)
    return replace(model, purchases=purchases)


def of_other_features(model: CustomerModel, folder: Path) -> CustomerModel:
    return replace(model, card=replace(model.card, feature_columns=(*model.card.feature_columns, "purchase_days_14")))


def of_known_features(model: CustomerModel, features: pd.DataFrame, **arguments: int) -> pd.DataFrame:
    """Forecast with the features that there are."""
    return PREDICT(replace(model, card=replace(model.card, feature_columns=FEATURE_NAMES)), features, **arguments)


PREDICT = CustomerModel.predict


def unchanged(model: CustomerModel, folder: Path) -> CustomerModel:
    return model


def remove_package(home: Path, folder: Path) -> None:
    (folder / "acme_gone.py").unlink()
    del sys.modules["acme_gone"]


def damage_files(home: Path, folder: Path) -> None:
    for file in home.rglob(MODEL_FILE):
        file.write_bytes(file.read_bytes()[:-100])


def remove_files(home: Path, folder: Path) -> None:
    shutil.rmtree(home / "artifacts")


def nothing(home: Path, folder: Path) -> None:
    pass


CASES = {
    "class of a package that is gone": (of_missing_package, remove_package, "No module named 'acme_gone'"),
    "features that this version has not": (of_other_features, nothing, "purchase_days_14"),
    "damaged files": (unchanged, damage_files, "its files were changed since it was registered"),
    "missing files": (unchanged, remove_files, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_a_champion_that_cannot_be_loaded_stops_no_fit(
    case: str, regulars: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fit says so, registers a challenger, and its verdict has the reason; `score` is one line with remedies."""
    for name, value in {
        "REGULARS_CANDIDATES_BASELINES": "base_rate, bg_nbd",
        "REGULARS_FIT_HORIZONS": "30",
        "REGULARS_TRIALS_HORIZONS": "30",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    store = stored(simulated(120), tmp_path / "shop").folder.parent
    home = tmp_path / "var"
    tracking = open_tracking(home)
    change, damage, reason = CASES[case]
    with monkeypatch.context() as patch, start_run(tracking, "fit") as run:
        patch.setattr(CustomerModel, "predict", of_known_features)  # registering tries a forecast
        register(run, change(customer_model(), tmp_path), tags={"candidate": "standard"})
    promote(tracking, force=True, why="the first")
    damage(home, tmp_path)
    out = tmp_path / "scores.csv"
    ended = regulars("score", store, "--as-of", "2024-06-01", "--home", home, "--out", out)
    assert ended.code == 1
    assert ended.error.count("\n") == 1
    for words in ("champion version 1 cannot be loaded", reason, "`regulars rollback`", "--rule-only"):
        assert words in ended.error
    ended = regulars("score", store, "--as-of", "2024-06-01", "--home", home, "--out", out, "--rule-only")
    assert ended.code == 0, ended.error
    ended = regulars("fit", store, "--home", home, "--quick")
    assert ended.code == 0, ended.error
    assert "not compared with champion version 1, which cannot be loaded" in ended.error
    assert reason in ended.error
    assert [made.aliases for made in versions(tracking)] == [("challenger",), ("champion",)]
    assert regulars("promote", "--home", home).code == 1
    assert regulars("promote", "--home", home, "--force", "--reason", "the champion is gone").code == 0
    ended = regulars("score", store, "--as-of", "2024-06-01", "--home", home, "--out", out)
    assert ended.code == 0, ended.error
