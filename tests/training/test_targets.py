"""What came true, against a plain count in pandas."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from features.store import EventStore
from tests.training.logs import simulated, stored
from training.targets import mature, targets

AS_OF = date(2024, 2, 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, EventStore]:
    log = simulated(200)
    return log.to_pandas(), stored(log, tmp_path_factory.mktemp("targets"))


@pytest.mark.parametrize("horizon", [1, 30, 90])
def test_targets_are_the_days_with_a_purchase_in_the_half_open_window(
    shop: tuple[pd.DataFrame, EventStore], horizon: int
) -> None:
    """From as_of on, until before its end, purchases of one day once; spend adds up all of them."""
    log, store = shop
    start = pd.Timestamp(AS_OF)
    inside = log["event_time"].between(start, start + timedelta(days=horizon), inclusive="left")
    bought = log[inside & (log["event_type"] == "purchase")]
    days = bought.groupby("customer_id")["event_time"].agg(lambda times: times.dt.date.nunique())
    found = targets(store, AS_OF, [horizon])
    assert found[f"purchases_{horizon}"].tolist() == days.reindex(found.index, fill_value=0).tolist()
    assert (found[f"churned_{horizon}"] == (found[f"purchases_{horizon}"] == 0)).all()
    spend = bought.groupby("customer_id")["amount"].sum().reindex(found.index, fill_value=0.0)
    assert found[f"spend_{horizon}"].tolist() == pytest.approx(spend.tolist())


def test_a_horizon_that_is_not_over_has_no_columns(shop: tuple[pd.DataFrame, EventStore]) -> None:
    """Neither after the log's last day, nor after the moment of knowledge."""
    _, store = shop
    assert list(targets(store, AS_OF, [5000]).columns) == []
    assert mature(store, AS_OF, 30)
    assert not mature(store, AS_OF, 30, AS_OF + timedelta(days=29))
    assert mature(store, AS_OF, 30, AS_OF + timedelta(days=30))


def test_a_return_or_a_visit_is_no_purchase(tmp_path: Path) -> None:
    """Only purchases count as occasions."""
    (tmp_path / "log.csv").write_text(
        "customer_id,event_time,event_type,amount\na,2024-01-01,purchase,5\na,2024-02-02,return,5\n"
        "a,2024-02-03,usage,\na,2024-06-01,purchase,5\n"
    )
    from features.ingest import ingest
    from features.store import open_store

    ingest(tmp_path / "log.csv", tmp_path / "store")
    assert targets(open_store(tmp_path / "store"), AS_OF, [60])["purchases_60"].tolist() == [0]
