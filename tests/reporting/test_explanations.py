"""The factors of a forecast: they multiply to it, and each depends on its own covariates only."""

import numpy as np
import pytest

from features.as_of import AsOf
from reporting.explanations import COVARIATE_GROUPS, FACTORS, forecast_factors
from training.models.purchases.covariates import COVARIATES

AS_OF, DAYS = "2024-03-01", 90


def test_factors_multiply_to_the_forecast(shop, report):
    """average * exp(sum of the factors) is the model's forecast, to 1e-9, for any horizon."""
    model = report.comparison.compared_model.model
    day = AsOf.parse(AS_OF, shop.timezone).day
    for days in (7, DAYS, 365):
        factors = forecast_factors(model.purchases, report.comparison.features, day, days)
        product = factors["average"] * np.exp(factors[list(FACTORS)].sum(axis=1))
        expected = model.predict(report.comparison.features, day, days)["expected_purchases"]
        assert product.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
        assert (factors["expected_purchases"] == expected).all()


def test_every_covariate_is_in_one_group():
    """No covariate is left out, and none is counted twice."""
    named = [name for names in COVARIATE_GROUPS.values() for name in names]
    assert sorted(named) == sorted(COVARIATES)


def test_the_basket_changes_its_own_factor_only(shop, report):
    """Other amounts change only the factor of the basket (and the limits)."""
    features = report.comparison.features
    count, day = report.comparison.compared_model.model.purchases, AsOf.parse(AS_OF, shop.timezone).day
    before = forecast_factors(count, features, day, DAYS)
    richer = forecast_factors(count, features.assign(basket_mean=features["basket_mean"] * 3), day, DAYS)
    same = [part for part in FACTORS if part not in ("basket", "limits")]
    assert np.allclose(before[same], richer[same], rtol=0, atol=1e-12)


def test_limits_are_mostly_nothing(report):
    """The effect of the model's limits is 0 for nearly all customers."""
    limits = report.tables["why"]["limits"].abs()
    assert (limits < 1e-9).mean() > 0.9
