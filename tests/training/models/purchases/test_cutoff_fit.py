"""A standpoint: the model as it would have been fitted then, with a prior that only few customers notice."""

import numpy as np
import pandas as pd
import pytest

from training.models.btyd.bg_nbd import BGNBD
from training.models.purchases.cutoff_fit import PRIOR


def fitted(X):
    return BGNBD(penalizer=PRIOR / len(X)).fit(X), BGNBD().fit(X)


def test_a_large_base_does_not_notice_the_prior(draw):
    """With 20,000 customers the parameters are those of maximum likelihood, to a third of their standard errors."""
    X = draw["BGNBD"](0.6, 60.0, 0.8, 3.0, T=np.linspace(30, 400, 20_000), t=0.0, seed=4)
    with_prior, without = fitted(X)
    for name, value in without.params_.items():
        assert with_prior.params_[name] == pytest.approx(value, rel=0.01)
    expected = [model.expected_purchases(X, 180).sum() for model in (with_prior, without)]
    assert expected[0] == pytest.approx(expected[1], rel=0.001)


@pytest.mark.parametrize("customers", [1, 5, 200])
def test_a_base_without_repeat_purchases_may_yet_have_some(customers):
    """The forecast is small and above 0, and smaller the more customers have not come back."""
    X = pd.DataFrame({"frequency": 0.0, "recency": 0.0, "T": np.full(customers, 100.0)})
    model, _ = fitted(X)
    expected, none = model.expected_purchases(X, 90)[0], model.no_purchase_probability(X, 90)[0]
    assert 0.05 / customers < expected < 1 / customers + 0.1
    assert 0.5 < none < 1


def test_one_customer_who_never_fails_may_yet_leave():
    """Few histories do not push the model to the edge, where nobody ever leaves."""
    X = pd.DataFrame({"frequency": [9.0], "recency": [90.0], "T": [95.0]})
    with_prior, without = fitted(X)
    assert 0.01 < with_prior.no_purchase_probability(X, 90)[0] < 0.5
    assert without.no_purchase_probability(X, 90)[0] < 0.001
