"""The comparison: the same customers on every side, none dropped, and a model without later knowledge."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import HorizonNotOverError, ModelError, TooLittleDataError
from features.loyalty.formula import load_formula
from reporting import comparison
from reporting.comparison import compare, model_as_of
from tests.training.stand_in import customer_model

AS_OF, DAYS = "2024-03-01", 90


def test_every_known_customer_is_compared_or_listed(shop, report):
    """The customers known at the date are those compared and those listed as unmatched; later ones are counted."""
    compared = report.comparison
    known = feature_table(shop, AS_OF).index
    assert sorted([*compared.features.index, *compared.unmatched.index]) == sorted(known)
    assert compared.unmatched["reason"].to_dict()["visited only"] == "never_bought"
    assert compared.unmatched["loyalty_score"].notna().all()
    assert compared.later_customers == shop.n_customers - len(known) >= 1
    assert "came later" not in compared.features.index


def test_every_side_has_the_same_customers(report):
    """Rule, forecasts, segments and outcomes are on one index."""
    compared = report.comparison
    index = compared.features.index
    sides = [compared.rule, compared.segment, compared.purchases, compared.spend, *compared.forecasts.values()]
    assert all(side.index.equals(index) for side in sides)
    assert compared.compared_model.model.card.as_of == AS_OF


def test_a_horizon_that_is_not_over_is_refused(shop):
    """The error has the end of the log and the remedy."""
    with pytest.raises(HorizonNotOverError, match=r"the log ends on .* give an earlier --as-of"):
        compare(shop, AS_OF, 900, load_formula())


def test_a_date_before_the_first_purchase_is_one_line(shop):
    """The error has the date and the remedy."""
    with pytest.raises(TooLittleDataError, match="nobody in the log has bought before 2022-01-01"):
        compare(shop, "2022-01-01", DAYS, load_formula())


@pytest.mark.parametrize(
    ("as_of", "timezone", "used"),
    [("2024-03-01", "UTC", True), ("2024-03-02", "UTC", False), ("2024-02-01", "Asia/Tokyo", False)],
)
def test_the_champion_is_compared_only_without_later_knowledge(shop, monkeypatch, as_of, timezone, used):
    """Instead of a champion of a later date, or of another time zone, a model is trained."""
    champion = replace(customer_model(), card=replace(customer_model().card, as_of=as_of, timezone=timezone))
    monkeypatch.setattr(comparison, "version", lambda tracking, which: SimpleNamespace(number=7, candidate="bold"))
    monkeypatch.setattr(comparison, "load", lambda tracking, which: champion)
    monkeypatch.setattr(comparison, "fit_customer_model", lambda *arguments, **named: "trained")
    compared = model_as_of(shop, AsOf.parse(AS_OF, shop.timezone), load_formula(), tracking=object())
    assert (compared.model is champion, compared.version) == (used, 7 if used else None)


def test_a_champion_of_another_rating_scale_is_refused(shop, monkeypatch):
    """It would read ratings of 100 as ten times those it learnt from; the line says so."""
    champion = replace(customer_model(), card=replace(customer_model().card, rating_maximum=100.0))
    monkeypatch.setattr(comparison, "version", lambda tracking, which: SimpleNamespace(number=7))
    monkeypatch.setattr(comparison, "load", lambda tracking, which: champion)
    with pytest.raises(ModelError, match="learnt from ratings up to 100, the store has ratings up to 10"):
        model_as_of(shop, AsOf.parse(AS_OF, shop.timezone), load_formula(), tracking=object())
