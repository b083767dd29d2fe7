"""Further dates of a comparison: each measured on the customers known then."""

from dataclasses import replace

import pandas as pd
import pytest

from features.errors import HorizonNotOverError, TooLittleDataError
from features.loyalty.formula import load_formula
from reporting import trials
from reporting.comparison import ComparedModel
from reporting.trials import trial_table
from tests.training.stand_in import customer_model
from training.evaluation.evaluation import measures
from training.windows import window


@pytest.fixture
def fitted(monkeypatch):
    """A model in place of a fit; registered from March on."""
    model = replace(customer_model(), card=replace(customer_model().card, timezone="UTC"))
    monkeypatch.setattr(
        trials,
        "model_as_of",
        lambda store, cutoff, *_, **__: ComparedModel(model, 7 if cutoff.date.month >= 3 else None),
    )
    return model


def test_each_date_has_its_own_measures(shop, fitted):
    """Dates ascending, each once, with the baselines and metrics asked for."""
    dates = ["2024-03-01", "2024-01-01", "2024-03-01"]
    found = trial_table(shop, dates, 60, load_formula(), baselines=["zero"], metrics=["deviance", "bias"])
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
    assert trial_table(shop, [], 60, load_formula()).empty


def test_a_date_that_cannot_be_measured_is_one_line(shop, fitted):
    """The horizon is not over, or nobody had bought."""
    with pytest.raises(HorizonNotOverError, match="the 60 days from the trial at 2024-06-20 on are not over"):
        trial_table(shop, ["2024-06-20"], 60, load_formula())
    with pytest.raises(TooLittleDataError, match="the log begins on"):
        trial_table(shop, ["2022-06-20"], 60, load_formula())
