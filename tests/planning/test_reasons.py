"""Facts about a customer: true, at most three, one a topic, in both languages."""

import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.definitions import FEATURE_NAMES
from planning.catalogue.actions import PLANNING_COLUMNS
from planning.catalogue.conditions import check_condition
from planning.reasons import MOST, facts, gain_words, reasons

COLUMNS = [*FEATURE_NAMES, *PLANNING_COLUMNS, "rating_maximum"]
NUMBERS = [name for name in COLUMNS if name not in ("needs", "opted_out", "preferred_channel", "rep", "territory")]


def table_of(**columns: float) -> pd.DataFrame:
    return pd.DataFrame({**dict.fromkeys(NUMBERS, np.nan), "complaint_open": False, **columns}, index=["C1"])


@pytest.mark.parametrize("fact", facts(), ids=lambda fact: fact.en[:40])
def test_facts_name_columns_that_there_are(fact) -> None:  # type: ignore[no-untyped-def]
    """Conditions and sentences read columns of the planning table; both languages have the same figures."""
    check_condition(fact.when, COLUMNS)
    assert fact.columns <= set(COLUMNS)
    english, chinese = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (fact.en, fact.zh)
    )
    assert english == chinese


def test_sentences() -> None:
    """The figures of one customer."""
    table = table_of(frequency=5, purchase_days=6, days_since_last_purchase=58, gap_median=21, satisfaction_last=4)
    table = table.assign(days_since_satisfaction_rating=40.0, visit_count=5.0, visits_no_contact=4.0)
    [english], [chinese] = reasons(table, 10)
    assert english == [
        "last satisfaction 4 of 10, 40 days ago",
        "bought on 6 days, nothing for 58 days; usual gap 21 days",
        "not reached at 4 of 5 visits and calls",
    ]
    assert chinese[0] == "最近一次满意度 4/10 分，40 天前"
    assert reasons(table_of(), 10) == ([[]], [[]])


def test_a_given_reason_comes_first() -> None:
    """And no other fact has its figures."""
    table = table_of(
        satisfaction_last=4, days_since_satisfaction_rating=40, purchase_days=1, days_since_last_purchase=9
    )
    first = ("asked 40 days ago", "四十天前", frozenset(["days_since_satisfaction_rating", "satisfaction_last"]))
    [english], [chinese] = reasons(table, 10, [first])
    assert english == ["asked 40 days ago", "bought once, 9 days ago"]
    assert chinese == ["四十天前", "仅购买过一次，在 9 天前"]


@given(
    st.lists(st.one_of(st.just(np.nan), st.floats(0, 1000).map(np.floor)), min_size=len(NUMBERS), max_size=len(NUMBERS))
)
def test_at_most_three_and_none_unknown(values: list[float]) -> None:
    """Whatever is known of a customer: no more than `MOST`, no nan, as many in each language."""
    table = table_of(**dict(zip(NUMBERS, values, strict=True))).assign(complaint_open=False)
    [english], [chinese] = reasons(table, 10)
    assert len(english) == len(chinese) <= MOST
    assert not [text for text in (*english, *chinese) if "nan" in text]


def test_words_for_the_gain() -> None:
    """Likely above nothing, possible else, unknown where it is to be learnt."""
    low = pd.Series([0.1, -0.1, 5.0, np.nan])
    assert gain_words(low, pd.Series([False, False, True, False])) == ["likely", "possible", "unknown", "unknown"]
