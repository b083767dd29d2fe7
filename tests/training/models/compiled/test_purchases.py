"""The compiled purchase model: its interpolation, its factors and its time are those of the estimators."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.definitions import FEATURE_NAMES
from features.errors import ModelError
from tests.training.stand_in import purchase_model as plain_model
from training.models.btyd.pareto_nbd import ParetoNBD
from training.models.compiled.purchases import COLUMNS, CompiledPurchases, _interpolated, purchase_numbers
from training.models.purchases.covariates import COVARIATES


@pytest.fixture(scope="module")
def compiled(purchase_model):
    return CompiledPurchases(purchase_numbers(purchase_model))


@given(
    points=st.lists(st.tuples(st.floats(0.1, 9), st.floats(-9, 9)), min_size=2, max_size=6),
    at=st.floats(-20, 80),
)
def test_interpolation_is_that_of_numpy(points, at):
    """Linear between the points, constant outside of them."""
    xs, ys = np.cumsum([step for step, _ in points]), [y for _, y in points]
    assert _interpolated(at, xs.tolist(), ys) == pytest.approx(float(np.interp(at, xs, ys)), abs=1e-9)


@given(st.lists(st.floats(-1e3, 1e3), min_size=len(COVARIATES), max_size=len(COVARIATES)))
def test_log_factors_are_those_of_the_adjustments(compiled, purchase_model, values):
    """Standardised, clipped, and limited in the same way."""
    expected = purchase_model.adjustments_.log_factors(np.array([values]))
    assert compiled._log_factors(values) == pytest.approx([float(factor[0]) for factor in expected], abs=1e-9)


@given(st.integers(-10_000, 60_000))
def test_adjusted_time_is_that_of_the_season(compiled, purchase_model, day):
    """Decades before and after the fit."""
    expected = float(purchase_model.seasonality_.adjusted_time(day))
    assert compiled._adjusted_time(day) == pytest.approx(expected, abs=1e-6)


def test_every_column_is_in_the_feature_table():
    """Each once."""
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert set(COLUMNS) <= set(FEATURE_NAMES)


def test_another_model_of_the_base_is_not_compiled():
    """Only BG/NBD has a compiled form."""
    model = plain_model()
    model.bg_nbd_ = ParetoNBD()
    with pytest.raises(ModelError, match="expected a PurchaseModel of BG/NBD"):
        purchase_numbers(model)


def test_a_model_without_adjustments_asks_for_no_covariates():
    """A null in a column that only covariates read changes nothing."""
    compiled = CompiledPurchases(purchase_numbers(plain_model()))
    row = dict.fromkeys(COLUMNS, 1.0) | {"T": 50.0, "recency": 20.0, "frequency": 3.0}
    forecasts = [compiled.forecast(list((row | {"gap_mean": gap}).values()), 20_000, 90) for gap in (30.0, math.nan)]
    assert forecasts[0] == forecasts[1]
