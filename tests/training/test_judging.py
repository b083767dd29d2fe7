"""The weekly loop: a sound refit of the recipe in service is promoted, week after week."""

import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import PromotionRefusedError
from features.loyalty.formula import load_formula
from tests.training.logs import cut, simulated, stored
from training.fit_challenger import ChallengerSettings, fit_challenger
from training.promote import history, promote, recorded_verdict
from training.registry.entities import gate_figures
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.runs import run_measures
from training.registry.versions import version
from training.settings import CandidateSettings, GateLimits, RefitLimits, TrialSettings

WEEKS = [date(2024, 3, 25), date(2024, 4, 1), date(2024, 4, 8)]
SETTINGS = ChallengerSettings(
    CandidateSettings(("standard",), ("zero", "base_rate", "bg_nbd")),
    trials=TrialSettings(count=1),
    limits=GateLimits(calibration=0.2, draws=60),
)


@pytest.fixture(scope="module")
def log() -> pa.Table:
    return simulated(1500)


@pytest.fixture(scope="module")
def first_home(log: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose champion, version 1, was fitted in the first week."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        tracking = open_tracking(folder / "home")
        store = stored(cut(log, WEEKS[0]), folder)
        first = fit_challenger(store, tracking, load_formula(), settings=SETTINGS, quick=True)
        promote(tracking, force=True, why="the first version")
    assert first.verdict.question == "recipe"
    return folder / "home"


@pytest.fixture
def tracking(first_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tracking:
    """The tracking store of a copy of that home."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copytree(first_home, tmp_path / "home")
    return open_tracking(tmp_path / "home")


def test_the_weekly_refit_passes_and_a_log_with_holes_does_not(
    log: pa.Table, tracking: Tracking, tmp_path: Path
) -> None:
    """The first version by force or on its merits, the second as a sound refit; one from half a log is refused."""
    first = version(tracking, 1)
    assert first is not None
    assert {"log.events", "trials.relative_loss"} <= gate_figures(run_measures(tracking, first.run_id)).keys()

    second = fit_challenger(
        stored(cut(log, WEEKS[1]), tmp_path / "2"), tracking, load_formula(), settings=SETTINGS, quick=True
    )
    assert second.verdict.question == "refit"
    assert second.verdict.reasons == ()
    assert second.verdict.figures["log.kept_events"] == 1.0
    assert "champion_recipe" in second.measures.index.get_level_values(2)
    kept = recorded_verdict(tracking, second.version)
    assert kept is not None
    assert kept.question == "refit"
    promote(tracking)
    assert history(tracking)["why"].tolist() == ["a sound refit of the recipe in service", "the first version"]

    whole = cut(log, WEEKS[2])
    half = stored(whole.take(list(range(0, len(whole), 2))), tmp_path / "3")
    third = fit_challenger(half, tracking, load_formula(), settings=SETTINGS, quick=True)
    assert any(reason.startswith("log: ") for reason in third.verdict.reasons)
    with pytest.raises(PromotionRefusedError, match="at the last fit; expected at least 98% of them"):
        promote(tracking)


def test_limits_of_a_refit_are_settings(log: pa.Table, tracking: Tracking, tmp_path: Path) -> None:
    """A limit that no two fits can meet refuses the refit by that limit."""
    strict = ChallengerSettings(
        SETTINGS.candidates, trials=SETTINGS.trials, limits=SETTINGS.limits, refit=RefitLimits(distribution=0.0)
    )
    done = fit_challenger(
        stored(cut(log, WEEKS[1]), tmp_path / "2"), tracking, load_formula(), settings=strict, quick=True
    )
    [reason] = done.verdict.reasons
    assert reason.startswith("agreement: a distance of 0.0")
    assert reason.endswith("expected at most 0.00")
