"""Two versions at one date: both on the same customers, and judged only by what neither has seen."""

from types import SimpleNamespace

import pytest

from features.errors import InvalidArgumentError, ModelError, TooLittleDataError
from reporting.version_comparison import compare_versions
from tests.reporting.conftest import AS_OF, DAYS
from training.registry.versions import load, version
from training.targets import log_end
from training.windows import window


def test_forecasts_are_those_of_the_versions(shop, registry, compared):
    """Each on all customers who had bought by the date, in one order, as the registered model gives them."""
    known = window(shop, AS_OF, [DAYS])
    assert compared.features.index.equals(known.features.index)
    for side, number in (("first", 1), ("second", 2)):
        expected = load(registry, version(registry, number)).predict(known.features, known.day, DAYS)
        assert compared.forecasts[side].equals(expected)
        assert compared.versions[side].number == number
    assert compared.purchases.tolist() == known.purchases[DAYS].tolist()
    assert compared.without_forecast == 0
    assert compared.measured == ["first", "second"]


def test_a_version_that_has_seen_the_outcome_is_not_measured(shop, registry):
    """It learnt from events after the date; the first date that judges both is that of its data."""
    found = compare_versions(shop, registry, (1, 3), AS_OF, DAYS)
    assert (found.informed, found.measured) == (["second"], ["first"])
    at, days = found.measurable_at
    assert str(at) == "2024-04-01"
    assert days == min(DAYS, log_end(shop).day - compare_versions(shop, registry, (1, 3), at, 1).cutoff.day)
    assert compare_versions(shop, registry, (1, 3), at, days).measured == ["first", "second"]


def test_without_a_date_it_is_the_end_of_the_log(shop, registry):
    """No outcome is known yet, so none is measured."""
    found = compare_versions(shop, registry, (2, 1), None, DAYS)
    assert found.cutoff == log_end(shop)
    assert found.purchases is None
    assert found.measured == []
    assert [each.number for each in found.versions.values()] == [2, 1]


@pytest.mark.parametrize(
    ("numbers", "as_of", "error", "match"),
    [
        ((1, 1), AS_OF, InvalidArgumentError, "both versions are 1: name two different ones"),
        ((1, 9), AS_OF, InvalidArgumentError, "there is no version 9: `regulars versions` lists"),
        ((1, 2), "2020-01-01", TooLittleDataError, "had bought before 2020-01-01: give a later --as-of"),
    ],
)
def test_what_cannot_be_compared_is_one_line(shop, registry, numbers, as_of, error, match):
    """What was found, and what to do."""
    with pytest.raises(error, match=match):
        compare_versions(shop, registry, numbers, as_of, DAYS)


def test_a_version_of_another_time_zone_or_unreadable_is_named(shop, registry, monkeypatch):
    """The line has the version's number."""

    def unreadable(*_):
        raise ModelError("the model cannot be read")

    monkeypatch.setattr("reporting.version_comparison.load", unreadable)
    with pytest.raises(ModelError, match=r"^version 1: the model cannot be read"):
        compare_versions(shop, registry, (1, 2), AS_OF, DAYS)
    monkeypatch.undo()
    tokyo = SimpleNamespace(timezone="Asia/Tokyo", rating_maximum=shop.rating_maximum)
    with pytest.raises(ModelError, match="version 1 counts days in UTC, the store in Asia/Tokyo"):
        compare_versions(tokyo, registry, (1, 2), AS_OF, DAYS)
