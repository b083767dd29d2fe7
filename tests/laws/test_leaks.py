"""Nothing after as_of, and nobody who came after it, has a part in a fit."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.as_of import AsOf
from features.errors import TooLittleDataError
from features.loyalty.formula import load_formula
from tests.training.logs import cut, simulated, stored
from training.backtest import backtest
from training.fit import fit_customer_model, sample_customers
from training.settings import FitSettings
from training.windows import window

AS_OF = date(2024, 3, 1)


def forecast_of(log: pa.Table, folder: Path) -> pd.DataFrame:
    store = stored(log, folder)
    day = AsOf.parse(AS_OF, store.timezone).day
    model = fit_customer_model(store, AS_OF, load_formula())
    return model.predict(window(store, AS_OF, []).features, day, 90)


def test_a_fit_on_a_log_cut_at_as_of_equals_one_on_the_whole_log(tmp_path: Path) -> None:
    """Every forecast is the same to the last bit."""
    log = simulated(400)
    pd.testing.assert_frame_equal(
        forecast_of(log, tmp_path / "whole"), forecast_of(cut(log, AS_OF), tmp_path / "cut"), check_exact=True
    )


def test_a_correction_recorded_after_as_of_is_not_learnt_from(tmp_path: Path) -> None:
    """Events that are corrected or recorded late count as they were known at as_of."""
    log = simulated(300)
    size = len(log)
    references = pa.array([f"e{row}" for row in range(size)])
    log = log.set_column(log.schema.get_field_index("reference"), "reference", references)
    log = log.set_column(log.schema.get_field_index("recorded_at"), "recorded_at", log["event_time"])
    later = pa.array(np.full(size, np.datetime64("2024-04-01", "us")))
    wrong = log.set_column(log.schema.get_field_index("recorded_at"), "recorded_at", later)
    wrong = wrong.set_column(log.schema.get_field_index("event_type"), "event_type", log["event_type"])
    wrong = wrong.set_column(log.schema.get_field_index("amount"), "amount", pa.array(np.full(size, 1.0)))
    both = pa.concat_tables([log, wrong.slice(0, size // 2)])
    pd.testing.assert_frame_equal(
        forecast_of(both, tmp_path / "both"), forecast_of(log, tmp_path / "log"), check_exact=True
    )


def test_the_draw_of_customers_is_that_of_the_date(tmp_path: Path) -> None:
    """Who is drawn from a large base is the same whether or not others came later."""
    log = simulated(300)
    whole, until = stored(log, tmp_path / "whole"), stored(cut(log, date(2023, 6, 1)), tmp_path / "cut")
    drawn = [
        {store.customer_ids[int(at)].as_py() for at in sample_customers(store, date(2023, 6, 1), 50, 7)}
        for store in (whole, until)
    ]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 50
    few = FitSettings(max_customers=100)
    assert fit_customer_model(whole, AS_OF, load_formula(), settings=few).card.customers == 100


def test_a_log_without_a_purchase_by_then_says_so(tmp_path: Path) -> None:
    """There is nothing to learn from, and the error says what to do."""
    with pytest.raises(TooLittleDataError, match="give a later --as-of"):
        fit_customer_model(stored(simulated(50), tmp_path), date(2022, 12, 1), load_formula())


def test_a_backtest_has_every_baseline_and_measures_only_what_is_over(tmp_path: Path) -> None:
    """The columns are those promised; a horizon that the log does not reach has no measures."""
    store = stored(simulated(300), tmp_path)
    done = backtest(store, AS_OF, 90, load_formula(), quick=True)
    baselines = ["zero", "base_rate", "own_rate", "days_since_last_purchase", "rule", "bg_nbd", "mbg_nbd", "pareto_nbd"]
    assert {"loyalty_score", "expected_purchases", "churn_probability", *baselines} <= set(done.table())
    assert np.isfinite(done.table().to_numpy()).all()
    assert done.measures is not None
    assert list(done.measures.index) == ["model", *baselines]
    assert done.measures["deviance"]["model"] < done.measures["deviance"]["base_rate"]
    assert backtest(store, AS_OF, 3000, load_formula(), quick=True).measures is None
