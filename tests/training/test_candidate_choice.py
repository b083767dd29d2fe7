"""The candidate of a date is the one that a fit at the date would choose, from trials before it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from features.as_of import AsOf
from features.loyalty.formula import Formula, load_formula
from features.store.event_store import EventStore
from tests.training.logs import cut, simulated, stored
from tests.training.stand_in import customer_model
from training.candidate_choice import CandidateFits
from training.models.customer_model import CustomerModel
from training.settings import CandidateSettings, TrialSettings

AT = AsOf.parse(date(2024, 3, 1), "UTC")
RATES = {"too high": 3.0, "right": 0.02, "too low": 1e-5}
"""Purchases a day that the stand-in candidates expect; customers of the simulated shop buy about every 50 days."""
SETTINGS = (CandidateSettings(tuple(RATES)),)
TRIALS = TrialSettings(horizons=(30,), count=2, max_customers=80)


@pytest.fixture
def fitted_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Candidates that are not fitted: each forecasts with its rate; the dates of the fits, as they are made."""
    dates: list[str] = []

    def fit_candidates(
        store: EventStore, as_of: AsOf, formula: Formula, candidates: Iterable[str], **_: object
    ) -> dict[str, CustomerModel]:
        dates.append(str(as_of.date))
        models = {name: customer_model(RATES[name]) for name in candidates}
        return {name: replace(model, card=replace(model.card, model=name)) for name, model in models.items()}

    monkeypatch.setattr("training.candidate_choice.fit_candidates", fit_candidates)
    return dates


def test_the_best_in_trials_before_the_date_is_chosen(fitted_at: list[str], tmp_path: Path) -> None:
    """Wherever it stands in the list; the trials are those of a fit, and each date is fitted once."""
    fits = CandidateFits(stored(simulated(150), tmp_path), load_formula(), *SETTINGS, trials=TRIALS)
    assert fits.chosen_at(AT) == "right"
    assert fitted_at == ["2023-09-03", "2023-12-02"]
    assert list(fits.at(AT)) == list(RATES)
    assert fits.best_at(AT).card.model == "right"
    later = AsOf.parse(date(2024, 5, 30), "UTC")
    assert fits.chosen_at(later) == "right"
    assert fitted_at == ["2023-09-03", "2023-12-02", "2024-03-01"]


def test_what_comes_later_has_no_part_in_the_choice(fitted_at: list[str], tmp_path: Path) -> None:
    """Where customers stop at the date, or everybody buys daily after it, the choice is the same."""
    log = simulated(150)
    stores = (stored(log, tmp_path / "whole"), stored(cut(log, AT.date), tmp_path / "cut"))
    chosen = [CandidateFits(store, load_formula(), *SETTINGS, trials=TRIALS).chosen_at(AT) for store in stores]
    assert chosen == ["right", "right"]


def test_the_first_is_taken_where_there_is_no_trial(fitted_at: list[str], tmp_path: Path) -> None:
    """Too early in the log, which is reported; of one candidate, or a quick choice, without a trial."""
    store = stored(simulated(60), tmp_path)
    steps: list[str] = []
    early = AsOf.parse(date(2023, 5, 1), "UTC")
    assert CandidateFits(store, load_formula(), *SETTINGS, progress=steps.append).chosen_at(early) == "too high"
    assert steps == ["too early for a trial at 2023-05-01: too high"]
    assert CandidateFits(store, load_formula(), *SETTINGS, quick=True).chosen_at(AT) == "too high"
    assert CandidateFits(store, load_formula(), CandidateSettings(("too low",))).chosen_at(AT) == "too low"
    assert fitted_at == []
