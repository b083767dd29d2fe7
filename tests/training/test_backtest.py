"""The backtest: what its table holds, which model it takes, and several dates and horizons at once."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from features.engines.feature_table import feature_table
from features.errors import ModelError, TooLittleDataError
from features.loyalty.formula import load_formula
from tests.training.logs import simulated, stored
from training.backtest import TIDY, backtest, backtests
from training.candidate_choice import CandidateFits
from training.fit import fit_customer_model
from training.models.btyd.bg_nbd import BGNBD
from training.settings import CandidateSettings, TrialSettings
from training.windows import midnight

AS_OF = date(2024, 3, 1)
NAIVE = ["zero", "base_rate", "own_rate", "days_since_last_purchase", "rule"]
BUY_TILL_YOU_DIE = ["bg_nbd", "mbg_nbd", "pareto_nbd"]


@pytest.fixture(scope="module")
def log():
    return simulated(250, days=540)


@pytest.fixture(scope="module")
def done(log, tmp_path_factory):
    return backtest(stored(log, tmp_path_factory.mktemp("backtest")), AS_OF, 90, load_formula(), quick=True)


def test_the_table_has_a_row_for_everyone_who_had_bought(log, done, tmp_path):
    """In the store's order: rule score, the model's forecasts and interval, then both forecasts of each baseline."""
    table = done.table()
    features = feature_table(stored(log, tmp_path), AS_OF)
    assert table.index.tolist() == features.index[features["purchase_days"] > 0].tolist()
    assert table.index.name == "customer_id"
    model = ["loyalty_score", "expected_purchases", "churn_probability", "low", "high"]
    both = [column for name in (*NAIVE, *BUY_TILL_YOU_DIE) for column in (name, f"{name}_churn_probability")]
    assert list(table) == [*model, *both]
    assert table["loyalty_score"].between(0, 100).all()
    churn = table.filter(like="churn_probability")
    assert ((churn >= 0) & (churn <= 1)).all(axis=None)
    assert (table["low"] <= table["high"]).all()


def test_measures_are_of_every_forecast_on_the_same_customers(done):
    """Against what came; the model has intervals, baselines have none."""
    assert list(done.measures.index) == list(done.forecasts) == ["model", *NAIVE, *BUY_TILL_YOU_DIE]
    assert done.purchases.index.equals(done.features.index)
    assert done.measures["coverage"].notna().tolist() == [True] + [False] * (len(done.forecasts) - 1)
    assert done.measures.loc["zero", "bias"] == -1


def test_several_dates_and_horizons_are_each_as_alone(log, tmp_path):
    """Dates first, horizons within; a horizon that is not over has forecasts and no measures."""
    store = stored(log, tmp_path)
    both = list(backtests(store, [date(2023, 12, 1), AS_OF], [30, 400], load_formula(), model="bg_nbd", quick=True))
    assert [(each.as_of, each.horizon_days) for each in both] == [
        *(("2023-12-01", 30), ("2023-12-01", 400)),
        *(("2024-03-01", 30), ("2024-03-01", 400)),
    ]
    alone = backtest(store, AS_OF, 30, load_formula(), model="bg_nbd", quick=True)
    pd.testing.assert_frame_equal(both[2].table(), alone.table(), check_exact=True)
    pd.testing.assert_frame_equal(both[2].measures, alone.measures, check_exact=True)
    assert both[3].measures is None
    assert both[3].tidy_measures().empty
    assert list(both[3].tidy_measures()) == list(both[2].tidy_measures()) == list(TIDY)


def test_an_unfitted_model_is_fitted_anew_at_each_date(log, tmp_path):
    """The instance that was given stays unfitted."""
    given = BGNBD()
    early, late = backtests(stored(log, tmp_path), [date(2023, 9, 1), AS_OF], [30], load_formula(), model=given)
    assert early.model.purchases is not late.model.purchases
    assert early.model.purchases.params_ != late.model.purchases.params_
    assert not hasattr(given, "params_")


def test_the_tidy_measures_say_which_model_was_fitted(done):
    """The date, the horizon and the customers in each row; the recipe in the rows of the model alone."""
    tidy = done.tidy_measures(("deviance",))
    assert tidy[["date", "horizon_days", "customers"]].drop_duplicates().to_numpy().tolist() == [
        [AS_OF, 90, len(done.features)]
    ]
    assert tidy.loc[tidy["model"] == "model", "recipe"].unique().tolist() == ["standard"]
    assert tidy.loc[tidy["model"] != "model", "recipe"].isna().all()
    assert set(tidy["metric"]) == {"deviance", "deviance_skill", "log_loss_skill"}


def test_without_a_model_it_is_the_candidate_that_a_fit_would_choose(log, tmp_path, monkeypatch):
    """`CandidateFits` chooses; the date is fitted for its trials and for the forecast."""
    store, trials = stored(log, tmp_path), TrialSettings(horizons=(30,), count=1)
    candidates = CandidateSettings(("own_rate", "bg_nbd"))
    chosen = CandidateFits(store, load_formula(), candidates, trials=trials).chosen_at(midnight(store, AS_OF))
    done = backtest(store, AS_OF, 30, load_formula(), candidates=candidates, trials=trials)
    assert done.model.card.model == chosen
    monkeypatch.setattr(CandidateFits, "chosen_at", lambda self, cutoff: "own_rate")
    assert backtest(store, AS_OF, 30, load_formula(), candidates=candidates).model.card.model == "own_rate"


def test_a_fitted_model_forecasts_only_from_the_end_of_its_data_on(log, tmp_path):
    """It forecasts as it is; earlier dates, another zone and another rating scale are refused in one line."""
    store = stored(log, tmp_path)
    fitted = fit_customer_model(store, AS_OF, load_formula(), model="bg_nbd")
    done = backtest(store, AS_OF, 30, load_formula(), model=fitted)
    assert done.model is fitted
    expected = fitted.predict(done.features, midnight(store, AS_OF).day, 30)
    pd.testing.assert_frame_equal(done.forecasts["model"], expected, check_exact=True)
    refusal = r"learnt from events before 2024-03-01, so .* at 2024-02-01, 2024-02-29: give .* or --model bg_nbd"
    with pytest.raises(ModelError, match=refusal):
        next(backtests(store, [AS_OF, date(2024, 2, 1), date(2024, 2, 29)], [30], load_formula(), model=fitted))
    for changed, line in (({"timezone": "Asia/Tokyo"}, "counts days in Asia/Tokyo"), ({"rating_maximum": 5.0}, "5")):
        other = replace(fitted, card=replace(fitted.card, **changed))
        with pytest.raises(ModelError, match=line):
            backtest(store, AS_OF, 30, load_formula(), model=other)


def test_a_date_before_all_purchases_says_so(log, tmp_path):
    """Before anything is fitted."""
    with pytest.raises(TooLittleDataError, match="nobody in the log has bought before 2022-01-01: give a later"):
        backtest(stored(log, tmp_path), date(2022, 1, 1), 30, load_formula())
