"""A model from another package, as CONTRIBUTING tells it: tried, promoted, published and served."""

import re
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from features.errors import PublishedModelError, TrackingError
from features.loyalty.formula import load_formula
from reporting.build import make_report
from reporting.page.html_page import render_page
from serving.api.status import versions
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import read_published
from serving.scoring import score_table
from serving.state import ServiceState
from tests.training.logs import simulated, stored
from training.fit_challenger import ChallengerSettings, fit_challenger
from training.models import catalog
from training.promote import promote
from training.publish import publish
from training.registry.mlflow_client import open_tracking
from training.settings import CandidateSettings
from training.synthetic_customers import synthetic_customers

CONTRIBUTING = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of that chapter, installed."""
    chapter = CONTRIBUTING.split("## Add a model from another package")[1].split("\n## ")[0]
    [code], [entry] = (re.findall(f"```{kind}\n(.*?)```", chapter, re.S) for kind in ("python", "toml"))
    folder = tmp_path / "package"
    info = folder / "acme_models-1.2.dist-info"
    info.mkdir(parents=True)
    (folder / "acme_models.py").write_text(code)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-models\nVersion: 1.2\n")
    name, _, target = entry.splitlines()[1].partition(" = ")
    (info / "entry_points.txt").write_text(f"[regulars.models]\n{name} = {target.strip(chr(34))}\n")
    (info / "RECORD").write_text("acme_models.py,,\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bento"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    catalog._factories.cache_clear()
    yield folder
    catalog._factories.cache_clear()
    sys.modules.pop("acme_models", None)


@pytest.mark.slow
def test_a_model_from_outside_goes_all_the_way(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit, gate, publish, report and service; refused where a setting or the package is missing."""
    store = stored(simulated(200), tmp_path)
    (tmp_path / "var").mkdir()
    tracking, rule = open_tracking(tmp_path / "var"), load_formula()
    settings = ChallengerSettings(CandidateSettings(models=("lapsing_rate",)))
    done = fit_challenger(store, tracking, rule, settings=settings, quick=True)
    assert (done.candidate, done.version.candidate) == ("lapsing_rate", "lapsing_rate")
    assert any("[gate] allow_uncompiled = true" in reason for reason in done.verdict.reasons)
    assert set(done.by_segment.index) <= {"new", "one-time", "repeat", "lapsed"}
    promote(tracking, force=True, why="a trial")
    with pytest.raises(TrackingError, match=r"lapsing_rate has no compiled form: .*\[gate\] allow_uncompiled = true"):
        publish(tracking)
    shipped = publish(tracking, allow_uncompiled=True)
    assert not publish(tracking, allow_uncompiled=True).new

    published = read_published(shipped.path.parent.parent, shipped.path.name)
    served = load_model(published)
    assert served.card.libraries["acme-models"] == "1.2"
    state = ServiceState(rule, "UTC", served, datetime.now(UTC))
    in_service = versions(state).model
    assert (in_service.model, in_service.compiled) == ("lapsing_rate", False)
    table = synthetic_customers("2024-05-01", 20)
    scores = score_table(table, state, 19_844, 30)
    for customer, row in zip(table.index, table.to_numpy().tolist(), strict=True):
        one = served.forecast_one(row, 19_844, 30)
        np.testing.assert_allclose(one, scores.loc[customer, list(one._fields)].to_numpy(float), rtol=1e-12)
    assert scores["no_forecast"].isna().sum() == len(table) - 1  # all but the stranger

    report = make_report(store, None, 30, rule, tracking=tracking, quick=True)
    assert report.comparison.compared_model.model.card.model == "lapsing_rate"
    assert list(report.tables["why"]) == ["customer_id", "average", "expected_purchases"]
    assert "This model does not say what its forecast is made of" in render_page(report)

    shutil.rmtree(package / "acme_models-1.2.dist-info")
    with pytest.raises(PublishedModelError, match=r"was fitted with acme-models 1.2, here is none: install"):
        read_published(shipped.path.parent.parent, shipped.path.name)
