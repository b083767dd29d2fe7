"""The factors of a forecast: they multiply to it, and each depends on its own covariates only."""

from dataclasses import replace

import numpy as np
import pytest

from features.as_of import AsOf
from features.definitions import FAMILIES
from reporting import explanations
from reporting.explanations import COVARIATE_GROUPS, covariate_groups, factor_names, forecast_factors
from training.models.purchases.adjustments import Adjustments
from training.models.purchases.covariates import COVARIATES
from training.models.purchases.declared import DeclaredCovariate

AS_OF, DAYS = "2024-03-01", 90


def test_factors_multiply_to_the_forecast(shop, report):
    """average * exp(sum of the factors) is the model's forecast, to 1e-9, for any horizon."""
    model = report.comparison.compared_model.model
    day = AsOf.parse(AS_OF, shop.timezone).day
    for days in (7, DAYS, 365):
        factors = forecast_factors(model.purchases, report.comparison.features, day, days)
        product = factors["average"] * np.exp(factors[factor_names(factors)].sum(axis=1))
        expected = model.predict(report.comparison.features, day, days)["expected_purchases"]
        assert product.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
        assert (factors["expected_purchases"] == expected).all()


def test_every_covariate_is_in_one_group():
    """No covariate is left out, and none is counted twice."""
    named = [name for names in COVARIATE_GROUPS.values() for name in names]
    assert sorted(named) == sorted(COVARIATES)


def test_declared_covariates_are_grouped_by_family(report):
    """Each group of the report's model has the columns of its family; those of a plugin have its name."""
    adjustments = report.comparison.compared_model.model.purchases.adjustments_
    groups = covariate_groups(adjustments)
    positions = sorted(position for group in groups.values() for position in group)
    assert positions == list(range(len(COVARIATES) + len(adjustments.declared)))
    named = {family.name: {column.name for column in family.columns} for family in FAMILIES}
    for group in set(groups) - set(COVARIATE_GROUPS):
        assert {adjustments.declared[position - len(COVARIATES)].column for position in groups[group]} <= named[group]
    assert {"visits", "feedback", "usage", "incentives"} <= set(groups)


def test_a_family_from_outside_has_a_group_of_its_own(monkeypatch):
    """Even if its name is that of another group."""
    trips = replace(FAMILIES[1], name="history", columns=(replace(FAMILIES[1].columns[0], name="trips"),))
    monkeypatch.setattr(explanations, "FAMILIES", (*FAMILIES, trips))
    adjustments = replace(Adjustments.identity(), declared=(DeclaredCovariate("trips", "log1p", 0.0),))
    assert covariate_groups(adjustments)["family_history"] == [len(COVARIATES)]


def test_fewer_visits_change_their_own_factor_only(shop, report):
    """The factor of visits holds the columns of visits, and nothing else moves with them."""
    features = report.comparison.features
    count, day = report.comparison.compared_model.model.purchases, AsOf.parse(AS_OF, shop.timezone).day
    before = forecast_factors(count, features, day, DAYS)
    changed = {name: features[name] + 5 for name, _, _ in count.adjustments_.declared if name.startswith("visits_")}
    assert changed
    after = forecast_factors(count, features.assign(**changed), day, DAYS)
    moved = [part for part in factor_names(before) if not np.allclose(before[part], after[part], rtol=0, atol=1e-12)]
    assert set(moved) - {"limits"} == {"visits"}


def test_the_basket_changes_its_own_factor_only(shop, report):
    """Other amounts change only the factor of the basket (and the limits)."""
    features = report.comparison.features
    count, day = report.comparison.compared_model.model.purchases, AsOf.parse(AS_OF, shop.timezone).day
    before = forecast_factors(count, features, day, DAYS)
    richer = forecast_factors(count, features.assign(basket_mean=features["basket_mean"] * 3), day, DAYS)
    same = [part for part in factor_names(before) if part not in ("basket", "limits")]
    assert np.allclose(before[same], richer[same], rtol=0, atol=1e-12)


def test_limits_are_mostly_nothing(report):
    """The effect of the model's limits is 0 for nearly all customers."""
    limits = report.tables["why"]["limits"].abs()
    assert (limits < 1e-9).mean() > 0.9
