"""Who is on the lists, why, and what to do next."""

import numpy as np
import pandas as pd
import pytest

from reporting.contact_lists import contact_table, in_words, next_steps, reason_text
from reporting.tables import rankings
from reporting.translations import catalogue


def customer(**values: object) -> dict[str, object]:
    """A customer who buys again and again, and whatever differs."""
    usual = {"segment": "repeat", "churn_probability": 0.1, "expected_spend": 1.0}
    return {**usual, "net_spend_365": 100.0, "returned_365": 0.0, **values}


def test_the_next_step_is_that_of_the_first_condition():
    """One customer for each step, and one for whom two conditions hold."""
    people = {
        "returns": customer(returned_365=100.0, segment="lapsed"),
        "win_back": customer(segment="lapsed", churn_probability=0.9),
        "welcome": customer(segment="new"),
        "second_purchase": customer(segment="one-time"),
        "check_in": customer(churn_probability=0.5, expected_spend=9.0),
        "account": customer(expected_spend=9.0),
        "keep": customer(),
    }
    assert next_steps(pd.DataFrame(people.values())).tolist() == list(people)


def test_lists_are_ranked_by_their_side(report):
    """Places from 1 in descending score; the churn list has only who bought within the year."""
    comparison = report.comparison
    for (purpose, side), members in report.tables["contact_lists"].groupby(["purpose", "side"]):
        score = pd.Series(rankings(comparison, purpose)[side], comparison.features.index)
        assert members["place"].tolist() == list(range(1, len(members) + 1))
        assert score.loc[members["customer_id"]].is_monotonic_decreasing
        if purpose == "stayed_away":
            assert (comparison.features.loc[members["customer_id"], "purchase_days_365"] > 0).all()


def test_reasons_are_those_of_the_tables(report):
    """The model's is the strongest factor as a multiple, the rule's the part with most points, or that lacks most."""
    why = report.tables["why"].set_index("customer_id")
    customers = report.tables["customers"].set_index("customer_id")
    for row in report.tables["contact_lists"].itertuples():
        kind, _, name = row.reason.partition(".")
        if kind == "factor":
            assert row.reason_value == pytest.approx(np.exp(why.loc[row.customer_id, name]))
            assert (row.reason_value > 1) == (row.purpose != "stayed_away")
        elif kind == "part":
            assert row.reason_value == pytest.approx(customers.loc[row.customer_id, f"points_{name}"])
            assert row.reason_value <= row.reason_most + 1e-9


def test_a_model_without_factors_has_none_as_reason(report):
    """Then the forecast itself is the reason."""
    why = report.tables["why"][["customer_id", "average", "expected_purchases"]]
    table = contact_table(report.comparison, report.tables["customers"], why)
    assert set(table.query("side == 'model'")["reason"]) == {"forecast"}


def test_reasons_are_words_in_both_languages():
    """The texts that the page's script makes too."""
    assert reason_text(catalogue("en"), "factor.basket", 1.8, np.nan) == "Basket size × 1.80"
    assert reason_text(catalogue("en"), "part.amount", 38.09, 57.14) == "Amount: 38.1 of 57.1 points"
    assert reason_text(catalogue("zh"), "forecast", np.nan, np.nan) == "没有突出的单一因素"


def test_the_call_list_for_people_has_words(report):
    """Reason and next step as texts, without codes; all else as it was."""
    contacts = report.tables["contact_lists"]
    words = in_words(contacts, "zh")
    assert not words["next_step"].isin(contacts["next_step"]).any()
    assert not words["reason"].str.contains("factor.|part.", regex=False).any()
    same = [name for name in words if name not in ("reason", "next_step")]
    pd.testing.assert_frame_equal(words[same], contacts[same])
