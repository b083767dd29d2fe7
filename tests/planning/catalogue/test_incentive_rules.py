"""An incentive by rule follows from the band alone, within the budget, in the columns of the optimised plan."""

from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import AsOf
from features.errors import CatalogueError
from features.loyalty.formula import load_formula
from planning.allocation.allocate import allocate
from planning.allocation.limits import make_limits
from planning.catalogue.incentive_rules import chosen_by_rule, load_incentive_rules
from planning.holdout import draw_arms
from planning.options.options_table import make_options

FORMULA = load_formula()
TEXT = resources.files("planning.catalogue").joinpath("incentives.toml").read_text("utf-8")


def table(count: int, seed: int) -> pd.DataFrame:
    """A planning table of customers whom nothing stands in the way of."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "loyalty_score": rng.uniform(0, 100, count).round(),
            "expected_spend": rng.gamma(1.0, 60.0, count) + 1,
            "expected_purchases": rng.gamma(1.0, 2.0, count) + 0.1,
            "days_since_last_contact": np.nan,
            "rep": None,
            "territory": None,
            "customer_recorded_at": pd.NaT,
            "not_opted_out": None,
        },
        index=pd.Index([f"c{number:04}" for number in range(count)], name="customer_id"),
    )
    frame["opted_out"] = [[] for _ in range(count)]
    return frame


@given(st.integers(0, 1000), st.sampled_from(["retail", "travel", "finance"]))
def test_the_offer_follows_from_the_band(seed: int, scenario: str) -> None:
    """Each customer gets the offer of their band or none; those passed over for the budget have no higher score."""
    people = table(120, seed)
    rules = load_incentive_rules(FORMULA, scenario)
    options = make_options(people, rules, AsOf.parse("2024-06-03", "UTC"), 19_877).table
    chosen = chosen_by_rule(options, people["loyalty_score"], rules.pool("budget").amount)
    scores = people["loyalty_score"].to_numpy()[options["customer"]]
    bands = np.where(scores < 40, "bronze", np.where(scores < 70, "silver", "gold"))
    assert [name.partition("_")[0] for name in options["action"]] == bands.tolist()
    assert options["cost_expected"][chosen].sum() <= rules.pool("budget").amount
    if chosen.any() and not chosen.all():
        assert scores[chosen].min() >= scores[~chosen].max()


def test_the_optimised_plan_is_worth_more_in_the_same_columns() -> None:
    """With the same offers and budget the allocation is worth at least as much; both can be drawn and counted alike."""
    people = table(3_000, 1)
    rules = load_incentive_rules(FORMULA, "retail")
    options = make_options(people, rules, AsOf.parse("2024-06-03", "UTC"), 19_877).table
    limits = make_limits(options, rules)
    by_rule = chosen_by_rule(options, people["loyalty_score"], rules.pool("budget").amount)
    best = allocate(options, limits.usage, limits.capacity)
    assert best.value > options["value"][by_rule].sum()
    drawn = draw_arms(options, by_rule, "plan", rules, limits.usage, limits.capacity)
    assert (drawn["arm"] == "leave").mean() == pytest.approx(0.2, abs=0.01)


def test_equal_scores_are_told_apart_by_a_hash() -> None:
    """Of equal customers neither the first nor the last get the budget."""
    options = pd.DataFrame({"customer": np.arange(4_000), "cost_expected": 1.0})
    chosen = chosen_by_rule(options, pd.Series(50.0, index=range(4_000)), 1_500)
    assert chosen.sum() == 1_500
    assert 600 < chosen[:2_000].sum() < 900


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bronze = {", "brons = {", "retail.bands: unknown band 'brons': did you mean 'bronze'"),
        ("face_share = 0.10", "face_shar = 0.10", "retail.bands.silver: unknown key 'face_shar'"),
        (
            'channel = "coupon"',
            'channel = "cupon"',
            "retail.bands.bronze: channel: unknown channel 'cupon': did you mean",
        ),
        ("budget = 1500", 'budget = "x"', "retail: Expected float, got str, in budget"),
        ("redemption = 0.30", "redemption = 0", "retail.bands.bronze: redemption is 0"),
        ("acts_days = 28", "acts_days = 280", "retail.bands.bronze: acts_days is 280, more than horizon_days"),
        ("[retail]", "[retall]", "unknown scenario 'retail': did you mean"),
    ],
)
def test_a_fault_is_one_line_with_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The message begins with the file; the key's path follows."""
    file = tmp_path / "incentives.toml"
    text = TEXT.replace(old, new, 1)
    file.write_text(text.replace("[retail.bands]", "[retall.bands]") if new == "[retall]" else text)
    with pytest.raises(CatalogueError, match=message) as caught:
        load_incentive_rules(FORMULA, "retail", file)
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what was expected of it."""
    with pytest.raises(CatalogueError, match="expected rules of incentives in TOML"):
        load_incentive_rules(FORMULA, "retail", tmp_path / "absent.toml")
