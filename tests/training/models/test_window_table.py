"""Windows as one table and back: nothing is lost, and a fit to the table is the fit to the windows."""

import numpy as np
import pandas as pd

from training.models.purchases.model import PurchaseModel
from training.models.window import Window
from training.models.window_table import from_table, to_table


def test_windows_come_back_from_their_table(windows) -> None:
    """Cutoffs, customers, features and outcomes; the current window without its outcome."""
    X, y = to_table(windows.now, windows.earlier, 90)
    assert np.isnan(y[X["as_of_day"] == windows.now.day]).all()
    current, earlier = from_table(X, y)
    assert (current.day, current.purchases) == (windows.now.day, {})
    pd.testing.assert_frame_equal(current.features, windows.now.features)
    assert [window.day for window in earlier] == [window.day for window in windows.earlier]
    for found, given in zip(earlier, windows.earlier, strict=True):
        pd.testing.assert_frame_equal(found.features, given.features)
        assert found.purchases.keys() == given.purchases.keys()
        for days, purchases in given.purchases.items():
            np.testing.assert_array_equal(found.purchases[days], purchases)


def test_a_fit_to_the_table_is_the_fit_to_the_windows(windows, purchase_model) -> None:
    """To the last bit, so that scikit-learn's tools and `regulars fit` have one model."""
    model = PurchaseModel().fit(*to_table(windows.now, windows.earlier, 90), activity=windows.past)
    X = windows.now.features
    for days in (30, 400):
        for found, expected in zip(model.forecast(X, days), purchase_model.forecast(X, days), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_customers_without_every_outcome_are_left_out_of_a_window() -> None:
    """As in a fold of a cross-validation, which draws rows."""
    features = pd.DataFrame({"T": [5.0, 6.0, 7.0]}, index=pd.Index(["a", "b", "c"], name="customer_id"))
    earlier = Window(1, features, {30: np.array([1, 2, 3]), 60: np.array([4, 5, 6])}, {})
    X, y = to_table(Window(100, features, {}, {}), [earlier], 30)
    keep = np.ones(len(y), bool)
    keep[[1, 5]] = False
    _, [found] = from_table(X[keep], y[keep])
    assert found.features.index.tolist() == ["a"]
    assert {days: counts.tolist() for days, counts in found.purchases.items()} == {30: [1], 60: [4]}
