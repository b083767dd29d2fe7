"""The sentences that the page says first are those of the tables."""

import numpy as np
import pandas as pd
import pytest

from reporting.advice import advice, misses
from reporting.translations import catalogue
from reporting.verdicts import verdict

HEADLINE = pd.DataFrame(
    [
        ("stayed_away", 500, 5_000, 300.0, 250.0, 200.0, 50.0, 20.0, 80.0),
        ("purchases", 500, 5_000, 900.0, 950.0, 400.0, -50.0, -90.0, -10.0),
        ("spend", 500, 5_000, 9_000.0, 9_100.0, 4_000.0, -100.0, -900.0, 700.0),
    ],
    columns=["outcome", "list", "among", "by_model", "by_rule", "by_chance", "difference", "low", "high"],
)
SEGMENTS = pd.DataFrame(
    [
        ("new", "model", 100, 0.61, 0.43, 0.34, 0.53),
        ("repeat", "model", 100, 0.30, 0.31, 0.22, 0.41),
        ("lapsed", "model", 100, 0.70, 0.90, 0.82, 0.95),
        ("lapsed", "rule", 100, 0.10, 0.90, 0.82, 0.95),
        ("one-time", "model", 5, 0.10, 0.80, 0.40, 0.96),
    ],
    columns=["segment", "forecast", "customers", "said", "stayed_away", "low", "high"],
)


def customers(lapsed_rule: int, lapsed_model: int) -> pd.DataFrame:
    """100 customers high by the rule only and as many by the model only, so many of them lapsed."""
    lapsed = [number < lapsed_rule for number in range(100)] + [number < lapsed_model for number in range(100)]
    return pd.DataFrame(
        {
            "quadrant": ["rule_only"] * 100 + ["model_only"] * 100,
            "segment": np.where(lapsed, "lapsed", "repeat"),
        }
    )


def quadrants() -> pd.DataFrame:
    return pd.DataFrame({"quadrant": ["rule_only", "model_only"], "median_days_since_last_purchase": [150.0, 28.0]})


def test_each_outcome_names_the_score_that_is_ahead():
    """By the interval of its difference, and with the figures from the side that is ahead."""
    found = dict(
        advice({"headline": HEADLINE, "customers": customers(0, 0), "quadrants": quadrants(), "segments": SEGMENTS[:0]})
    )
    assert list(found) == ["advice.stayed_away_model", "advice.purchases_rule", "advice.spend_open"]
    assert {name: found["advice.purchases_rule"][name] for name in ("difference", "low", "high")} == {
        "difference": "50",
        "low": "10",
        "high": "90",
    }
    assert found["advice.spend_open"]["difference"] == "−100"


@pytest.mark.parametrize(("rule", "model", "named"), [(38, 4, True), (38, 36, False), (4, 38, False)])
def test_silence_is_named_where_the_rule_does_not_see_it(rule: int, model: int, named: bool):
    """Where beyond chance more customers of the rule's half have lapsed, with their share and median."""
    found = dict(
        advice(
            {
                "headline": HEADLINE[:0],
                "customers": customers(rule, model),
                "quadrants": quadrants(),
                "segments": SEGMENTS[:0],
            }
        )
    )
    assert ("advice.silence" in found) == named
    if named:
        assert (found["advice.silence"]["rule"], found["advice.silence"]["rule_days"]) == ("38", "150")


def test_segments_in_which_the_model_misses_are_counted_and_the_worst_is_named():
    """Those outside the interval of the observed share, if they are large enough; the rule's are not the model's."""
    tables = {"headline": HEADLINE[:0], "customers": customers(0, 0), "quadrants": quadrants(), "segments": SEGMENTS}
    ((key, values),) = advice(tables)
    assert key == "advice.missed"
    assert (values["missed"], values["segments"], values["segment"]) == ("2", "3", "@segment.lapsed")
    assert [values[name] for name in ("said", "observed", "low", "high")] == ["70", "90", "82", "95"]
    assert advice({**tables, "segments": SEGMENTS[1:2]}) == []
    assert list(misses(SEGMENTS, "said", "rule")["segment"]) == ["lapsed"]


def test_the_report_has_its_sentences_in_both_languages(report):
    """Each has a text, all of whose arguments are given, and the verdicts are those of the headline."""
    for language in ("en", "zh"):
        texts = catalogue(language)
        for key, values in report.advice:
            assert "{" not in texts[key].format(**values)
    expected = [f"advice.{row.outcome}_{verdict(row.low, row.high)}" for row in report.tables["headline"].itertuples()]
    assert [key for key, _ in report.advice][: len(expected)] == expected
