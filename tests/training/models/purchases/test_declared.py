"""Declared covariates: a column reaches the model by its definition, or changes nothing."""

import pickle
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from features.definitions import FEATURE_COLUMNS
from features.definitions.specs import COVARIATE_TRANSFORMS, FeatureColumn
from features.errors import ModelError
from features.simulate import Truth, simulate
from tests.training.logs import START, stored
from tests.training.training_sets import TrainingWindows, fitted, table, windows_at
from training.models.purchases import declared
from training.models.purchases.covariates import COVARIATES
from training.models.purchases.declared import TRANSFORMS, DeclaredCovariate, fit_declared, with_declared

NAN = np.nan


def declare(monkeypatch, **transforms):
    """Declare these columns of the feature table, new ones too, and no others."""
    known = {column.name: replace(column, covariate="") for column in FEATURE_COLUMNS}
    chosen = {
        name: replace(known.get(name, FeatureColumn(name, "", "", "0")), covariate=transform)
        for name, transform in transforms.items()
    }
    monkeypatch.setattr(declared, "FEATURE_COLUMNS", tuple((known | chosen).values()))


def numbers(model):
    """All numbers of a fitted model that its forecasts depend on, to the last bit."""
    return pickle.dumps([model.adjustments_, model.level_, model.interval_contents_, model.bg_nbd_.params_])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Windows of a shop with visits, feedback, usage and incentives; the next 90 days are known."""
    truth = Truth(start=START, days=660, acquisition_days=440)
    store = stored(simulate(truth, 500, 3, block=500)[0], tmp_path_factory.mktemp("visited"))
    return windows_at(store, START + timedelta(540), [90])


@pytest.mark.parametrize(
    ("transform", "values", "expected"),
    [
        ("identity", [-2.0, 0.0, 3.0, NAN], [-2.0, 0.0, 3.0, NAN]),
        ("log1p", [-1.0, -0.5, 0.0, 3.0], [NAN, np.log(0.5), 0.0, np.log(4)]),
        ("log", [-1.0, 0.0, 1.0, 3.0], [NAN, NAN, 0.0, np.log(3)]),
        ("signed_log1p", [-3.0, 0.0, 3.0, NAN], [-np.log(4), 0.0, np.log(4), NAN]),
        ("logit", [-0.1, 0.0, 0.005, 0.5], [NAN, -np.log(99), -np.log(99), 0.0]),
        ("logit", [0.75, 1.0, 1.1], [np.log(3), np.log(99), NAN]),
    ],
)
def test_transforms_by_hand(transform, values, expected):
    """Not a number outside of the domain; shares count as 1 to 99 per cent."""
    assert TRANSFORMS[transform](np.array(values)) == pytest.approx(expected, nan_ok=True)


def test_the_transforms_are_those_that_a_definition_may_name():
    """Each name of the definitions has a function, and no function lacks a name."""
    assert tuple(TRANSFORMS) == COVARIATE_TRANSFORMS


def test_a_null_counts_as_the_mean_and_a_constant_is_left_out(monkeypatch):
    """So does an infinite value; a column of one value, or of none, is no covariate."""
    declare(monkeypatch, basket_max="log", usage_30="log1p", return_share="logit", visit_count="identity")
    table = pd.DataFrame(
        {
            "basket_max": [1.0, np.e, NAN, -5.0],
            "usage_30": [0.0, 0.0, 0.0, 0.0],
            "return_share": [NAN, NAN, 0.3, NAN],
            "visit_count": [0.0, 3.0, np.inf, NAN],
        }
    )
    found = fit_declared([table.iloc[:2], table.iloc[2:]])
    assert found == (DeclaredCovariate("basket_max", "log", 0.5), DeclaredCovariate("visit_count", "identity", 1.5))
    values = with_declared(np.zeros((4, 1)), table, found)
    np.testing.assert_allclose(values, [[0, 0, 0], [0, 1, 3], [0, 0.5, 1.5], [0, 0.5, 1.5]])


def test_a_log_of_purchases_alone_gives_the_model_without_declared_covariates(windows, monkeypatch):
    """To the last bit, whatever is declared of visits, feedback, usage and incentives."""
    families = ("visit", "feedback", "usage", "incentive")
    names = [column.name for column in FEATURE_COLUMNS if any(word in column.name for word in families)]
    assert len(names) > 30
    declare(monkeypatch, **dict.fromkeys(names, "signed_log1p"))
    with_all = fitted(windows)
    declare(monkeypatch)
    assert numbers(fitted(windows)) == numbers(with_all)


def test_one_word_in_a_definition_carries_a_column_into_the_forecast(shop, monkeypatch):
    """Who has the column buys more in every window: the model learns it, and forecasts it where it is seen."""
    declare(monkeypatch, medal="identity")

    def with_medals(window):
        medal = np.random.default_rng(len(window.features)).random(len(window.features)) < 0.5
        purchases = {days: counts * np.where(medal, 2, 1) for days, counts in window.purchases.items()}
        return replace(window, features=window.features.assign(medal=medal.astype(float)), purchases=purchases)

    now, earlier, past = TrainingWindows(with_medals(shop.now), [with_medals(each) for each in shop.earlier], shop.past)
    model = fitted(TrainingWindows(now, earlier, past))
    assert [name for name, _, _ in model.adjustments_.declared] == ["medal"]
    with_, without = (model.expected_purchases(now.features.assign(medal=medal), 90).sum() for medal in (1.0, 0.0))
    assert 1.3 < with_ / without < 2.2


def test_the_built_in_covariates_are_before_the_declared_ones(shop):
    """Their values are those of a model without declared covariates."""
    model = fitted(shop)
    rfm = model.seasonality_.adjusted_rfm(shop.now.features, shop.now.day)
    X = model.covariates(shop.now.features, rfm, shop.now.day)
    assert X.shape == (len(shop.now.features), len(COVARIATES) + len(model.adjustments_.declared))
    assert np.isfinite(X).all()


def test_adjustments_of_earlier_versions_have_no_declared_covariates(purchase_model, windows):
    """A pickle without the attribute loads, and forecasts the same to the last bit."""
    old = pickle.loads(pickle.dumps(purchase_model))
    del old.adjustments_.__dict__["declared"]
    old = pickle.loads(pickle.dumps(old))
    expected, found = (table(model, windows.now.features, windows.now.day, 90) for model in (purchase_model, old))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_what_a_model_needs_is_named():
    """A column that is not in the feature table, and a transform of another version."""
    table = pd.DataFrame({"medal": [1.0]})
    with pytest.raises(ModelError, match="the features lack trips, covariates of the model: install the plugin"):
        with_declared(np.zeros((1, 1)), table, [DeclaredCovariate("trips", "log1p", 0.0)])
    with pytest.raises(ModelError, match="needs the transform 'sqrt', expected one of identity, log1p"):
        with_declared(np.zeros((1, 1)), table, [DeclaredCovariate("medal", "sqrt", 0.0)])
