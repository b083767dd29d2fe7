"""Content follows from the customer's own figures, by the first rule that holds, each with its reason."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from features.errors import PlanError
from planning.catalogue.actions import PLANNING_COLUMNS
from planning.catalogue.catalogue_file import PRESETS, columns_of, load_catalogue
from planning.catalogue.content import NO_RULE, choose_content, content_reasons

RETAIL = load_catalogue("retail")


def customers(**values: list[object]) -> pd.DataFrame:
    """Customers about whom little is known, but for what is given."""
    count = len(next(iter(values.values())))
    blank = {name: [np.nan] * count for name in (*columns_of(RETAIL),)}
    blank |= {"complaint_open": [False] * count, "needs": [[]] * count, "visit_count": [0] * count}
    blank |= {"purchase_days": [1] * count}
    return pd.DataFrame({**blank, **values})


def test_the_first_rule_that_holds_decides() -> None:
    """A complaint before a bad rating, a bad rating before a survey; nobody known gets the last rule."""
    frame = customers(
        complaint_open=[True, False, False, False],
        satisfaction_last=[2.0, 2.0, 9.0, np.nan],
        days_since_satisfaction_rating=[10.0, 10.0, 900.0, np.nan],
        visit_count=[9, 9, 9, 0],
    )
    found = choose_content(frame, pd.Series(["phone"] * 4), RETAIL)
    assert found["content"].tolist() == ["needs", "needs", "satisfaction_survey", "needs"]
    assert found["goal"].tolist() == ["satisfaction", "satisfaction", "satisfaction", "purchase_count"]
    assert found["rule"].tolist() == [0, 1, 2, 5]
    english, chinese = content_reasons(frame, found["rule"], RETAIL)
    assert english[1] == "last satisfaction 2, 10 days ago"
    assert chinese[1] == "最近一次满意度 2 分，10 天前"
    assert english[0] == "a complaint is open"


def test_an_action_gets_only_what_it_offers() -> None:
    """An incentive has no content and its own first goal; a rule for a goal that the action lacks is passed over."""
    frame = customers(complaint_open=[True, True])
    found = choose_content(frame, pd.Series(["points", "visit"]), RETAIL)
    assert found["content"].isna().tolist() == [True, False]
    assert found["goal"].tolist() == ["loyalty", "satisfaction"]
    assert found["rule"].tolist() == [NO_RULE, 0]
    assert content_reasons(frame, found["rule"], RETAIL)[0] == ["", "a complaint is open"]


def test_each_option_is_answered_alone() -> None:
    """The answer for an option does not depend on the others or on their order."""
    rng = np.random.default_rng(1)
    frame = customers(
        complaint_open=list(rng.random(60) < 0.2),
        satisfaction_last=list(rng.integers(0, 11, 60).astype(float)),
        days_since_satisfaction_rating=list(rng.integers(0, 800, 60).astype(float)),
        visit_count=list(rng.integers(0, 9, 60)),
    )
    actions = pd.Series(rng.choice([each.name for each in RETAIL.actions], 60))
    whole = choose_content(frame, actions, RETAIL)
    order = rng.permutation(60)
    again = choose_content(frame.iloc[order], actions.iloc[order], RETAIL)
    assert again.loc[whole.index].equals(whole)


def test_a_value_that_is_not_known_is_a_dash() -> None:
    """A reason never prints nan."""
    frame = customers(satisfaction_last=[np.nan])
    assert content_reasons(frame, pd.Series([1]), RETAIL)[0] == ["last satisfaction –, – days ago"]


def test_a_share_is_a_percentage() -> None:
    """With a space in English and without one in Chinese."""
    number = next(n for n, rule in enumerate(RETAIL.content_rules) if "visit_positive_share" in rule.reason)
    frame = customers(visit_positive_share=[0.6], basket_mean=[25.0])
    english, chinese = content_reasons(frame, pd.Series([number]), RETAIL)
    assert english[0].startswith("60 % of the visits")
    assert "60%" in chinese[0]


def test_a_word_written_as_a_number_is_an_error() -> None:
    """Which names the rule."""
    rule = msgspec.structs.replace(RETAIL.content_rules[0], reason="of segment {segment:.0f}")
    catalogue = msgspec.structs.replace(RETAIL, content_rules=(rule,))
    frame = customers(segment=["gold"])
    with pytest.raises(PlanError, match=r"content_rules\[1\].*segment.*stands as"):
        content_reasons(frame, pd.Series([0]), catalogue)


def test_a_column_that_is_absent_is_named() -> None:
    """The rule is quoted with the column."""
    with pytest.raises(PlanError, match="uses complaint_open"):
        choose_content(pd.DataFrame(index=[0]), pd.Series(["phone"]), RETAIL)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_presets_answer_every_customer(preset: str) -> None:
    """A customer of whom nothing is known gets something to talk about."""
    catalogue = load_catalogue(preset)
    frame = pd.DataFrame({name: [np.nan] for name in columns_of(catalogue)})
    assert set(PLANNING_COLUMNS) <= set(frame.columns)
    for action in catalogue.actions:
        found = choose_content(frame, pd.Series([action.name]), catalogue)
        assert (found["content"].notna() == bool(action.contents)).all()
        assert found["goal"].isin(action.goals).all()
