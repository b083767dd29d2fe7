"""The sentence of each outcome's verdicts over dates, by counts made by hand."""

import pandas as pd
import pytest

from reporting.stability import stability

AHEAD = {"model": (1.0, 2.0), "rule": (-2.0, -1.0), "open": (-1.0, 1.0)}


@pytest.mark.parametrize(
    ("ahead", "key"),
    [
        (["model", "model"], "all_model"),
        (["rule", "rule", "rule"], "all_rule"),
        (["open", "open"], "all_open"),
        (["model", "open", "open"], "some_model"),
        (["rule", "open"], "some_rule"),
        (["model", "rule", "open"], "mixed"),
    ],
)
def test_the_sentence_follows_the_counts(ahead, key):
    """Each side's dates are counted; the key says whether they agree."""
    rows = [{"outcome": "spend", "low": AHEAD[each][0], "high": AHEAD[each][1]} for each in ahead]
    [(found, values)] = stability(pd.DataFrame(rows))
    assert found == f"stability.{key}"
    assert values == {
        "outcome": "@headline.spend_title",
        "dates": str(len(ahead)),
        **{name: str(ahead.count(name)) for name in AHEAD},
    }


def test_one_date_says_nothing_of_stability():
    """There is no sentence."""
    assert stability(pd.DataFrame([{"outcome": "spend", "low": 1.0, "high": 2.0}])) == []
