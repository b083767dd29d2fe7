import numpy as np
import pandas as pd
import pytest
from scipy import stats

from planning.effects.five_measures import MEASURES, before_and_after, five_measures, measure_table, randomised_rows


def rows(rng, n=600, gain=0.0, asked=(0.9, 0.9), satisfaction=0.0, spend_gain=0.0):
    """What `decisions` gives of n customers, a fifth left alone; `gain` is a factor - 1 of the purchases."""
    rate = rng.gamma(1.0, 1.5, n)
    treated = rng.random(n) < 0.8
    purchases = rng.poisson(rate * (1 + gain * treated)).astype(float)
    spend = purchases * rng.gamma(20, 1 + spend_gain * treated)
    given = rng.random(n) < np.where(treated, *asked)
    rating = np.where(given, rng.normal(7 + satisfaction * treated, 1), np.nan)
    return pd.DataFrame(
        {
            "plan_id": "week-1",
            "customer_id": [f"C{k}" for k in range(n)],
            "treated": treated,
            "carried_out": treated,
            "cost": 2.0 * treated,
            "planned_in_horizon": 1.0 * treated,
            "propensity": np.where(treated, 0.8, 0.2),
            "purchases": purchases,
            "purchases_before": rng.poisson(rate).astype(float),
            "spend": spend,
            "spend_before": spend,
            "satisfaction": rating,
            "loyalty": rating,
            "expected_purchases": rate,
            "lifetime": spend + 10 * rate,
            "lifetime_before": 30 * rate,
        }
    )


def named(measures):
    return {each.name: each for each in measures}


@pytest.mark.parametrize("plans", [80, pytest.param(400, marks=pytest.mark.slow)])
def test_without_an_effect_hardly_anything_is_called_changed(plans):
    """Of plans without any effect at most 8 % call one of the five measures changed."""
    wrong = sum(
        any(m.verdict in ("up", "down") for m in five_measures(rows(np.random.default_rng(seed))))
        for seed in range(plans)
    )
    assert wrong / plans <= 0.08


@pytest.mark.proof
def test_the_family_error_over_many_plans():
    """Of 2,000 plans without any effect at most 5 % and a Monte Carlo error call a measure changed."""
    wrong = sum(
        any(m.verdict in ("up", "down") for m in five_measures(rows(np.random.default_rng(10_000 + seed))))
        for seed in range(2000)
    )
    print(f"\nsome measure called changed: {wrong / 2000:.3f}")
    assert wrong / 2000 <= 0.06


def test_effects_are_found_and_said():
    """Large effects on purchases and satisfaction are up, with the cost of one purchase more."""
    found = named(five_measures(rows(np.random.default_rng(1), 4000, gain=0.5, satisfaction=0.5)))
    assert [found[name].verdict for name in ("purchases", "satisfaction")] == ["up", "up"]
    purchases = found["purchases"]
    assert purchases.cost_of_one_more == pytest.approx(2 / purchases.effect.estimate)
    assert tuple(found) == MEASURES


def test_harm_is_called_down():
    """Fewer purchases are a verdict of their own, without a price of one more."""
    found = named(five_measures(rows(np.random.default_rng(2), 4000, gain=-0.5)))["purchases"]
    assert found.verdict == "down"
    assert found.cost_of_one_more is None


def test_what_cannot_be_told_says_how_much_more():
    """An open verdict has the customers and weeks that bring the change found to 3.4 standard errors."""
    opened = [
        m
        for seed in range(20)
        for m in five_measures(rows(np.random.default_rng(seed), 300, gain=0.15), weeks=2)
        if m.verdict == "open"
    ]
    assert opened
    for m in opened:
        z = stats.norm.ppf(0.995) + stats.norm.ppf(0.8)
        factor = (z * m.effect.standard_error / m.effect.estimate) ** 2
        assert m.more_control == pytest.approx((factor - 1) * m.effect.n_control, abs=1.01)
        assert m.more_weeks == pytest.approx(2 * factor - 2, abs=2.01)
        assert m.minimum_detectable == pytest.approx(z * m.effect.standard_error)


def test_ratings_of_few_are_not_compared():
    """Where 18 % of the planned and 4 % of the others were asked, there is no figure but the two shares."""
    found = named(five_measures(rows(np.random.default_rng(3), 2000, asked=(0.18, 0.04), satisfaction=2)))
    for name in ("satisfaction", "loyalty"):
        assert found[name].verdict == "not_comparable"
        assert found[name].effect is None
        assert found[name].asked_planned == pytest.approx(0.18, abs=0.04)
        assert found[name].asked_control == pytest.approx(0.04, abs=0.03)
    half = named(five_measures(rows(np.random.default_rng(3), 2000, asked=(0.9, 0.4))))
    assert half["satisfaction"].verdict == "not_comparable"


@pytest.mark.parametrize("plans", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_the_value_of_a_purchase_is_a_ratio_of_sums(plans):
    """Planned and left alone are each group's winsorised spend over its purchases; the interval covers."""
    covered = 0
    for seed in range(plans):
        table = rows(np.random.default_rng(seed), 500, gain=0.4, spend_gain=0.2)
        each = named(five_measures(table))["purchase_value"]
        covered += each.effect.low <= 4 <= each.effect.high
    assert covered / plans >= 0.96  # of 99 % intervals
    limit = table.loc[table["spend"] > 0, "spend"].quantile(0.99)
    part = table[~table["treated"]]
    by_hand = part["spend"].clip(upper=limit).sum() / part["purchases"].sum()
    assert each.effect.mean_control == pytest.approx(by_hand)


def test_a_plan_without_anybody_left_alone_says_too_few():
    """Without a second group, or with outcomes that never differ, no measure has a verdict on a change."""
    table = rows(np.random.default_rng(4))
    assert {m.verdict for m in five_measures(table[table["treated"]])} == {"too_few"}
    still = table.assign(purchases=0.0, spend=0.0, lifetime=0.0)
    verdicts = {m.name: m.verdict for m in five_measures(still)}
    assert verdicts["purchases"] == verdicts["lifetime"] == "too_few"


def test_a_plan_without_a_hold_out_is_no_part_of_the_comparison():
    """Beside a good week in which everybody was planned, an ordinary one with a hold-out shows what it shows alone."""
    table = rows(np.random.default_rng(8), 400)
    better = rows(np.random.default_rng(9), 400, gain=2.0).assign(plan_id="week-2", treated=True, propensity=1.0)
    both = pd.concat([table, better], ignore_index=True)
    assert five_measures(both) == five_measures(table)
    assert len(randomised_rows(both)) == 400


def test_the_value_of_a_purchase_is_weighted_like_the_rest():
    """Of two weeks with other shares left alone and other prices, without any effect, none is shown."""
    one, two = rows(np.random.default_rng(10), 3000), rows(np.random.default_rng(11), 3000)
    control = np.random.default_rng(12).random(3000) < 0.5
    two = two.assign(plan_id="week-2", treated=~control, propensity=0.5, spend=two["spend"] * 3)
    both = pd.concat([one, two.assign(customer_id="D" + two["customer_id"])], ignore_index=True)
    effect = named(five_measures(both))["purchase_value"].effect
    assert effect.low < 0 < effect.high
    part = both[both["treated"]]
    spend = part["spend"].clip(upper=both.loc[both["spend"] > 0, "spend"].quantile(0.99))
    by_hand = np.average(spend, weights=1 / part["propensity"])
    by_hand /= np.average(part["purchases"], weights=1 / part["propensity"])
    assert effect.mean_treated == pytest.approx(by_hand, rel=0.02)  # but for the adjustment by week


def test_the_table_has_a_row_a_measure():
    """Five rows in order; figures are null, not 0, where there is no comparison."""
    table = measure_table(five_measures(rows(np.random.default_rng(5), asked=(0.1, 0.1))))
    assert table["measure"].tolist() == list(MEASURES)
    assert np.isnan(table.loc[0, "change"])
    assert table.loc[2, "planned"] - table.loc[2, "control"] == pytest.approx(table.loc[2, "change"])


def test_before_and_after_stand_side_by_side_for_both_groups():
    """Means of both groups before and after, never of one alone."""
    table = rows(np.random.default_rng(6))
    found = before_and_after(table).set_index("group")
    assert found.index.tolist() == ["planned", "control"]
    assert found.loc["control", "purchases_before"] == table.loc[~table["treated"], "purchases_before"].mean()
    assert found["customers"].sum() == len(table)


def test_a_few_customers_show_no_change():
    """However large it is: 20 in a group are needed; and where nobody bought, a lifetime value has no effect in it."""
    table = rows(np.random.default_rng(4), 2000, gain=3.0)
    few = pd.concat([table[table["treated"]], table[~table["treated"]].head(15)], ignore_index=True)
    found = named(five_measures(few))["purchases"]
    assert found.effect.low > 0
    assert found.verdict == "open"
    enough = pd.concat([table[table["treated"]], table[~table["treated"]].head(60)], ignore_index=True)
    assert named(five_measures(enough))["purchases"].verdict == "up"
    silent = table.assign(purchases=0.0, spend=0.0, lifetime=table["lifetime"] + table["treated"])
    assert named(five_measures(silent))["lifetime"].verdict == "too_few"
