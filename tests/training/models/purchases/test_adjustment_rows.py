"""The rows that adjustments are learnt from: one for each customer, past window and horizon, in their order."""

import numpy as np
import pytest

from training.models.purchases.adjustment_rows import WINSORIZED, AdjustmentRows
from training.models.purchases.training_set import TrainingSet


@pytest.fixture(scope="module")
def past(windows):
    return TrainingSet.of(*windows).past


@pytest.fixture(scope="module")
def rows(past):
    return AdjustmentRows.of(past)


def test_each_row_has_its_outcome_and_its_forecast(past, rows):
    """In the order of the windows; a group's cutoff and horizon are those of its window."""
    for group, (fit, days) in enumerate(past):
        own = rows.group == group
        np.testing.assert_array_equal(rows.y[own], fit.window.purchases[days])
        np.testing.assert_allclose(np.exp(rows.log_count[own]), fit.expected_purchases(days))
        np.testing.assert_allclose(np.exp(-np.exp(rows.log_hazard[own])), fit.no_purchase_probability(days))
        assert (rows.cutoffs[group], rows.horizons[group]) == (fit.window.day, days)


def test_a_customer_has_one_number(past, rows):
    """In all windows; customers and numbers are as many."""
    ids = np.concatenate([fit.window.features.index.to_numpy(object) for fit, _ in past])
    assert len(set(zip(ids, rows.customer, strict=True))) == len(set(ids)) == rows.customer.max() + 1


def test_covariates_are_standardised_and_clipped(rows):
    """Before they are clipped their mean is 0 and their standard deviation 1; one in a thousand is at either bound."""
    np.testing.assert_array_equal(rows.X, np.clip(rows.X, rows.lowest, rows.highest))
    varied = rows.highest > rows.lowest
    assert (np.abs(rows.X.mean(axis=0)) < 0.05).all()
    assert (rows.X.std(axis=0)[varied] < 1.01).all()
    assert ((rows.X[:, varied] == rows.highest[varied]).mean(axis=0) >= WINSORIZED).all()
