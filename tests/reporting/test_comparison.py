"""The comparison: the same customers on every side, none dropped, and a model without later knowledge."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import HorizonNotOverError, TooLittleDataError, TrackingError
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
    with pytest.raises(
        TooLittleDataError,
        match=r"the log begins on 2023-.*nobody in it has bought before 2022-01-01: give a later --as-of",
    ):
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


def refused(tracking, which):
    raise TrackingError("version 7 has another digest")


def of_another_scale(tracking, which):
    return replace(customer_model(), card=replace(customer_model().card, rating_maximum=100.0))


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (refused, "version 7 has another digest"),
        (of_another_scale, "learnt from ratings up to 100, the store has ratings up to 10"),
    ],
)
def test_a_champion_that_cannot_be_used_does_not_end_the_comparison(shop, monkeypatch, load, reason):
    """Its recipe is trained instead, and the reason is kept."""
    monkeypatch.setattr(comparison, "version", lambda tracking, which: SimpleNamespace(number=7, candidate="bold"))
    monkeypatch.setattr(comparison, "load", load)
    monkeypatch.setattr(comparison, "fit_customer_model", lambda *arguments, **named: named["model"])
    compared = model_as_of(shop, AsOf.parse(AS_OF, shop.timezone), load_formula(), tracking=object())
    assert (compared.model, compared.version) == ("bold", None)
    assert compared.unusable[0] == 7
    assert reason in compared.unusable[1]


def test_a_horizon_longer_than_the_log_is_named(shop):
    """It is not taken for a date before the log."""
    with pytest.raises(TooLittleDataError, match="give fewer --horizon-days"):
        compare(shop, None, 900, load_formula())


def test_a_date_after_the_log_says_by_how_much(shop):
    """The log's end, the days since, and what to do."""
    with pytest.raises(HorizonNotOverError, match=r"the log ends on 2024-\d\d-\d\d, 1,\d\d\d days before 2028-01-01"):
        compare(shop, "2028-01-01", DAYS, load_formula())


def test_baselines_are_those_asked_for(shop, monkeypatch):
    """The names of the settings decide, in their order."""
    model = replace(customer_model(), card=replace(customer_model().card, as_of="2023-01-01", timezone="UTC"))
    monkeypatch.setattr(comparison, "model_as_of", lambda *arguments: comparison.ComparedModel(model, 7))
    found = compare(shop, AS_OF, DAYS, load_formula(), baselines=["bg_nbd", "zero"])
    assert list(found.forecasts) == ["model", "bg_nbd", "zero"]
