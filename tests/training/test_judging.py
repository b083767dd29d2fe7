"""The weekly loop: a sound refit of the recipe in service is promoted, week after week."""

from datetime import date
from pathlib import Path

import pytest

from features.errors import PromotionRefusedError
from features.loyalty.formula import load_formula
from tests.training.logs import cut, simulated, stored
from training.fit_challenger import ChallengerSettings, fit_challenger
from training.promote import history, promote, recorded_verdict
from training.registry.entities import gate_figures
from training.registry.mlflow_client import Tracking
from training.registry.runs import run_measures
from training.settings import CandidateSettings, GateLimits, RefitLimits, TrialSettings

WEEKS = [date(2024, 3, 25), date(2024, 4, 1), date(2024, 4, 8)]
SETTINGS = ChallengerSettings(
    CandidateSettings(("standard",), ("zero", "base_rate", "bg_nbd")),
    trials=TrialSettings(count=1),
    limits=GateLimits(calibration=0.2, draws=60),
)


@pytest.fixture(scope="module")
def log() -> object:
    return simulated(1500)


def test_the_weekly_refit_passes_and_a_log_with_holes_does_not(log: object, tracking: Tracking, tmp_path: Path) -> None:
    """The first version by force or on its merits, the second as a sound refit; one from half a log is refused."""
    first = fit_challenger(
        stored(cut(log, WEEKS[0]), tmp_path / "1"), tracking, load_formula(), settings=SETTINGS, quick=True
    )
    assert first.verdict.question == "recipe"
    assert {"log.events", "trials.relative_loss"} <= gate_figures(run_measures(tracking, first.version.run_id)).keys()
    promote(tracking, force=True, why="the first version")

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


def test_limits_of_a_refit_are_settings(log: object, tracking: Tracking, tmp_path: Path) -> None:
    """A limit that no two fits can meet refuses the refit by that limit."""
    fit_challenger(stored(cut(log, WEEKS[0]), tmp_path / "1"), tracking, load_formula(), settings=SETTINGS, quick=True)
    promote(tracking, force=True, why="the first version")
    strict = ChallengerSettings(
        SETTINGS.candidates, trials=SETTINGS.trials, limits=SETTINGS.limits, refit=RefitLimits(distribution=0.0)
    )
    done = fit_challenger(
        stored(cut(log, WEEKS[1]), tmp_path / "2"), tracking, load_formula(), settings=strict, quick=True
    )
    [reason] = done.verdict.reasons
    assert reason.startswith("agreement: a distance of 0.0")
    assert reason.endswith("expected at most 0.00")
