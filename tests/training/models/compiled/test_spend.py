"""One customer's spend: what trees, Gamma-Gamma or the mean give."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor

from features.errors import ModelError
from training.models.btyd.gamma_gamma import GammaGamma
from training.models.compiled.spend import compiled_spend, spend_numbers, spend_table
from training.models.spend.constants import COLUMNS
from training.models.spend.model import SpendModel


def of_kind(kind, model=None):
    found = SpendModel()
    found.kind_, found.mean_, found.model_ = kind, 12.5, model
    return found


def compiled(model):
    """The function after its numbers went through JSON."""
    return compiled_spend(json.loads(json.dumps(spend_numbers(model), allow_nan=False)))


def test_trees_give_what_the_estimator_gives():
    """In the order of the columns, with nulls, and not below a cent."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.gamma(1, 20, (500, len(COLUMNS))), columns=COLUMNS)
    X = X.mask(rng.random(X.shape) < 0.2)
    y = np.where(X["T"] > 30, 1e-4, 1.0) * np.exp(X["basket_mean"].fillna(40) / 30)
    grown = HistGradientBoostingRegressor(loss="gamma", min_samples_leaf=5, random_state=0)
    model = of_kind("trees", grown.fit(X.to_numpy(), y))
    expected = model.expected_spend_by_estimator(X)
    assert expected.min() == 0.01
    np.testing.assert_array_equal(model.expected_spend(X), expected)
    np.testing.assert_allclose([compiled(model)(row) for row in X.head(60).to_numpy().tolist()], expected[:60], 1e-13)


@given(st.integers(0, 10_000), st.one_of(st.just(math.nan), st.floats(-1e6, 1e9)))
def test_gamma_gamma_gives_what_the_estimator_gives(frequency, value):
    """Without a value, or with a negative one, too."""
    model = GammaGamma()
    model.params_ = {"p": 6.25, "q": 3.74, "gamma": 15.45}
    row = (float(frequency), value, *[math.nan] * 6)
    expected = of_kind("gamma-gamma", model).expected_spend(pd.DataFrame([row], columns=COLUMNS))[0]
    assert compiled(of_kind("gamma-gamma", model))(row) == pytest.approx(expected, rel=1e-14)


def test_a_mean_is_one_number():
    """For everybody."""
    assert compiled(of_kind("mean"))([math.nan] * len(COLUMNS)) == 12.5


def test_another_kind_is_refused():
    """By its name."""
    with pytest.raises(ModelError, match="of kind 'guess', expected mean, gamma-gamma or trees"):
        spend_numbers(of_kind("guess"))


def test_a_table_has_the_spend_of_each_row():
    """Of all three kinds, with nulls and amounts below 0."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(20, 20, (300, len(COLUMNS))), columns=COLUMNS).mask(rng.random((300, 8)) < 0.2)
    X["frequency"] = rng.integers(0, 9, 300).astype(float)
    gamma_gamma = GammaGamma()
    gamma_gamma.params_ = {"p": 6.25, "q": 3.74, "gamma": 15.45}
    grown = HistGradientBoostingRegressor(loss="gamma", min_samples_leaf=5, random_state=0)
    grown.fit(X.to_numpy(), np.exp(X["basket_mean"].fillna(20) / 30))
    for model in (of_kind("mean"), of_kind("gamma-gamma", gamma_gamma), of_kind("trees", grown)):
        numbers = json.loads(json.dumps(spend_numbers(model), allow_nan=False))
        found, one = spend_table(numbers)(X.to_numpy().T), compiled_spend(numbers)
        np.testing.assert_allclose(found, [one(row) for row in X.to_numpy().tolist()], rtol=1e-13)
