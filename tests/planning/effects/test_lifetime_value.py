import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.errors import TooLittleDataError
from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from planning.effects.decisions import decisions
from planning.effects.lifetime_value import spend_forecasts
from tests.planning.shops import shop


def test_visits_do_not_move_the_forecast(tmp_path):
    """A log with visits and incentives added has the forecasts of the purchases alone, to the last bit."""
    store, _, log = shop(tmp_path / "with", 200, seed=4)
    log[log["event_type"] == "purchase"].to_parquet(tmp_path / "alone.parquet")
    ingest(tmp_path / "alone.parquet", tmp_path / "alone")
    cutoff = AsOf.parse("2024-08-01", "UTC")
    one, other = (spend_forecasts(each, [cutoff])[0] for each in (store, open_store(tmp_path / "alone")))
    pd.testing.assert_series_equal(one, other)


def test_forecasts_follow_what_was_spent(tmp_path):
    """Over the next 60 days the forecast's sum is near what is spent, and it orders the customers."""
    store, plans, _ = shop(tmp_path, 600, seed=5)
    table = decisions(store, plans, 60)
    forecast = spend_forecasts(store, [AsOf.parse(str(plans[0].manifest["as_of"]), "UTC")], 60)[0]
    expected = table["customer_id"].map(forecast)
    assert expected.sum() == pytest.approx(table["spend"].sum(), rel=0.25)
    assert np.corrcoef(expected, table["spend"])[0, 1] > 0.3


def test_without_repeat_purchases_there_is_no_forecast(tmp_path):
    """Where nobody bought twice the error says so."""
    times = pd.date_range("2024-01-01", periods=20, freq="D")
    log = pd.DataFrame(
        {"customer_id": [f"C{k}" for k in range(20)], "event_time": times, "event_type": "purchase", "amount": 5.0}
    )
    log.to_parquet(tmp_path / "log.parquet")
    ingest(tmp_path / "log.parquet", tmp_path / "store")
    with pytest.raises(TooLittleDataError, match="repeat purchases"):
        spend_forecasts(open_store(tmp_path / "store"), [AsOf.parse("2024-02-01", "UTC")])
