"""Fitting any model to windows: it gets what its signature asks for, and its own errors are one line."""

import numpy as np
import pytest

from features.errors import ModelError, TooLittleDataError
from tests.training.logs import simulated, stored
from tests.training.training_sets import windows_at
from training.candidates import TrainingData, fit_model
from training.models.baselines import OwnRate
from training.models.purchases.model import PurchaseModel


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> TrainingData:
    windows = windows_at(stored(simulated(120, days=400), tmp_path_factory.mktemp("shop")), "2024-03-01")
    return TrainingData(windows.now, windows.earlier, windows.past, 90)


class WithActivity(OwnRate):
    def fit(self, X, y=None, activity=None):
        self.activity_ = activity
        return super().fit(X, y)


class Broken(OwnRate):
    def fit(self, X, y=None):
        raise KeyError("two\nlines")


def test_a_model_gets_the_activity_if_it_asks_for_it(data) -> None:
    """And the table of all windows, in which the current one has no outcome."""
    assert fit_model("mine", WithActivity(), data).activity_ is data.activity  # type: ignore[attr-defined]
    X, y = data.table
    assert (np.isnan(y) == (X["as_of_day"] == data.current.day)).all()
    assert set(X["horizon_days"][X["as_of_day"] == data.current.day]) == {90}


def test_purchase_models_share_their_training_set(data) -> None:
    """It is prepared once, and a fit to it is that to the table."""
    model = fit_model("standard", PurchaseModel(), data)
    assert data.training_set is data.training_set
    alone = PurchaseModel().fit(*data.table, activity=data.activity)
    X = data.current.features
    np.testing.assert_array_equal(model.expected_purchases(X, 90), alone.expected_purchases(X, 90))


def test_what_goes_wrong_in_a_model_is_one_line(data) -> None:
    """With its name, the error and what to do; what Regulars itself refuses stays as it is."""
    with pytest.raises(ModelError, match=r"the model mine cannot be fitted, KeyError: .*leave it out of") as caught:
        fit_model("mine", Broken(), data)
    assert "\n" not in str(caught.value)
    with pytest.raises(TooLittleDataError):
        fit_model("own_rate", OwnRate(), TrainingData(data.current, [], data.activity, 90))
