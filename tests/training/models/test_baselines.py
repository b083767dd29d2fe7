"""The naive forecasts: what they say is what their rule says."""

import numpy as np
import pandas as pd
import pytest

from features.errors import InvalidArgumentError
from training.models.baselines import BaseRate, OneColumn, OwnRate, Zero

X = pd.DataFrame({"purchase_days": [1.0, 4.0, 2.0, 9.0], "T": [0.0, 99.0, 199.0, 99.0], "days_since": [0, 5, 90, 1.0]})
CAME = np.array([0, 3, 0, 5])


def test_zero_says_that_nobody_buys():
    """Over any horizon, with a chance just short of certain."""
    model = Zero().fit(X.assign(horizon_days=30), CAME)
    assert (model.expected_purchases(X, 300) == 0).all()
    assert (model.no_purchase_probability(X, 300) > 0.999).all()


def test_the_base_rate_is_the_average_of_what_came():
    """In proportion to the horizon; its chance of none by the power."""
    model = BaseRate().fit(X.assign(horizon_days=30), CAME)
    assert (model.expected_purchases(X, 30) == 2.0).all()
    assert (model.expected_purchases(X, 90) == 6.0).all()
    assert model.no_purchase_probability(X, 30) == pytest.approx(0.5)
    assert model.no_purchase_probability(X, 60) == pytest.approx(0.25)


def test_the_own_rate_goes_on():
    """Purchase days over the days since the first, that day counted; a Poisson process."""
    model = OwnRate().fit(X.assign(horizon_days=30), CAME)
    assert model.expected_purchases(X, 50) == pytest.approx([50.0, 2.0, 0.5, 4.5])
    assert model.no_purchase_probability(X, 50)[1:] == pytest.approx(np.exp([-2.0, -0.5, -4.5]))


@pytest.mark.parametrize("rising", [True, False])
def test_one_column_is_put_to_what_came_monotonically(rising):
    """Never the other way round; and where it is already in order, to what came itself."""
    rng = np.random.default_rng(0)
    number = pd.DataFrame({"number": rng.normal(size=300)})
    came = rng.poisson(np.exp(number["number"] if rising else -number["number"]))
    model = OneColumn("number", rising).fit(number.assign(horizon_days=30), came)
    order = np.argsort(number["number"].to_numpy() * (1 if rising else -1))
    assert (np.diff(model.expected_purchases(number, 30)[order]) >= 0).all()
    assert (np.diff(model.no_purchase_probability(number, 30)[order]) <= 0).all()
    assert model.expected_purchases(number, 30).sum() == pytest.approx(came.sum())
    far = pd.DataFrame({"number": [-99.0, 99.0]})
    assert np.isfinite(model.expected_purchases(far, 30)).all()


def test_a_null_is_a_group_of_its_own():
    """Customers without the number are forecast what came of such; without any such, what came of all."""
    number = pd.DataFrame({"number": [np.nan, np.nan, 1.0, 2.0]})
    model = OneColumn("number", True).fit(number.assign(horizon_days=30), [4, 2, 0, 1])
    assert model.expected_purchases(number, 30) == pytest.approx([3.0, 3.0, 0.0, 1.0])
    known = OneColumn("number", True).fit(number.iloc[2:].assign(horizon_days=30), [0, 1])
    assert known.expected_purchases(number, 30)[:2] == pytest.approx([0.5, 0.5])
    nobody = OneColumn("number", True).fit(number.iloc[:2].assign(horizon_days=30), [4, 2])
    assert nobody.expected_purchases(number, 30) == pytest.approx([3.0] * 4)


def test_nonsense_is_refused_in_one_line():
    """Horizons below 0, null or of another shape, negative days or counts, and an outcome of no days."""
    model = OwnRate().fit(X.assign(horizon_days=30), CAME)
    for days in (-1, np.nan, [30, 60]):
        for forecast in (model.expected_purchases, model.no_purchase_probability, model.forecast):
            with pytest.raises(InvalidArgumentError, match="horizon_days"):
                forecast(X, days)
    with pytest.raises(InvalidArgumentError, match="T is negative in 4 rows"):
        model.expected_purchases(X.assign(T=-1.0), 30)
    with pytest.raises(InvalidArgumentError, match="horizon_days is 0 where y is known"):
        BaseRate().fit(X.assign(horizon_days=0), CAME)
    with pytest.raises(InvalidArgumentError, match="y is negative or infinite in 1 rows"):
        BaseRate().fit(X.assign(horizon_days=30), [0, -1, 2, 3])
