"""The protocol of forecasters: every model keeps it, in scikit-learn's tools too, and broken laws are one line."""

from functools import partial
from io import BytesIO
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

from features.errors import InvalidArgumentError, ModelError, TooLittleDataError
from training.models.baselines import BaseRate, OneColumn, OwnRate, RuleScore, Zero
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.mbg_nbd import MBGNBD
from training.models.btyd.pareto_nbd import ParetoNBD
from training.models.catalog import BUILT_IN
from training.models.forecaster import (
    Forecaster,
    ForecasterMixin,
    forecast,
    horizon_of_rows,
    latest_cutoff,
    latest_outcome,
    lawful,
    outcome_of_rows,
    require_lawful,
)
from training.models.purchases.model import PurchaseModel
from training.models.window_table import to_table

MODELS = [Zero(), BaseRate(), OwnRate(), OneColumn(), RuleScore(), BGNBD(), MBGNBD(), ParetoNBD(), PurchaseModel()]
NEED_AN_ARRAY = {
    *("check_complex_data", "check_dict_unchanged", "check_dont_overwrite_parameters", "check_dtype_object"),
    *("check_estimator_sparse_array", "check_estimator_sparse_matrix", "check_estimator_sparse_tag"),
    *("check_estimators_dtypes", "check_estimators_empty_data_messages", "check_estimators_fit_returns_self"),
    *("check_estimators_overwrite_params", "check_estimators_pickle", "check_f_contiguous_array_estimator"),
    *("check_fit1d", "check_fit2d_1feature", "check_fit2d_1sample", "check_fit2d_predict1d"),
    *("check_fit_check_is_fitted", "check_fit_idempotent", "check_fit_score_takes_y"),
    *("check_methods_sample_order_invariance", "check_methods_subset_invariance", "check_n_features_in"),
    *("check_n_features_in_after_fitting", "check_pipeline_consistency", "check_positive_only_tag_during_fit"),
    *("check_readonly_memmap_input", "check_regressor_data_not_an_array", "check_regressors_int"),
    *("check_regressors_no_decision_function", "check_regressors_train", "check_supervised_y_2d"),
    *("check_supervised_y_no_nan", "check_array_api_input"),
}
"""Checks that fit on an array without column names, which a model of the feature table refuses in one line."""


def check_name(check: Any) -> str:
    """Return the name of a check, which scikit-learn wraps in partial functions."""
    while isinstance(check, partial):
        check = check.func
    return str(check.__name__)


CHECKS = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{check_name(check)}")
    for model in MODELS
    for estimator, check in estimator_checks_generator(model)
    if check_name(check) not in NEED_AN_ARRAY
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_the_checks_of_scikit_learn_that_need_no_array(estimator, check) -> None:
    """Parameters, clone, repr, tags, names and the error before a fit are as scikit-learn wants them."""
    check(estimator)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_an_array_is_refused_in_one_line(model) -> None:
    """What the other checks of scikit-learn would fit."""
    with pytest.raises((InvalidArgumentError, TypeError), match="X is a ndarray; expected a DataFrame"):
        clone(model).fit(np.zeros((3, 2)), np.zeros(3))


@pytest.fixture(scope="module")
def table(windows) -> tuple[pd.DataFrame, np.ndarray]:
    """Windows of a simulated shop as X and y."""
    return to_table(windows.now, windows.earlier, 90)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_model_is_a_forecaster_that_survives_joblib_and_clone(name, table, windows) -> None:
    """Read back it forecasts the same bits; its clone has its parameters and nothing learnt."""
    model = BUILT_IN[name]()
    assert isinstance(model, Forecaster)
    if isinstance(model, PurchaseModel):
        model.fit(*table, activity=windows.past)
    else:
        model.fit(*table)
    X = windows.now.features
    file = BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    again = joblib.load(file)
    for method in ("expected_purchases", "no_purchase_probability"):
        values = getattr(model, method)(X, 30)
        assert values.shape == (len(X),)
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(getattr(again, method)(X, 30), values)
        each = getattr(model, method)(X, np.where(np.arange(len(X)) % 2, 30, 60))
        np.testing.assert_allclose(each[1::2], values[1::2], rtol=1e-12)
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    assert not [attribute for attribute in vars(copied) if attribute.endswith("_")]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_joint_forecast_of_every_model_keeps_the_laws(name, table, windows) -> None:
    """From a week to two years: finite, coherent, and monotone in the horizon."""
    model = BUILT_IN[name]()
    model.fit(*table)
    require_lawful(model, windows.now.features, (7, 30, 90, 365, 730))


@pytest.fixture(scope="module")
def one_window(windows) -> tuple[pd.DataFrame, np.ndarray]:
    """The feature table at one cutoff with the purchases that followed."""
    return windows.now.features.assign(horizon_days=90), windows.now.purchases[90]


def test_a_grid_search_chooses_the_penalty(one_window) -> None:
    """By the deviance explained on held-out customers; a penalty that allows nothing is not chosen."""
    search = GridSearchCV(BGNBD(), {"penalizer": [1e-4, 1e4]}, cv=3).fit(*one_window)
    assert search.best_params_ == {"penalizer": 1e-4}
    assert search.best_score_ > 0


def test_a_grid_search_chooses_the_ridge(table, windows) -> None:
    """Over windows, whole customers held out; the activity of the base reaches every fit."""
    X, y = table
    past = X["as_of_day"] < windows.now.day
    folds = GroupKFold(2).split(X[past], groups=X.index[past])
    search = GridSearchCV(PurchaseModel(), {"ridge": [100.0, 1e9]}, cv=list(folds), refit=False)
    search.fit(X[past], y[past], activity=windows.past)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_cross_validation_ranks_models(one_window) -> None:
    """The deviance explained on held-out customers: BG/NBD beats the mean, which explains nothing."""
    btyd, mean = (cross_val_score(model, *one_window, cv=3).mean() for model in (BGNBD(), BaseRate()))
    assert btyd > 0.05
    assert mean == pytest.approx(0, abs=0.02)


def test_a_pipeline_forecasts_as_its_last_step(one_window) -> None:
    """A step before the model may change columns of the feature table."""
    X, y = one_window
    doubled = FunctionTransformer(lambda table: table.assign(T=2 * table["T"]))
    pipeline = Pipeline([("later", doubled), ("model", BGNBD())]).fit(X, y)
    alone = BGNBD().fit(X.assign(T=2 * X["T"]))
    np.testing.assert_array_equal(pipeline.predict(X), alone.expected_purchases(X.assign(T=2 * X["T"]), 90))


def test_rows_are_forecast_at_their_own_cutoff(purchase_model, windows) -> None:
    """The column `as_of_day` says when; without it a row is of the cutoff of the fit."""
    X, day = windows.now.features.iloc[:20], windows.now.day
    mixed = X.assign(as_of_day=np.where(np.arange(20) < 10, day, day + 45))
    found = purchase_model.expected_purchases(mixed, 30)
    np.testing.assert_array_equal(found[:10], purchase_model.expected_purchases(X.iloc[:10], 30))
    later = purchase_model.expected_purchases(X.iloc[10:].assign(as_of_day=day + 45), 30)
    np.testing.assert_allclose(found[10:], later, rtol=1e-12)


def test_the_latest_cutoff_has_each_customer_once() -> None:
    """Although a table has a row for each of its horizons; the latest known outcome is that of the longest."""
    X = pd.DataFrame({"as_of_day": [1, 1, 1, 1, 2, 2], "horizon_days": [30, 30, 60, 60, 30, 60]}, list("ababaa"))
    y = np.array([0, 1, 2, 3, np.nan, np.nan])
    assert latest_cutoff(X).index.tolist() == ["a"]
    known, outcome, horizon_days = latest_outcome(X, y)
    assert (known.index.tolist(), outcome.tolist(), horizon_days) == (["a", "b"], [2.0, 3.0], 60)
    with pytest.raises(TooLittleDataError, match="no known outcome"):
        latest_outcome(X, None)
    with pytest.raises(InvalidArgumentError, match="no column horizon_days"):
        latest_outcome(X[["as_of_day"]], y)


class Wrong(ForecasterMixin, BaseEstimator):  # type: ignore[misc]
    """A model that forecasts given numbers per day of the horizon."""

    def __init__(self, expected=0.1, none=0.95, power=1.0):
        self.expected, self.none, self.power = expected, none, power

    def fit(self, X, y=None):
        return self

    def expected_purchases(self, X, horizon_days):
        return np.full(len(X), self.expected * horizon_days**self.power)

    def no_purchase_probability(self, X, horizon_days):
        if self.none is None:
            raise KeyError("a column of its own")
        return np.full(len(X), self.none**horizon_days)


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (Wrong(np.nan), "Wrong breaks a law for 2 of 2 customers: nan expected purchases .* in 30 days"),
        (Wrong(0.001), "0.03 expected purchases and P.no purchase. 0.21.* in 30 days; .* >= 1 - P"),
        (Wrong(none=1.2), "breaks a law"),
        (Wrong(90.0, power=-0.5), "in 90 days; expected purchases must not fall"),
        (Wrong(none=None), "Wrong cannot forecast: KeyError: 'a column of its own'"),
    ],
)
def test_a_broken_law_is_one_line(model, line) -> None:
    """Not finite, fewer purchases than buyers, not a probability, falling with the horizon, or an exception."""
    with pytest.raises(ModelError, match=line) as caught:
        require_lawful(model, pd.DataFrame(index=["a", "b"]), (30, 90))
    assert "\n" not in str(caught.value)


def test_a_forecast_of_another_shape_is_refused() -> None:
    """One number for each customer is expected."""
    model = Wrong()
    model.expected_purchases = lambda X, horizon_days: np.zeros(3)
    with pytest.raises(ModelError, match=r"shapes \(3,\) and \(2,\), expected \(2,\)"):
        forecast(model, pd.DataFrame(index=["a", "b"]), 30)


def test_lawful_is_per_customer() -> None:
    """One bad row leaves the others."""
    expected, none = np.array([1.0, np.inf, 0.1, 0.5]), np.array([0.5, 0.5, 0.5, 1.5])
    assert lawful(expected, none).tolist() == [True, False, False, False]


@pytest.mark.parametrize("days", [-1, np.nan, np.inf, 1e13, [1, 2, 3], [[1, 2]], "ninety", None])
def test_a_bad_horizon_is_refused(days):
    """A horizon is a finite number of days, or one for each row; every model that takes several says so alike."""
    with pytest.raises(InvalidArgumentError, match=r"horizon_days .*expected .*(days|number|these)"):
        horizon_of_rows(days, 2)


@pytest.mark.parametrize("y", [[1.0], [[1.0, 2.0]], [-1.0, 2.0], [np.inf, 2.0], ["many", "few"]])
def test_a_bad_outcome_is_refused(y):
    """An outcome is a count of 0 or more for each row, or NaN."""
    with pytest.raises(InvalidArgumentError, match=r"y (has shape|is) .*expected"):
        outcome_of_rows(y, 2)


def test_outcomes_may_be_unknown():
    """NaN is kept; without any outcome all are unknown."""
    np.testing.assert_array_equal(outcome_of_rows([2, np.nan], 2), [2, np.nan])
    assert np.isnan(outcome_of_rows(None, 3)).tolist() == [True] * 3
