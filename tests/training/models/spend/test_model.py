"""Spend: Gamma-Gamma's truth is found, the better kind is chosen on later rows, and little data gives a mean."""

import numpy as np
import pandas as pd
import pytest

from features.errors import InvalidArgumentError
from training.models.spend.model import MIN_SPEND, SpendModel


def shop(customers, seed=0, p=6.0, q=4.0, gamma=15.0):
    """Feature rows of a Gamma-Gamma world, what each spent on later occasions, and each one's true mean.

    The last basket is a stranger's, and the first tells nothing: else trees knew more than Gamma-Gamma may.
    """
    rng = np.random.default_rng(seed)
    frequency = rng.poisson(3, customers).astype(float)
    nu = rng.gamma(q, 1 / gamma, customers)
    stranger = rng.gamma(p, rng.permutation(1 / nu))
    value = np.where(frequency > 0, rng.gamma(p * np.maximum(frequency, 1), 1 / nu) / np.maximum(frequency, 1), np.nan)
    basket = np.where(frequency > 0, value, 30.0)
    X = pd.DataFrame(
        {
            "frequency": frequency,
            "monetary_value": value,
            "basket_mean": basket,
            "basket_max": basket * 1.3,
            "basket_last": stranger,
            "purchase_days": frequency + 1,
            "T": 300.0,
            "gap_mean": np.where(frequency > 0, 60.0, np.nan),
        }
    )
    purchases = rng.poisson(2, customers)
    return X, rng.gamma(p * np.maximum(purchases, 1), 1 / nu) * (purchases > 0), purchases, p / nu


def halves(customers):
    later = np.arange(customers) % 2 == 1
    return ~later, later


def test_the_truth_of_gamma_gamma_is_found():
    """In its own world it is chosen, and forecasts as well as its parameters allow."""
    X, spend, purchases, means = shop(4000)
    model = SpendModel().fit(X, spend, purchases, *halves(4000))
    assert model.kind_ == "gamma-gamma"
    assert model.deviance_["gamma-gamma"] < model.deviance_["trees"]
    x, m = X["frequency"], X["monetary_value"].fillna(0)
    best = 6.0 * (15.0 + x * m) / (6.0 * x + 4.0 - 1)
    assert np.corrcoef(model.expected_spend(X), best)[0, 1] > 0.99
    assert model.expected_spend(X).mean() == pytest.approx(means.mean(), rel=0.05)


def test_trees_are_chosen_where_spend_follows_something_else():
    """Here the last basket alone decides, which Gamma-Gamma does not see."""
    X, _, purchases, _ = shop(3000, seed=1)
    spend = purchases * X["basket_last"].to_numpy() ** 1.5
    model = SpendModel().fit(X, spend, purchases, *halves(3000))
    assert model.kind_ == "trees"
    assert np.corrcoef(model.expected_spend(X), X["basket_last"] ** 1.5)[0, 1] > 0.9


def test_few_rows_are_enough_for_gamma_gamma():
    """Too few for trees are not too few to tell customers apart."""
    X, spend, purchases, _ = shop(100, seed=2)
    model = SpendModel().fit(X, spend, purchases, *halves(100))
    assert model.kind_ == "gamma-gamma"
    assert model.deviance_ == {}
    known = X[X["frequency"] > 1]
    assert np.corrcoef(model.expected_spend(known), known["monetary_value"])[0, 1] > 0.9


def test_too_few_amounts_give_the_mean():
    """Weighted by occasions; 0 where nothing had a price, and for nobody nothing."""
    X, spend, purchases, _ = shop(15, seed=3)
    model = SpendModel().fit(X, spend, purchases, *halves(15))
    assert model.kind_ == "mean"
    assert model.expected_spend(X) == pytest.approx(np.full(15, spend.sum() / purchases.sum()))
    assert (SpendModel().fit(X, 0 * spend, purchases, *halves(15)).expected_spend(X) == 0).all()
    empty = np.zeros(0)
    assert SpendModel().fit(X.iloc[:0], empty, empty, empty, empty).expected_spend(X.iloc[:0]).shape == (0,)


def test_no_forecast_is_null_or_below_a_cent():
    """Also of customers without a repeat purchase, an amount, or with more returned than bought."""
    X, spend, purchases, _ = shop(2000, seed=4)
    odd = X.iloc[:3].assign(monetary_value=[-50.0, np.nan, 0.0], basket_mean=np.nan, basket_last=[0.0, np.nan, 1e9])
    for kind in (spend, purchases * X["basket_last"].to_numpy() ** 1.5):
        found = SpendModel().fit(X, kind, purchases, *halves(2000)).expected_spend(odd)
        assert np.isfinite(found).all()
        assert (found >= MIN_SPEND).all()


def test_windows_that_straddle_the_later_ones_have_no_part_in_the_choice():
    """What was not over when the later windows began does not teach what is then tried on these."""
    X, spend, purchases, _ = shop(1000, seed=5)
    over, later = halves(1000)
    over[:250] = False
    first = SpendModel().fit(X, spend, purchases, over, later).deviance_
    told = over | later
    assert SpendModel().fit(X[told], spend[told], purchases[told], over[told], later[told]).deviance_ == first


@pytest.mark.parametrize("short", ["train", "validation"])
def test_trees_need_enough_rows_on_both_sides(short):
    """With 150 rows to learn from, or 150 to be validated on, nothing is compared."""
    X, spend, purchases, _ = shop(1000, seed=6)
    few = np.flatnonzero(purchases > 0)[:150]
    mask = np.isin(np.arange(1000), few)
    train, validation = (mask, ~mask) if short == "train" else (~mask, mask)
    model = SpendModel().fit(X, spend, purchases, train, validation)
    assert (model.kind_, model.deviance_) == ("gamma-gamma", {})
    assert SpendModel(min_rows=150).fit(X, spend, purchases, train, validation).deviance_.keys() == {
        "gamma-gamma",
        "trees",
    }


def test_later_windows_choose():
    """Spend that follows the last basket only in the validation rows is no reason for trees: they never learnt it."""
    X, spend, purchases, _ = shop(3000, seed=7)
    train, validation = halves(3000)
    by_basket = purchases * X["basket_last"].to_numpy() ** 1.5
    model = SpendModel().fit(X, np.where(train, by_basket, spend), purchases, train, validation)
    assert model.kind_ == "gamma-gamma"
    assert model.deviance_["trees"] > model.deviance_["gamma-gamma"]


def test_rows_without_spend_are_counted_and_nonsense_is_refused():
    """Occasions that brought nothing on balance are left out, with their number; null or infinite numbers never are."""
    X, spend, purchases, _ = shop(100, seed=8)
    bought = np.flatnonzero(purchases > 0)[:3]
    gifts = spend.copy()
    gifts[bought] = [0.0, 0.0, -4.0]
    assert SpendModel().fit(X, gifts, purchases, *halves(100)).left_out_ == 3
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(InvalidArgumentError, match="spend is null or infinite in 1 rows, the first is row 4"):
            SpendModel().fit(X, np.where(np.arange(100) == 4, bad, spend), purchases, *halves(100))
    with pytest.raises(InvalidArgumentError, match="purchases are null, infinite or negative in 100 rows"):
        SpendModel().fit(X, spend, -1 - purchases, *halves(100))
    with pytest.raises(InvalidArgumentError, match=r"spend has shape \(99,\); expected \(100,\)"):
        SpendModel().fit(X, spend[1:], purchases, *halves(100))
    with pytest.raises(InvalidArgumentError, match="min_rows is 0; expected a whole number of at least 1"):
        SpendModel(min_rows=0).fit(X, spend, purchases, *halves(100))
