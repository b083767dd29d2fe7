"""One customer's forecast from plain numbers: the same as the estimators', for every shape that a fit may have."""

import json
import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.atomic_file import file_digest
from features.definitions import FEATURE_NAMES
from features.errors import InvalidArgumentError, ModelError
from tests.training.stand_in import customer_model as stand_in
from tests.training.stand_in import purchase_model as plain_count
from training.models.bundle import OUTPUTS
from training.models.compiled import purchases as counts
from training.models.compiled.compiled_model import CompiledModel, Forecast
from training.models.purchases.adjustments import Hinge
from training.models.purchases.constants import PURCHASE_WINDOWS
from training.models.purchases.covariate_values import COVARIATES
from training.models.purchases.declared import DeclaredCovariate
from training.models.purchases.level_variance import LevelVariance
from training.models.purchases.model import PurchaseModel
from training.models.purchases.seasonality import Seasonality
from training.models.spend.model import SpendModel
from training.parity import require_equal, with_edge_values

ROOT = Path(__file__).parents[4]


def spend_model(kind, customers):
    """A spend model of that kind, taught by the customers' own figures."""
    rng = np.random.default_rng(0)
    model = SpendModel()
    model.kind_, model.mean_, model.deviance_ = kind, 31.25, {}
    if kind != "mean":
        each = customers["basket_mean"].fillna(20).to_numpy() * rng.lognormal(0, 0.4, len(customers))
        model.model_ = model._fitted(kind, customers, np.maximum(each, 0.1), np.ones(len(customers)))
    return model


def seasonal(model):
    """The model in a clock with a season."""
    season = (0.4, -0.2, 0.1, 0.1, 0.0, 0.05)
    changed = PurchaseModel()
    changed.__dict__.update(model.__dict__, seasonality_=Seasonality(model.day_, season))
    return changed


DECLARED = (
    DeclaredCovariate("days_since_last_visit", "log1p", 4.0),
    DeclaredCovariate("visit_satisfaction_mean", "identity", 6.5),
    DeclaredCovariate("feedback_trend", "signed_log1p", 0.1),
    DeclaredCovariate("usage_90", "log", 0.7),
    DeclaredCovariate("incentive_redemption_share", "logit", -1.0),
)


def with_declared(model):
    """The model with a covariate of each transform, and with hinges, that move a forecast."""
    extended = {
        name: np.append(getattr(model.adjustments_, name), np.full(len(DECLARED), value))
        for name, value in (("mean", 0.5), ("scale", 1.5), ("lowest", -2.0), ("highest", 2.5))
    }
    slopes = np.linspace(-0.2, 0.3, len(DECLARED))
    extended |= {
        name: np.append(getattr(model.adjustments_, name), slopes) for name in ("count_slopes", "no_purchase_slopes")
    }
    changed = PurchaseModel()
    hinges = (Hinge(6, 0.3, 0.2, -0.1), Hinge(len(COVARIATES), -0.5, -0.1, 0.2), Hinge(6, -1.0, 0.1, 0.1))
    adjustments = replace(model.adjustments_, declared=DECLARED, hinges=hinges, **extended)
    changed.__dict__.update(model.__dict__, adjustments_=adjustments, shortest_intervals_=True)
    changed.level_variance_ = LevelVariance(0.01, 0.02)
    return changed


@pytest.fixture(scope="module", params=["corrected", "declared", "seasonal", "plain"])
def model(request, purchase_model, windows):
    """What a shop of 500 teaches, with trees; with declared covariates; in season, with Gamma-Gamma; BG/NBD alone."""
    customers = windows.now.features
    parts = {
        "corrected": (purchase_model, "trees"),
        "declared": (with_declared(purchase_model), "trees"),
        "seasonal": (seasonal(purchase_model), "gamma-gamma"),
        "plain": (plain_count(), "mean"),
    }
    count, kind = parts[request.param]
    return replace(stand_in(), purchases=count, spend=spend_model(kind, customers))


@pytest.fixture(scope="module")
def compiled_model(model, tmp_path_factory):
    """The compiled model as it comes back from its file."""
    path = tmp_path_factory.mktemp("compiled") / "compiled.json"
    return CompiledModel.load(path, CompiledModel.of(model).save(path))


@pytest.mark.parametrize("days", [1, 7, 45, 365, 730, 3650])
def test_every_customer_of_a_shop_has_the_forecast_of_the_estimators(model, compiled_model, windows, days):
    """At the date of the fit and weeks after it: the interval the same, the rest to 1e-9."""
    for day in (windows.now.day, windows.now.day + 40):
        features = with_edge_values(windows.now.features, model.purchases.adjustments_.declared)
        require_equal(model, compiled_model, features, day, days)


null, money = st.just(math.nan), st.floats(0, 1e6)


@st.composite
def buyers(draw):
    """Any row of a buyer that keeps the null rules of its columns; counts up to thousands, times from 0 on."""
    T = draw(st.one_of(st.just(0), st.integers(0, 400), st.integers(0, 40_000)))
    recency = draw(st.integers(0, T))
    frequency = draw(st.one_of(st.integers(1, recency), st.just(recency))) if recency else 0
    row = dict.fromkeys(FEATURE_NAMES, math.nan) | {"frequency": frequency, "recency": recency, "T": T}
    row["purchase_days"] = frequency + 1
    for column, _, _ in PURCHASE_WINDOWS.values():
        row[column] = draw(st.integers(0, 365))
    for column in ("gap_mean", "gap_last", "gap_std", "overdue_ratio"):
        row[column] = draw(st.one_of(null, st.floats(0.5, 1e4))) if frequency else math.nan
    for column in ("monetary_value", "basket_mean", "basket_max", "basket_last"):
        row[column] = draw(st.one_of(null, money, st.just(0.0), st.floats(-1e4, 0)))
    for column, _, _ in DECLARED:
        row[column] = draw(st.one_of(null, st.floats(-10, 10), st.floats(0, 1), st.floats(-1e9, 1e9)))
    return {name: float(value) for name, value in row.items()}


@settings(deadline=None, max_examples=150)
@given(row=buyers(), later=st.integers(-30, 5_000), days=st.integers(1, 3650))
def test_any_row_has_the_forecast_of_the_estimators(model, compiled_model, row, later, days):
    """No purchase but the first, today's, a thousand of them, amounts unknown or negative: there is no other number."""
    require_equal(model, compiled_model, pd.DataFrame([row], ["c"]), model.purchases.day_ + later, days)


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(buyers(), min_size=1, max_size=30), later=st.integers(-30, 5_000), days=st.integers(1, 3650))
def test_a_table_has_the_forecasts_of_each_row(model, compiled_model, rows, later, days):
    """Whoever changes the form for one customer or that for many sees the other differ: intervals equal, else 1e-9."""
    day = model.purchases.day_ + later
    never = dict.fromkeys(FEATURE_NAMES, 0.0)
    values = np.array([list(row.values()) for row in (*rows, never)])
    found = compiled_model.predict_table(values, day, days)
    one = np.array([compiled_model.predict(row, day, days) for row in values.tolist()])
    np.testing.assert_allclose(found, one, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found[:, 1:3], one[:, 1:3])


@pytest.mark.parametrize(("days", "rate", "steps"), [(1, 0.1, None), (90, 0.0, 3), (1095, 0.1, None), (365, -0.5, 7)])
def test_the_value_of_customers_is_that_of_the_estimators(model, compiled_model, windows, days, rate, steps):
    """To 1e-9, NaN for who never bought; another horizon and rate are refused alike."""
    features = with_edge_values(windows.now.features, model.purchases.adjustments_.declared)
    features.loc[features.index[3], "purchase_days"] = 0.0
    found = compiled_model.customer_value(features.to_numpy(), windows.now.day, days, rate, steps)
    expected = model.customer_value(features, windows.now.day, days, rate, steps)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert np.isnan(found[3])
    with pytest.raises(InvalidArgumentError, match="discount_rate is -1"):
        compiled_model.customer_value(features.to_numpy(), windows.now.day, days, -1.0)


def test_a_row_of_a_table_costs_at_most_six_microseconds(model, compiled_model, windows):
    """Processor time at 10,000 rows of ninety days, the best of five rounds."""
    features = with_edge_values(windows.now.features, model.purchases.adjustments_.declared).to_numpy()
    rows, best = np.resize(features, (10_000, features.shape[1])), math.inf
    for _ in range(5):
        start = time.process_time()
        compiled_model.predict_table(rows, windows.now.day, 90)
        best = min(best, (time.process_time() - start) / len(rows))
    assert best < 6e-6


def test_who_never_bought_has_no_forecast(compiled_model):
    """Five nulls, under the names of the estimators' columns."""
    assert Forecast._fields == OUTPUTS
    for nothing in (0.0, math.nan):
        found = compiled_model.predict([nothing] * len(FEATURE_NAMES), 20_000, 30)
        assert all(math.isnan(each) for each in found)


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
@pytest.mark.parametrize("column", ["frequency", "T", "purchase_days_90"])
def test_what_every_buyer_has_may_not_be_absent(compiled_model, windows, column, value):
    """A null, an infinite or a negative count or time is named, rather than carried into a forecast."""
    row = windows.now.features.iloc[0].to_dict() | {column: value}
    with pytest.raises(ModelError, match=f"buyer hold {column} {value}: expected finite numbers, 0 or more"):
        compiled_model.predict(list(row.values()), windows.now.day, 30)


def test_numbers_come_back_from_the_file_to_the_last_bit(model, compiled_model, windows):
    """What is loaded is what was compiled, and forecasts the very same."""
    compiled = CompiledModel.of(model)
    assert json.dumps(compiled_model.numbers) == json.dumps(compiled.numbers)
    for row in windows.now.features.head(50).to_numpy().tolist():
        assert compiled_model.predict(row, windows.now.day, 61) == compiled.predict(row, windows.now.day, 61)


def test_a_row_costs_a_fraction_of_a_millisecond(compiled_model, windows):
    """Processor time, the best of five rounds over the shop's customers."""
    rows, best = windows.now.features.to_numpy().tolist(), math.inf
    for _ in range(5):
        start = time.process_time()
        for row in rows:
            compiled_model.predict(row, windows.now.day, 90)
        best = min(best, (time.process_time() - start) / len(rows))
    assert best < 0.3e-3


def test_what_is_remembered_of_dates_and_horizons_is_bounded(compiled_model, windows):
    """However many are asked for."""
    row = windows.now.features.iloc[0].tolist()
    for days in range(1, counts.CACHED_HORIZONS + 100):
        compiled_model.predict(row, windows.now.day, days)
    assert compiled_model._purchases.at_horizon.cache_info().currsize == counts.CACHED_HORIZONS
    assert compiled_model._purchases._nodes.cache_info().maxsize == counts.CACHED_NODES


LIGHT = """
import sys
from training.models.compiled.compiled_model import CompiledModel
model = CompiledModel.load(sys.argv[1])
found = model.predict([3.0] * 200, 20_000, 90)
import numpy
assert numpy.allclose(model.predict_table(numpy.full((9, 200), 3.0), 20_000, 90), found)
heavy = {"pandas", "scipy", "sklearn", "joblib", "numba", "pyarrow", "mlflow"}
print(found.low <= found.expected_purchases, heavy & set(sys.modules))
"""


def test_it_needs_none_of_the_large_libraries(model, tmp_path):
    """A process that loads and asks it has imported neither pandas nor SciPy nor scikit-learn, nor unpickled."""
    CompiledModel.of(model).save(tmp_path / "compiled.json")
    command = [sys.executable, "-c", LIGHT, tmp_path / "compiled.json"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True set()"


def test_another_file_is_refused(model, tmp_path):
    """Absent, of another digest, no JSON, of another form, or for columns of another version: each in one line."""
    path = tmp_path / "compiled.json"
    with pytest.raises(ModelError, match="is not there: publish"):
        CompiledModel.load(path)
    assert CompiledModel.of(model).save(path) == file_digest(path)
    with pytest.raises(ModelError, match="expected 000000000000: refused"):
        CompiledModel.load(path, "0" * 64)
    numbers = json.loads(path.read_text())
    for text, told in (
        ("{", "holds no compiled model"),
        ("[]", "not of form 1"),
        (json.dumps(numbers | {"form": 0}), "not of form 1"),
        (json.dumps(numbers | {"columns": ["shoe_size"]}), "needs shoe_size"),
        (json.dumps(numbers | {"count": {}}), "holds no compiled model"),
    ):
        path.write_text(text)
        with pytest.raises(ModelError, match=told):
            CompiledModel.load(path)


def test_only_a_model_with_declared_covariates_has_the_second_form(model):
    """Numbers of earlier versions lack the key, and stay as they were; the others name each column and transform."""
    numbers = CompiledModel.of(model).numbers
    declared = [list(covariate) for covariate in model.purchases.adjustments_.declared]
    assert numbers["form"] == (2 if declared else 1)
    assert numbers["count"].get("declared", []) == declared
    assert ("declared" in numbers["count"]) == bool(declared)
    assert {name for name, _, _ in declared} == {name for name, _, _ in DECLARED} & set(numbers["columns"])


def test_a_covariate_of_an_absent_plugin_is_named(model):
    """The line says what is missing and what to do."""
    numbers = json.loads(json.dumps(CompiledModel.of(model).numbers))
    numbers["columns"].append("trips")
    with pytest.raises(ModelError, match="needs trips, which this version has not: install the plugin that defines"):
        CompiledModel(numbers)


def test_a_model_of_another_make_is_not_compiled(model):
    """Its kind is named."""
    with pytest.raises(ModelError, match="purchase model is a dict"):
        CompiledModel.of(replace(model, purchases={}))
    with pytest.raises(ModelError, match="spend model is a dict"):
        CompiledModel.of(replace(model, spend={}))
