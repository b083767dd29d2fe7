"""The gate of a refit: a sound one passes, and each planted fault is refused with its reason."""

import copy
from collections.abc import Callable
from datetime import date
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.as_of import AsOf
from features.errors import InvalidArgumentError
from features.loyalty.formula import load_formula
from features.store.event_store import EventStore
from tests.training.gate_trials import trial
from tests.training.logs import cut, simulated, stored
from training.fit import fit_customer_model
from training.gate import Verdict
from training.log_checks import events_known
from training.models.customer_model import CustomerModel
from training.refit_gate import refit_figures, refit_gate
from training.settings import RefitLimits

LAST_WEEK, THIS_WEEK = date(2024, 4, 1), date(2024, 4, 8)


class Refit(NamedTuple):
    """A log, the version of a week ago, and a refit to the log of today."""

    log: pa.Table
    store: EventStore
    champion: CustomerModel
    challenger: CustomerModel

    @property
    def events_at_last_fit(self) -> float:
        return float(events_known(self.store, AsOf.parse(str(LAST_WEEK), "UTC")))


def fitted(store: EventStore, at: date) -> CustomerModel:
    return fit_customer_model(store, str(at), load_formula(), quick=True)


@pytest.fixture(scope="module")
def refit(tmp_path_factory: pytest.TempPathFactory) -> Refit:
    log = cut(simulated(2000), THIS_WEEK)
    store = stored(log, tmp_path_factory.mktemp("log"))
    return Refit(log, store, fitted(store, LAST_WEEK), fitted(store, THIS_WEEK))


def verdict(refit: Refit, **changes: Any) -> Verdict:
    facts: dict[str, Any] = {
        "store": refit.store,
        "challenger": refit.challenger,
        "champion": refit.champion,
        "number": 7,
        "paired": trial(champion_error=None),
        "relative_loss": 1.9,
        "events_at_last_fit": refit.events_at_last_fit,
        "relative_loss_at_last_fit": 1.9,
        "draws": 50,
    }
    return refit_gate(**facts | changes)


def test_a_refit_a_week_later_passes(refit: Refit) -> None:
    """The same recipe on a week more, nothing wrong: no reason against it, and its figures are recorded."""
    accepted = verdict(refit)
    assert accepted.reasons == ()
    assert accepted.champion == 7
    assert accepted.figures["log.kept_events"] == 1.0
    assert 0.6 < accepted.figures["outcome.ratio"] < 1.6
    assert 0.9 < accepted.figures["agreement.total"] < 1.1
    assert accepted.figures["agreement.rank_correlation"] > 0.99


def test_what_was_not_recorded_at_the_last_fit_is_not_asked_for(refit: Refit) -> None:
    """A champion of an older release has neither figure."""
    assert verdict(refit, events_at_last_fit=nan, relative_loss_at_last_fit=nan).passed


def scaled(model: CustomerModel, **factors: float) -> CustomerModel:
    changed = copy.deepcopy(model)
    for name, factor in factors.items():
        changed.purchases.bg_nbd_.params_[name] *= factor
    return changed


def louder(model: CustomerModel) -> CustomerModel:
    changed = copy.deepcopy(model)
    changed.purchases.level_ += 0.4
    return changed


class SwappedColumns:
    """A model that reads one column where it should read another."""

    def __init__(self, model: CustomerModel, one: str, other: str) -> None:
        self.card, self._model, self._names = model.card, model, {one: other, other: one}

    def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
        swapped = features.rename(columns=self._names)[list(features.columns)]
        swapped["recency"] = np.minimum(swapped["recency"], swapped["T"])
        return self._model.predict(swapped, as_of_day, horizon_days)


@pytest.mark.parametrize(
    "planted",
    [
        lambda model: scaled(model, alpha=2.0),
        lambda model: scaled(model, alpha=0.1),
        lambda model: scaled(model, r=2.0),
        lambda model: scaled(model, a=8.0),
        louder,
        lambda model: SwappedColumns(model, "recency", "T"),
        lambda model: SwappedColumns(model, "frequency", "purchase_days_90"),
    ],
    ids=["rates halved", "rates up", "shape doubled", "churn", "level", "recency and T", "frequency"],
)
def test_a_planted_bad_fit_is_refused(refit: Refit, planted: Callable[[CustomerModel], Any]) -> None:
    """Scaled parameters and swapped features do not agree with the version in service."""
    refused = verdict(refit, challenger=planted(refit.challenger))
    assert refused.reasons
    assert all(reason.startswith("agreement: ") for reason in refused.reasons)


def test_half_the_customers_missing_is_refused(refit: Refit, tmp_path: Path) -> None:
    """Events that the last fit had seen are no longer there."""
    ids = refit.log["customer_id"]
    half = refit.log.filter(
        pc.less(pc.binary_length(pc.replace_substring_regex(ids, "[02468]$", "")), pc.binary_length(ids))
    )
    store = stored(half, tmp_path)
    [reason] = [line for line in verdict(refit, store=store).reasons if line.startswith("log: ")]
    assert "at the last fit; expected at least 98% of them: ingest what is missing" in reason


def test_a_week_that_came_in_part_is_refused(refit: Refit, tmp_path: Path) -> None:
    """A fifth of the last week's events: the volume is unusual, and the version in service expected more."""
    recent = pc.greater_equal(refit.log["event_time"], pa.scalar(pd.Timestamp(LAST_WEEK), pa.timestamp("us")))
    kept = np.arange(len(refit.log)) % 5 == 0
    store = stored(refit.log.filter(pc.or_(pc.invert(recent), pa.array(kept))), tmp_path)
    reasons = verdict(refit, store=store).reasons
    assert any("the usual purchases since 2024-04-01, expected 0.50 to 2.00" in reason for reason in reasons)
    assert any(reason.startswith("outcome: ") and "check the log" in reason for reason in reasons)


def test_amounts_that_turned_null_are_refused(refit: Refit, tmp_path: Path) -> None:
    """A column that the source no longer fills."""
    recent = pc.greater_equal(refit.log["event_time"], pa.scalar(pd.Timestamp(LAST_WEEK), pa.timestamp("us")))
    amounts = pc.if_else(recent, pa.scalar(None, pa.float64()), refit.log["amount"])
    log = refit.log.set_column(refit.log.schema.get_field_index("amount"), "amount", amounts)
    reasons = verdict(refit, store=stored(log, tmp_path)).reasons
    assert any(reason.startswith("log: amount is null in 100% of the purchases") for reason in reasons)


def test_a_recipe_that_lost_its_lead_is_refused(refit: Refit) -> None:
    """Worse than a baseline in the trials, or worse than itself at the last fit by more than the margin."""
    behind = verdict(refit, paired=trial(champion_error=None, challenger_error=1.6))
    assert {reason.partition(":")[0] for reason in behind.reasons} == {"deviance", "log loss"}
    assert "against the baseline base" in behind.reasons[0]
    [reason] = verdict(refit, relative_loss=2.0).reasons
    assert reason == "trials: a loss of 1.000 of that of BG/NBD, 0.950 at the last fit; expected at most 0.025 more"


def test_a_shift_that_the_outcome_explains_passes(refit: Refit) -> None:
    """A version in service that forecast half of what came may be followed by one that forecasts twice as much."""
    low = copy.deepcopy(refit.champion)
    low.purchases.level_ -= 0.5
    limits = RefitLimits(distribution=1, band_changes=1)
    accepted = verdict(refit, champion=low, limits=limits)
    assert accepted.figures["agreement.total"] > 1.4
    assert not any("total forecast" in reason for reason in accepted.reasons)
    away = verdict(refit, champion=low, challenger=louder(louder(refit.challenger)), limits=limits)
    assert any("total forecast" in reason for reason in away.reasons)


def test_the_figures_that_the_next_refit_needs(refit: Refit) -> None:
    """They are those that the gate of the next refit reads; the gate itself does not compute them again."""
    figures = refit_figures(refit.store, 1.9)
    assert figures == {"log.events": refit.store.n_events, "trials.relative_loss": 1.9}
    assert figures.keys().isdisjoint(verdict(refit).figures)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"volume": 0.5}, "the gate's volume is 0.5, expected at least 1"),
        ({"total": 1.5}, "the gate's total is 1.5, expected a share from 0 to 1"),
        ({"total": nan}, "the gate's total is nan, expected a share from 0 to 1"),
    ],
)
def test_limits_that_cannot_be_are_refused(limits: dict[str, float], message: str) -> None:
    """One line with what was found and what was expected."""
    with pytest.raises(InvalidArgumentError, match=message):
        RefitLimits(**limits)  # type: ignore[arg-type]
