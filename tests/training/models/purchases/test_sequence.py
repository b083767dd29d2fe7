"""The sequence of purchases changes forecasts where past windows show that it helps, and nowhere else."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import mean_poisson_deviance

from tests.training.logs import START, stored
from tests.training.training_sets import windows_at
from training.models.compiled.purchases import COLUMNS, CompiledPurchases, purchase_numbers
from training.models.forecaster import require_lawful
from training.models.purchases import sequence
from training.models.purchases.model import PurchaseModel
from training.models.purchases.training_set import TrainingSet
from training.models.window import PurchaseDays
from training.windows import purchase_days

CUTOFF = START + timedelta(240)
CUSTOMERS, DAYS = 500, 270


def clumps():
    """Customers who buy every third day of some weeks, not at all in others: the last weeks say when they buy next."""
    rng = np.random.default_rng(0)
    switches = rng.random((CUSTOMERS, DAYS)) < 0.04
    buying = (rng.integers(0, 2, (CUSTOMERS, 1)) + np.cumsum(switches, axis=1)) % 2 == 1
    rate = rng.uniform(0.1, 0.6, (CUSTOMERS, 1))
    customer, day = np.nonzero(rng.random(buying.shape) < rate * buying)
    return pa.table(
        {
            "customer_id": [f"c{number:03}" for number in customer],
            "event_time": pa.array([datetime.combine(START + timedelta(int(d)), time(12)) for d in day]),
            "event_type": ["purchase"] * len(day),
            "amount": np.full(len(day), 10.0),
        }
    )


def training_set(store):
    windows = windows_at(store, CUTOFF, [30], horizons=[30, 90])
    return TrainingSet.of(*windows, purchase_days(store, CUTOFF, windows.now.features))


def fit(training_set):
    return PurchaseModel().fit(training_set.current.window.features, training_set=training_set)


def without(training_set):
    return replace(training_set, purchase_days=None)


@pytest.fixture(scope="module")
def clumpy(tmp_path_factory):
    return training_set(stored(clumps(), tmp_path_factory.mktemp("clumpy")))


@pytest.fixture(scope="module")
def model(clumpy):
    return fit(clumpy)


def test_the_sequence_of_clumps_helps(clumpy, model):
    """Counts of the month after the cutoff are forecast with less deviance, and the total stays the same."""
    window = clumpy.current.window
    forecasts = [each.forecast(window.features, 30)[0] for each in (fit(without(clumpy)), model)]
    assert model.adjustments_.hinges
    assert mean_poisson_deviance(window.purchases[30], forecasts[1]) < mean_poisson_deviance(
        window.purchases[30], forecasts[0]
    )
    assert model.forecast(window.features, 90)[0].sum() == pytest.approx(
        fit(without(clumpy)).forecast(window.features, 90)[0].sum(), rel=1e-3
    )


def test_laws_hold_with_the_sequence(clumpy, model):
    """Counts grow and P(no purchase) falls with the horizon, within and beyond what was learnt from."""
    require_lawful(model, clumpy.current.window.features, (1, 7, 30, 90, 180, 365, 730))


def test_the_compiled_form_has_the_sequence(clumpy, model):
    """Equal to 1e-9 for every customer."""
    features, day = clumpy.current.window.features, clumpy.current.window.day
    compiled = CompiledPurchases(purchase_numbers(model))
    rows = features[list(COLUMNS)].astype(float).to_numpy()
    for days in (7, 90, 400):
        found = np.array([compiled.forecast(row.tolist(), day, days) for row in rows])
        expected, none = model.forecast(features, days)
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found[:, 3], none, rtol=1e-9, atol=1e-9)


def test_shuffled_weeks_say_nothing(clumpy):
    """The same counts on random days of each customer's past leave the adjustments as they are, or nearly."""
    days, cutoff = clumpy.purchase_days, clumpy.current.window.day
    age = clumpy.current.window.features["T"].to_numpy().astype(int)[days.customer]
    random = cutoff - 1 - np.random.default_rng(0).integers(0, np.maximum(age, 1))
    shuffled = replace(clumpy, purchase_days=PurchaseDays(days.customer, random))
    plain = fit(without(clumpy)).adjustments_
    found = fit(shuffled).adjustments_
    X = plain.covariates(clumpy.current.covariates, clumpy.current.window.features)
    with_sequence, as_before = found.log_factors(X)[0], plain.log_factors(X)[0]
    told = fit(clumpy).adjustments_.log_factors(X)[0]
    assert np.abs(with_sequence - as_before).mean() < np.abs(told - as_before).mean() / 2


def test_without_purchase_days_or_many_purchases_nothing_changes(clumpy, monkeypatch):
    """The very same adjustments."""
    adjustments = fit(without(clumpy)).adjustments_
    assert sequence.with_sequence(adjustments, without(clumpy), None) is adjustments
    monkeypatch.setattr(sequence, "MIN_MEAN_FREQUENCY", 1e6)
    assert sequence.with_sequence(adjustments, clumpy, None) is adjustments


def test_a_sample_of_customers_is_the_same_at_every_cutoff(clumpy, monkeypatch):
    """So the past of those it learns from is theirs."""
    monkeypatch.setattr(sequence, "MAX_CUSTOMERS", 100)
    chosen = {fit.window.day: set(fit.window.features.index[sequence._chosen(clumpy, fit)]) for fit, _ in clumpy.past}
    current = set(clumpy.current.window.features.index[sequence._chosen(clumpy, clumpy.current)])
    assert 50 <= len(current) <= 100
    assert all(customers <= current for customers in chosen.values())
    assert sequence.with_sequence(fit(without(clumpy)).adjustments_, clumpy, None) is not None
