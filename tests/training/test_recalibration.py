"""A level that moved is followed within the laws of the forecasts; one that did not move is left alone."""

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import InvalidArgumentError, ModelError, TooLittleDataError
from features.loyalty.formula import load_formula
from features.store.event_store import EventStore
from tests.training.logs import START, simulated, stored
from training.fit import fit_customer_model
from training.models.bundle import CHALLENGER, CHAMPION
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel
from training.recalibration import RECALIBRATED_FROM, Shift, hazard_factor, recalibrate, shifted, window_at
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.runs import start_run
from training.registry.versions import load, register, version
from training.settings import GateLimits
from training.targets import log_end

FITTED = START + timedelta(540)
END = START + timedelta(600)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[EventStore, CustomerModel]:
    """The store of 900 customers, and a model fitted to it two months before its end."""
    store = stored(simulated(900, days=600, seed=4), tmp_path_factory.mktemp("shop"))
    return store, fit_customer_model(store, FITTED, load_formula())


def tracked(home: Path, model: CustomerModel) -> Tracking:
    """A home with this champion."""
    tracking = open_tracking(home)
    with start_run(tracking, "fit") as run:
        register(run, model, alias=CHAMPION)
    return tracking


def test_the_likeliest_factor_is_that_of_a_grid() -> None:
    """Of outcomes drawn with half the hazard it is about log(.5); without any contradiction it stops at the limit."""
    rng = np.random.default_rng(1)
    hazard = rng.gamma(1.0, 1.0, 4_000)
    churned = rng.random(4_000) < np.exp(-0.5 * hazard)
    grid = np.linspace(-2, 2, 4_001)
    likelihood = [np.where(churned, -hazard * f, np.log(-np.expm1(-hazard * f))).sum() for f in np.exp(grid)]
    found = hazard_factor(hazard, churned)
    assert found == pytest.approx(grid[int(np.argmax(likelihood))], abs=0.001)
    assert found == pytest.approx(np.log(0.5), abs=0.08)
    assert hazard_factor(hazard, np.ones(4_000, bool)) == -2
    assert hazard_factor(hazard, np.zeros(4_000, bool)) == 2


@pytest.mark.parametrize("shift", [Shift(0.0, 0.0), Shift(-0.4, -0.9), Shift(0.5, 0.2), Shift(-0.3, 0.6)])
def test_the_laws_hold_for_every_shift(shop: tuple[EventStore, CustomerModel], shift: Shift) -> None:
    """Counts grow and churn falls with the horizon, counts are at least 1 - churn, and the compiled form agrees."""
    store, model = shop
    made = shifted(model, shift)
    features = feature_table(store, FITTED)
    features = features[features["purchase_days"] > 0].head(200)
    day = AsOf.parse(FITTED, "UTC").day
    tables = [made.predict(features, day, days) for days in (1, 7, 30, 90, 365, 400, 800)]
    for table, later in itertools.pairwise(tables):
        assert (later["expected_purchases"] >= table["expected_purchases"] - 1e-12).all()
        assert (later["churn_probability"] <= table["churn_probability"] + 1e-12).all()
    for table in tables:
        assert (table["expected_purchases"] >= 1 - table["churn_probability"] - 1e-9).all()
        assert ((table["low"] <= table["high"]) & (table["low"] >= 0)).all()
    row = CompiledModel.of(made).predict(features.iloc[3].tolist(), day, 90)
    assert row[:4] == pytest.approx(tables[3].iloc[3].to_numpy()[:4], rel=1e-9)
    own = model.predict(features, day, 30)
    factor = np.log(tables[2]["churn_probability"]) / np.log(own["churn_probability"])
    assert factor.to_numpy() == pytest.approx(np.exp(shift.none), rel=1e-6)


def test_a_level_that_was_wrong_is_mended_and_passes_the_gate(
    shop: tuple[EventStore, CustomerModel], tmp_path: Path
) -> None:
    """A champion that says twice what happens: log loss falls by over 4 %, and the version says what it is made of."""
    store, model = shop
    tracking = tracked(tmp_path, shifted(model, Shift(np.log(2), np.log(2))))
    made = recalibrate(store, tracking, 28, as_of=END, limits=GateLimits(calibration=0.2))
    assert made.verdict.passed
    assert made.verdict.figures["log_loss.champion"] < -0.04
    assert made.shift.none == pytest.approx(-np.log(2), abs=0.4)
    challenger = version(tracking, CHALLENGER)
    assert challenger is not None
    assert challenger.number == made.version.number
    assert challenger.tags[RECALIBRATED_FROM] == "1"
    loaded = load(tracking, challenger)
    assert loaded.card.as_of == str(END)
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.number == 1


def test_a_level_that_is_right_is_left(shop: tuple[EventStore, CustomerModel], tmp_path: Path) -> None:
    """The gate finds no gain beyond doubt; the version is kept, and no alias leads to it."""
    store, model = shop
    tracking = tracked(tmp_path, model)
    made = recalibrate(store, tracking, 28, as_of=END)
    assert not made.verdict.passed
    assert abs(made.verdict.figures["log_loss.champion"]) < 0.05
    assert version(tracking, CHALLENGER) is None


def test_what_cannot_be_recalibrated_is_told(shop: tuple[EventStore, CustomerModel], tmp_path: Path) -> None:
    """No champion, another kind of model, a window that is not over, and a shift that is no number."""
    store, model = shop
    with pytest.raises(ModelError, match="there is no champion"):
        recalibrate(store, open_tracking(tmp_path), 28)
    with pytest.raises(ModelError, match="a str has no level that could be recalibrated: fit anew"):
        shifted(replace(model, purchases="rule"), Shift(0, 0))  # type: ignore[arg-type]
    end = AsOf.parse(END, store.timezone)
    with pytest.raises(TooLittleDataError, match=r"0 customers bought in the 28 days from .*, expected 50"):
        window_at(store, end.day - 7, 28, end)
    late = AsOf.at_midnight(log_end(store).day + 1, store.timezone).date
    with pytest.raises(InvalidArgumentError, match=f"as_of is {late}, expected .*, the end of the log"):
        recalibrate(store, tracked(tmp_path / "home", model), 28, as_of=late)
    with pytest.raises(InvalidArgumentError, match="expected two finite numbers"):
        shifted(model, Shift(float("nan"), 0.0))
