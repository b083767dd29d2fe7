"""Why: the factors of a forecast multiply to it, and each says what its signals say."""

import numpy as np
import pytest

from features.as_of import AsOf
from reporting.explanations import COVARIATE_GROUPS, FACTORS, forecast_factors
from training.models.purchases.covariates import COVARIATES

AS_OF, DAYS = "2024-03-01", 90


def test_factors_multiply_to_the_forecast(shop, report):
    """average * exp(sum of the parts) is what the model expects, to 1e-9, over any horizon."""
    model = report.comparison.compared_model.model
    day = AsOf.parse(AS_OF, shop.timezone).day
    for days in (7, DAYS, 365):
        why = forecast_factors(model.purchases, report.comparison.features, day, days)
        told = why["average"] * np.exp(why[list(FACTORS)].sum(axis=1))
        expected = model.predict(report.comparison.features, day, days)["expected_purchases"]
        assert told.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
        assert (why["expected_purchases"] == expected).all()


def test_every_signal_is_in_one_group():
    """Nothing that moves a forecast is left untold, and nothing is told twice."""
    named = [name for names in COVARIATE_GROUPS.values() for name in names]
    assert sorted(named) == sorted(COVARIATES)


def test_the_basket_moves_the_basket_alone(shop, report):
    """Other amounts change no part but that of the basket (and the limits)."""
    features = report.comparison.features
    count, day = report.comparison.compared_model.model.purchases, AsOf.parse(AS_OF, shop.timezone).day
    before = forecast_factors(count, features, day, DAYS)
    richer = forecast_factors(count, features.assign(basket_mean=features["basket_mean"] * 3), day, DAYS)
    same = [part for part in FACTORS if part not in ("basket", "limits")]
    assert np.allclose(before[same], richer[same], rtol=0, atol=1e-12)


def test_limits_are_mostly_nothing(report):
    """What the model's limits took or gave is 0 for nearly all customers."""
    limits = report.tables["why"]["limits"].abs()
    assert (limits < 1e-9).mean() > 0.9
