"""The figures of the lists at each length, against lists counted one by one and the headline."""

import numpy as np
import pandas as pd
import pytest

from reporting.list_lengths import eligible_customers, list_lengths
from reporting.tables import outcomes, rankings
from training.evaluation.metrics import list_membership


def test_the_headline_is_one_of_the_lengths(report):
    """At its length every figure is that of the headline, to the last end of the interval."""
    lengths = report.tables["list_lengths"].query("purpose == measure").set_index(["purpose", "list"])
    for row in report.tables["headline"].itertuples():
        figures = lengths.loc[row.outcome, row.list]
        for name in ("among", "by_model", "by_rule", "by_chance", "difference", "low", "high"):
            assert figures[name] == pytest.approx(getattr(row, name), rel=1e-9, abs=1e-9), name


def test_every_list_is_that_counted_one_by_one(report):
    """Totals of the highest scores, equal ones sharing the last places; money is that of the horizon, net."""
    comparison = report.comparison
    for row in report.tables["list_lengths"].itertuples():
        eligible = eligible_customers(comparison, row.purpose)
        if row.measure == row.purpose:
            values = outcomes(comparison)[row.purpose]
        elif row.measure == "money" and row.purpose != "stayed_away":
            values = comparison.spend.to_numpy()
        else:
            continue
        for side in ("model", "rule"):
            score = rankings(comparison, row.purpose)[side][eligible]
            expected = list_membership(score, row.list) @ values[eligible]
            assert getattr(row, f"by_{side}") == pytest.approx(expected)


def test_money_of_the_churn_list_is_that_of_who_churned(report):
    """What those on the list who churned spent in the year before: the most that winning them back could keep."""
    comparison = report.comparison
    rows = report.tables["list_lengths"].query("purpose == 'stayed_away' and measure == 'money'")
    lost = comparison.features["net_spend_365"].where(comparison.churned, 0.0).fillna(0.0)
    eligible = eligible_customers(comparison, "stayed_away")
    row = rows.iloc[-1]
    score = rankings(comparison, "stayed_away")["model"][eligible]
    assert row["by_model"] == pytest.approx(list_membership(score, int(row["list"])) @ lost[eligible])


def test_intervals_hold_their_figures_and_longer_lists_more(report):
    """Each total is within its interval; without outliers there is never more money than with them."""
    table = report.tables["list_lengths"]
    for side in ("model", "rule"):
        assert (table[f"{side}_low"] <= table[f"by_{side}"] + 1e-9).all()
        assert (table[f"by_{side}"] <= table[f"{side}_high"] + 1e-9).all()
        for _, curve in table.groupby(["purpose", "measure"]):
            assert np.all(np.diff(curve.sort_values("list")[f"by_{side}"]) >= -1e-9)
    money = table.pivot_table(index=["purpose", "list"], columns="measure", values="by_model")
    assert (money["money_without"] <= money["money"] + 1e-9).all()


def test_lengths_end_before_everybody():
    """Round numbers below the base, and the headline's length, once each."""
    assert list_lengths(5272)[-3:] == [1000, 1500, 2000]
    assert list_lengths(120) == [10, 12, 20, 50, 100]
    assert list_lengths(1) == [1]
    assert pd.Series(list_lengths(100_000)).is_monotonic_increasing
