"""One command from a log to a challenger: tried, judged, registered, and with its whole record."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.as_of import AsOf
from features.errors import InvalidArgumentError, PromotionRefusedError
from features.loyalty.formula import Formula, load_formula
from features.store.event_store import EventStore
from tests.training.logs import simulated, stored
from tests.training.stand_in import customer_model
from training.fit_challenger import ChallengerSettings, champion_at, fit_challenger
from training.models.bundle import CHAMPION
from training.models.customer_model import CustomerModel
from training.models.window import Window
from training.paired_losses import MEASURES
from training.promote import history, promote
from training.registry.mlflow_client import Tracking
from training.registry.runs import runs, start_run
from training.registry.versions import load, register, version
from training.settings import CandidateSettings, TrialSettings
from training.targets import log_end
from training.trials import trial_days


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    return stored(simulated(500), tmp_path_factory.mktemp("challenger"))


def test_a_fitted_challenger_is_registered_with_its_record(store: EventStore, tracking: Tracking) -> None:
    """The version carries a model that forecasts; its run has facts, verdict and trials as runs within it."""
    steps: list[str] = []
    done = fit_challenger(store, tracking, load_formula(), quick=True, progress=steps.append)
    challenger = version(tracking, "challenger")
    assert challenger is not None
    assert challenger.number == done.version.number == 1
    assert challenger.tags["candidate"] == done.candidate == "standard"
    assert load(tracking, challenger).card.data_digest == store.manifest["digest"]
    assert set(done.measures.index.get_level_values("horizon")) == set(TrialSettings().horizons)
    kept = runs(tracking)
    parent = kept[kept["parent"].isna()]
    assert parent["status"].tolist() == ["FINISHED"]
    forecasts = done.measures.index.get_level_values("forecast").unique()
    assert len(kept) == 1 + len(forecasts) * len(TrialSettings().horizons)
    assert kept["measures"].map(bool).all()
    assert done.verdict.figures["customers"] > 0
    assert any(step.startswith("trial at") for step in steps)


@pytest.mark.slow
def test_the_champion_takes_part_in_later_trials(store: EventStore, tracking: Tracking, tmp_path: Path) -> None:
    """Once there is a champion the next fit is measured against its recipe, and a twin of it is asked as a refit."""
    fit_challenger(store, tracking, load_formula(), quick=True)
    promote(tracking, force=True, why="the first")
    again = fit_challenger(store, tracking, load_formula(), quick=True)
    assert "champion_recipe" in again.measures.index.get_level_values("forecast")
    assert isinstance(again.measures, pd.DataFrame)
    assert (again.verdict.question, again.verdict.champion) == ("refit", 1)
    assert again.verdict.figures["agreement.total"] == pytest.approx(1)
    assert again.verdict.figures["agreement.band_changes"] == 0
    assert history(tracking)["to"].tolist() == [1]


RATES = {"too high": 3.0, "right": 0.02, "too low": 1e-5}
"""Purchases a day that the stand-in candidates expect; customers of the simulated shop buy about every 50 days."""


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> ChallengerSettings:
    """Candidates that are not fitted: each forecasts with its rate."""

    def fit_candidates(
        store: EventStore, as_of: AsOf, formula: Formula, candidates: Iterable[str], **_: object
    ) -> dict[str, CustomerModel]:
        return {name: as_learnt_by(as_of, RATES[name]) for name in candidates}

    monkeypatch.setattr("training.fit_challenger.fit_candidates", fit_candidates)
    return ChallengerSettings(
        CandidateSettings(tuple(RATES)), trials=TrialSettings(horizons=(30,), count=2, max_customers=80)
    )


def as_learnt_by(as_of: AsOf, rate: float) -> CustomerModel:
    model = customer_model(rate)
    return replace(model, card=replace(model.card, as_of=str(as_of.date), timezone="UTC"))


def rate_of(model: CustomerModel) -> float:
    return float(1 / model.purchases.bg_nbd_.params_["alpha"])


def test_the_candidate_with_the_lowest_losses_is_registered(
    store: EventStore, tracking: Tracking, stand_ins: ChallengerSettings
) -> None:
    """Of three the one that forecasts best, wherever it stands in the list; and it is that one which is fitted."""
    done = fit_challenger(store, tracking, load_formula(), settings=stand_ins)
    assert done.candidate == done.version.tags["candidate"] == "right"
    assert rate_of(load(tracking, done.version)) == pytest.approx(RATES["right"])
    kept = runs(tracking)
    nested = kept.loc[kept["parent"].notna(), "name"]
    assert {f"{name}, 30 days" for name in RATES} < set(nested)


def test_a_champion_takes_part_in_a_trial_only_as_it_could_have_been(
    store: EventStore, tracking: Tracking, stand_ins: ChallengerSettings
) -> None:
    """Before the date it learnt until, a row of its recipe as fitted then; from that date on a row of its own."""
    first, second = (AsOf.at_midnight(day, "UTC") for day in trial_days(0, log_end(store).day, 2))
    with start_run(tracking, "fit") as run:
        made = register(run, as_learnt_by(second, 0.3), CHAMPION, {"candidate": "too low"})
    done = fit_challenger(store, tracking, load_formula(), settings=stand_ins)
    assert done.verdict.champion == made.number
    bias = done.measures["bias"].droplevel("horizon")
    assert bias[(str(first.date), "champion_recipe")] < -0.9  # too low: it forecasts hardly any purchase
    assert bias[(str(second.date), "champion")] > -0.5  # the champion's own rate
    assert (str(first.date), "champion") not in bias.index
    assert (str(second.date), "champion_recipe") not in bias.index


def test_a_champion_is_replaced_by_its_recipe_before_its_date() -> None:
    """On its own date it knows nothing later and takes part itself; without a recipe the first candidate stands in."""
    model, fitted = customer_model(), {"standard": customer_model(0.1), "bold": customer_model(0.2)}
    assert champion_at("bold", model, fitted, "2011-06-10") == {"champion": model}
    assert champion_at("bold", model, fitted, "2011-06-11") == {"champion": model}
    assert champion_at("bold", model, fitted, "2011-06-09") == {"champion_recipe": fitted["bold"]}
    assert champion_at(None, model, fitted, "2011-06-09") == {"champion_recipe": fitted["standard"]}
    assert champion_at(None, None, fitted, "2011-06-09") == {}


def test_a_champion_that_cannot_be_loaded_does_not_stop_a_fit(
    store: EventStore, tracking: Tracking, stand_ins: ChallengerSettings
) -> None:
    """One line says so; the challenger is registered, refused for that reason, and can be forced."""
    with start_run(tracking, "fit") as run:
        register(run, customer_model(), CHAMPION)
    assert tracking.artifacts is not None
    [file] = tracking.artifacts.rglob("model.joblib")
    file.write_bytes(b"no longer a model")
    steps: list[str] = []
    done = fit_challenger(store, tracking, load_formula(), settings=stand_ins, progress=steps.append)
    [line] = [step for step in steps if step.startswith("not compared with champion version 1, which cannot be loaded")]
    assert "\n" not in line
    assert "champion" not in done.measures.index.get_level_values("forecast")
    assert done.verdict.champion == 1
    assert done.verdict.reasons[-1] == line
    with pytest.raises(PromotionRefusedError, match="cannot be loaded"):
        promote(tracking)
    assert promote(tracking, force=True, why="the old files are lost").before == 1


def test_settings_without_candidates_are_refused() -> None:
    """There would be nothing to fit; a quick fit takes the first."""
    with pytest.raises(InvalidArgumentError, match="no candidates"):
        CandidateSettings(models=())
    assert CandidateSettings().tried(quick=True) == ("standard",)
    assert CandidateSettings().tried(quick=False) == ("standard", "bold", "cautious")


@pytest.mark.slow
def test_of_fitted_candidates_the_best_is_registered(tmp_path: Path, tracking: Tracking) -> None:
    """By the losses that its trial left with the runs, relative to those of BG/NBD."""
    settings = ChallengerSettings(trials=TrialSettings(count=1))
    done = fit_challenger(stored(simulated(150), tmp_path), tracking, load_formula(), settings=settings)
    kept = runs(tracking)
    nested = kept.loc[kept["parent"].notna(), ["facts", "measures"]].to_numpy()
    figures = {(facts["forecast"], facts["horizon_days"]): measures for facts, measures in nested}
    horizons = {horizon_days for _, horizon_days in figures}
    losses = {
        name: sum(
            figures[name, horizon_days][measure] / figures["bg_nbd", horizon_days][measure]
            for horizon_days in horizons
            for measure in MEASURES
        )
        for name in settings.candidates.models
    }
    assert len(set(losses.values())) == 3
    assert done.candidate == min(losses, key=lambda name: losses[name])
    assert done.version.tags["candidate"] == done.candidate


def test_a_candidate_that_is_asked_for_is_registered_though_another_is_better(
    store: EventStore, tracking: Tracking, stand_ins: ChallengerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also against a champion of the better recipe: the gate refuses it, and force with a reason promotes it."""
    monkeypatch.setattr("training.fit_challenger.MODELS", RATES)
    stand_ins = replace(stand_ins, candidates=replace(stand_ins.candidates, baselines=("right",)))
    monkeypatch.setattr("training.trials.baseline_forecasts", lambda store, now, *_: {"bg_nbd": _constant(now)})
    fit_challenger(store, tracking, load_formula(), settings=stand_ins)
    promote(tracking, force=True, why="the first")
    done = fit_challenger(store, tracking, load_formula(), settings=stand_ins, only=["too low"])
    assert done.candidate == done.version.candidate == "too low"
    assert (done.verdict.question, done.verdict.champion, done.verdict.passed) == ("recipe", 1, False)
    with pytest.raises(PromotionRefusedError):
        promote(tracking)
    promote(tracking, force=True, why="to be looked at")
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.candidate == "too low"
    again = fit_challenger(store, tracking, load_formula(), settings=stand_ins, only=["too low"])
    assert (again.candidate, again.verdict.question) == ("too low", "refit")


def _constant(window: Window) -> pd.DataFrame:
    return pd.DataFrame({"expected_purchases": 0.5, "churn_probability": 0.6}, window.features.index)


def test_an_unknown_candidate_is_refused_before_anything_is_tracked(store: EventStore, tracking: Tracking) -> None:
    """With the nearest name."""
    with pytest.raises(InvalidArgumentError, match="did you mean 'bold'"):
        fit_challenger(store, tracking, load_formula(), only=["blod"])
    assert runs(tracking).empty
