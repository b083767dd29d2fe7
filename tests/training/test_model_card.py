"""The card says in Markdown what a version was fitted to, how its recipe did and what the gate said."""

import math

import pandas as pd

from tests.training.stand_in import customer_model
from training.gate import Verdict
from training.model_card import model_card


def measures() -> pd.DataFrame:
    index = pd.MultiIndex.from_product(
        [["2011-06-13", "2011-09-11"], [30, 90], ["model", "zero"]], names=["date", "horizon", "forecast"]
    )
    return pd.DataFrame({"deviance": [n + 0.5 for n in range(8)], "auc": [0.8, math.nan] * 4}, index)


def test_the_card_has_the_data_the_trials_and_the_verdict() -> None:
    """The recipe in all trials, all forecasts in the last; an undefined measure is a dash."""
    card = model_card(customer_model().card, "bold", measures(), Verdict(("log: short",), {}, 3, "refit"))
    lines = card.splitlines()
    assert lines[0] == "**bold**, fitted to everything before **2011-06-10** (Europe/London)."
    assert "- 500 customers; event log `000000000000`" in lines
    assert "| date | days | deviance | auc |" in lines
    assert "| 2011-09-11 | 90 | 6.500 | 0.800 |" in lines
    assert "### All forecasts, 90 days from 2011-09-11" in lines
    assert "| zero | 7.500 | - |" in lines
    assert "### The gate: refused" in lines
    assert "Is this refit of the recipe in service sound? (compared with champion version 3)" in lines
    assert "- log: short" in lines


def test_a_table_follows_an_empty_line() -> None:
    """Otherwise Markdown takes it for text."""
    lines = model_card(customer_model().card, "bold", measures(), Verdict((), {})).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("|") and not lines[number - 1].startswith("|"):
            assert lines[number - 1] == ""
    assert "### The gate: passed" in lines
