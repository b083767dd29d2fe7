"""The served model keeps the laws of a forecast, for one customer and for all."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.rule import load_formula
from features.table import moment
from tests.training.logs import simulated, stored
from training.fit import fit_customer_model
from training.models.customer_model import OUTPUTS, CustomerModel, ModelError
from training.windows import window

AS_OF = date(2024, 4, 1)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[CustomerModel, pd.DataFrame, int]:
    store = stored(simulated(400, season=((0.3, 340.0),)), tmp_path_factory.mktemp("count"))
    day = moment(AS_OF, store.timezone)[1]
    return fit_customer_model(store, AS_OF, load_formula()), window(store, day, []).features, day


@settings(max_examples=15)
@given(first=st.integers(1, 1500), more=st.integers(1, 1500))
def test_counts_grow_and_chances_of_none_fall_with_the_horizon(fitted, first: int, more: int) -> None:
    """For every customer, any two horizons; and no forecast is outside its range."""
    model, features, day = fitted
    short, long = (model.predict(features, day, days) for days in (first, first + more))
    assert (long["expected_purchases"] >= short["expected_purchases"] - 1e-9).all()
    assert (long["churn_probability"] <= short["churn_probability"] + 1e-9).all()
    for said in (short, long):
        assert np.isfinite(said.to_numpy()).all()
        assert said["churn_probability"].between(0, 1).all()
        assert (said["expected_purchases"] >= 1 - said["churn_probability"] - 1e-9).all()
        assert (said["low"] <= said["high"]).all()


def test_a_customer_scored_alone_gets_the_score_they_get_among_all(fitted) -> None:
    """To 1e-12: nothing of a forecast depends on who else is asked for."""
    model, features, day = fitted
    everybody = model.predict(features, day, 90)
    for row in (0, 7, len(features) - 1):
        alone = model.predict(features.iloc[[row]], day, 90)
        assert alone.to_numpy() == pytest.approx(everybody.iloc[[row]].to_numpy(), rel=1e-12, abs=1e-12)


def test_who_never_bought_has_no_forecast(fitted) -> None:
    """A stranger's purchases are nothing the model has learnt; the others keep theirs."""
    model, features, day = fitted
    features = features.iloc[:3].copy()
    features.iloc[1, features.columns.get_indexer(["purchase_days", "frequency", "recency"])] = 0.0
    features.iloc[1, features.columns.get_loc("T")] = np.nan
    said = model.predict(features, day, 30)
    assert list(said) == list(OUTPUTS)
    assert said.isna().all(axis=1).tolist() == [False, True, False]


def test_a_saved_model_says_the_same_and_another_file_is_refused(fitted, tmp_path) -> None:
    """The digest is checked before anything is unpickled."""
    model, features, day = fitted
    digest = model.save(tmp_path)
    pd.testing.assert_frame_equal(
        CustomerModel.load(tmp_path, digest).predict(features, day, 90), model.predict(features, day, 90)
    )
    with pytest.raises(ModelError, match="refused"):
        CustomerModel.load(tmp_path, "0" * 64)
    with pytest.raises(ModelError, match="holds no model"):
        CustomerModel.load(tmp_path / "nowhere")


def test_customer_value_is_less_than_the_spend_it_discounts(fitted) -> None:
    """Above 0, and below what is expected in all that time."""
    model, features, day = fitted
    value = model.customer_value(features, day, days=365)
    spend = model.predict(features, day, 365)["expected_spend"].to_numpy()
    assert (value > 0).all()
    assert (value < spend).all()
