"""The comparison: the same customers on every side, nobody dropped, and a model that knew nothing later."""

from types import SimpleNamespace

import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import HorizonNotOverError, TooLittleDataError
from features.loyalty.formula import load_formula
from reporting import comparison
from reporting.comparison import compare, model_as_of

AS_OF, DAYS = "2024-03-01", 90


def test_everybody_known_is_compared_or_named(shop, report):
    """Customers known at the date are those compared and those named, once each; who came later is counted."""
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
    """One line says until when the log goes; nothing is fitted for it."""
    with pytest.raises(HorizonNotOverError, match=r"the log ends on .* give an earlier --as-of"):
        compare(shop, AS_OF, 900, load_formula())


def test_nobody_before_the_date_is_one_line(shop):
    """A date before the first purchase says so."""
    with pytest.raises(TooLittleDataError, match="nobody in the log has bought before 2022-01-01"):
        compare(shop, "2022-01-01", DAYS, load_formula())


@pytest.mark.parametrize(
    ("as_of", "timezone", "taken"),
    [("2024-03-01", "UTC", True), ("2024-03-02", "UTC", False), ("2024-02-01", "Asia/Tokyo", False)],
)
def test_the_champion_is_taken_only_where_it_learnt_nothing_later(shop, monkeypatch, as_of, timezone, taken):
    """A champion of a later date, or of other days, would know what nobody knew: a model is learnt instead."""
    champion = SimpleNamespace(card=SimpleNamespace(as_of=as_of, timezone=timezone))
    monkeypatch.setattr(comparison, "version", lambda tracking, which: SimpleNamespace(number=7))
    monkeypatch.setattr(comparison, "load", lambda tracking, which: champion)
    monkeypatch.setattr(comparison, "fit_customer_model", lambda *arguments, **named: "learnt")
    compared = model_as_of(shop, AsOf.parse(AS_OF, shop.timezone), load_formula(), tracking=object())
    assert (compared.model is champion, compared.version) == (taken, 7 if taken else None)
