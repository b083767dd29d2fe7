"""Further dates of a comparison: each measured on the customers known then."""

from dataclasses import replace

import pandas as pd
import pytest

from features.errors import HorizonNotOverError, TooLittleDataError
from features.loyalty.formula import load_formula
from reporting import comparison
from reporting.comparison import ComparedModel
from reporting.tables import headline_table
from reporting.trials import earlier_dates, trial_comparisons, trial_table, verdict_table
from tests.training.stand_in import customer_model
from training.evaluation.evaluation import measures
from training.windows import midnight, window


@pytest.fixture
def fitted(monkeypatch):
    """A model in place of a fit; registered from March on."""
    model = replace(customer_model(), card=replace(customer_model().card, timezone="UTC"))
    monkeypatch.setattr(
        comparison,
        "model_as_of",
        lambda store, cutoff, *_, **__: ComparedModel(model, 7 if cutoff.date.month >= 3 else None),
    )
    return model


def test_each_date_has_its_own_measures(shop, fitted):
    """Dates ascending, each once, with the baselines and metrics asked for."""
    dates = ["2024-03-01", "2024-01-01", "2024-03-01"]
    found = trial_table(trial_comparisons(shop, dates, 60, load_formula(), baselines=["zero"]), ["deviance", "bias"])
    assert list(found) == ["date", "customers", "model_version", "forecast", "deviance", "bias"]
    assert found["date"].tolist() == ["2024-01-01"] * 2 + ["2024-03-01"] * 2
    assert found["forecast"].tolist() == ["model", "zero"] * 2
    assert found["model_version"].isna().tolist() == [True, True, False, False]
    for date, rows in found.groupby("date"):
        known = window(shop, date, [60])
        purchases = pd.Series(known.purchases[60], known.features.index)
        expected = measures(purchases, {"model": fitted.predict(known.features, known.day, 60)}, ["deviance", "bias"])
        assert rows["customers"].tolist() == [len(purchases)] * 2
        assert rows.iloc[0][["deviance", "bias"]].tolist() == pytest.approx(expected.loc["model"].tolist())


def test_no_date_no_row(shop):
    """The table is there, and empty."""
    assert trial_table([]).empty


def test_a_date_that_cannot_be_measured_is_one_line(shop, fitted):
    """The horizon is not over, or nobody had bought."""
    with pytest.raises(HorizonNotOverError, match="the 60 days from the trial at 2024-06-20 on are not over"):
        trial_comparisons(shop, ["2024-06-20"], 60, load_formula())
    with pytest.raises(TooLittleDataError, match="the log begins on"):
        trial_comparisons(shop, ["2022-06-20"], 60, load_formula())


def test_verdicts_are_the_headline_of_each_date(shop, fitted):
    """Dates ascending, a date given twice once."""
    comparisons = trial_comparisons(shop, ["2024-03-01", "2024-01-01"], 60, load_formula(), baselines=["zero"])
    found = verdict_table([*comparisons, comparisons[0]])
    assert found["date"].drop_duplicates().tolist() == ["2024-01-01", "2024-03-01"]
    for each in comparisons:
        rows = found[found["date"] == each.as_of].drop(columns="date").reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, headline_table(each)[list(rows)])


def test_earlier_dates_are_a_horizon_apart_and_have_a_history(shop):
    """Back from the cutoff, as many as the log allows after the days that a model needs."""
    cutoff = midnight(shop, "2024-03-01")
    assert earlier_dates(shop, cutoff, 30, 2, 120) == ["2024-01-01", "2024-01-31"]
    assert earlier_dates(shop, cutoff, 90, 9, 120) == ["2023-06-05", "2023-09-03", "2023-12-02"]
    assert earlier_dates(shop, cutoff, 90, 9, 5000) == []
    assert earlier_dates(shop, cutoff, 90, 0, 120) == []
