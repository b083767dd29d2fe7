"""The table of the compiled purchase model: each of its steps is that of one customer and of the estimator."""

import numpy as np
import pytest

from features.errors import ModelError
from training.models.compiled.purchases import COLUMNS, CompiledPurchases, purchase_numbers
from training.models.compiled.purchases_table import PurchasesTable


@pytest.fixture(scope="module")
def one(purchase_model):
    return CompiledPurchases(purchase_numbers(purchase_model))


def test_adjusted_time_is_that_of_one_customer(one):
    """Whole days and fractions, decades before and after the fit."""
    days = np.random.default_rng(0).integers(-10_000, 60_000, 300) / 2
    found = PurchasesTable(one)._adjusted_time(days)
    np.testing.assert_allclose(found, [one._adjusted_time(day) for day in days.tolist()], rtol=1e-13)


def test_adjusted_histories_are_those_of_the_season(one, purchase_model, windows):
    """Frequency, recency and T, rounded alike."""
    features, day = windows.now.features, windows.now.day
    rfm = PurchasesTable(one)._adjusted_rfm(*(features[name].to_numpy() for name in ("frequency", "recency", "T")), day)
    np.testing.assert_array_equal(np.transpose(rfm), purchase_model.seasonality_.adjusted_rfm(features, day))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_the_row_that_no_buyer_can_have_is_named(one, windows, value):
    """Wherever it stands among the others."""
    columns = windows.now.features[list(COLUMNS)].to_numpy().T.copy()
    columns[COLUMNS.index("T"), 7] = value
    with pytest.raises(ModelError, match=f"buyer hold T {value}: expected finite"):
        PurchasesTable(one).forecast(columns, windows.now.day, 30)


def test_an_empty_table_has_no_rows(one):
    """No customer, no forecast, no error."""
    assert PurchasesTable(one).forecast(np.zeros((len(COLUMNS), 0)), 18_000, 30).shape == (4, 0)
