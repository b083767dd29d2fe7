"""What came true, against a plain count in pandas."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.simulate import LOG_SCHEMA
from features.store.event_store import EventStore, open_store
from tests.training.logs import simulated, stored
from training.targets import horizon_end, horizon_is_over, log_end, targets

AS_OF = date(2024, 2, 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, EventStore]:
    log = simulated(200)
    return log.to_pandas(), stored(log, tmp_path_factory.mktemp("targets"))


@pytest.mark.parametrize("horizon", [1, 30, 90])
def test_targets_are_the_days_with_a_purchase_in_the_half_open_window(
    shop: tuple[pd.DataFrame, EventStore], horizon: int
) -> None:
    """From as_of on, until before its end, purchases of one day once; spend is what is left of them."""
    log, store = shop
    start = pd.Timestamp(AS_OF)
    inside = log["event_time"].between(start, start + timedelta(days=horizon), inclusive="left")
    bought = log[inside & (log["event_type"] == "purchase")]
    days = bought.groupby("customer_id")["event_time"].agg(lambda times: times.dt.date.nunique())
    found = targets(store, AS_OF, [horizon])
    assert found[f"purchases_{horizon}"].tolist() == days.reindex(found.index, fill_value=0).tolist()
    assert (found[f"churned_{horizon}"] == (found[f"purchases_{horizon}"] == 0)).all()
    spend = left_of_purchases(log[inside]).reindex(found.index, fill_value=0.0)
    assert found[f"spend_{horizon}"].tolist() == pytest.approx(spend.tolist())


def test_a_horizon_that_is_not_over_has_no_columns(shop: tuple[pd.DataFrame, EventStore]) -> None:
    """Neither after the log's last day, nor after the moment of knowledge."""
    _, store = shop
    assert list(targets(store, AS_OF, [5000]).columns) == []
    assert horizon_is_over(store, AS_OF, 30)
    assert not horizon_is_over(store, AS_OF, 30, AS_OF + timedelta(days=29))
    assert horizon_is_over(store, AS_OF, 30, AS_OF + timedelta(days=30))


def test_a_return_or_a_visit_is_no_purchase(tmp_path: Path) -> None:
    """Only purchases count as occasions."""
    (tmp_path / "log.csv").write_text(
        "customer_id,event_time,event_type,amount\na,2024-01-01,purchase,5\na,2024-02-02,return,5\n"
        "a,2024-02-03,usage,\na,2024-06-01,purchase,5\n"
    )
    ingest(tmp_path / "log.csv", tmp_path / "store")
    assert targets(open_store(tmp_path / "store"), AS_OF, [60])["purchases_60"].tolist() == [0]


# Against plain pandas, with every difficulty at once


def purchase(customer, moment, amount=10.0, **more):
    return {"customer_id": customer, "event_type": "purchase", "event_time": moment, "amount": amount} | more


def store_of(rows, folder, timezone="UTC"):
    pq.write_table(pa.Table.from_pylist(rows, LOG_SCHEMA), folder / "log.parquet")
    assert ingest(folder / "log.parquet", folder / "store", timezone=timezone).quarantined == 0
    return open_store(folder / "store")


def random_log(seed, corrected):
    """Purchases, returns and visits that share days and midnights; some without an amount, some corrected later."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(400):
        moment = datetime(2024, 1, 15) + timedelta(int(rng.integers(0, 120)), hours=int(rng.choice([0, 3, 12, 23])))
        row = purchase(f"c{rng.integers(0, 12)}", moment, None if rng.random() < 0.2 else float(rng.integers(0, 90)))
        kind = rng.random()
        if kind < 0.2:
            row |= {"event_type": "visit", "amount": None}
        elif kind < 0.4:
            row |= {"event_type": "return"}
        if corrected:
            row |= {"reference": f"r{number}", "recorded_at": moment + timedelta(int(rng.choice([0, 2])))}
        rows.append(row)
        if corrected and row["event_type"] == "purchase" and rng.random() < 0.4:
            later = row["recorded_at"] + timedelta(int(rng.integers(1, 40)))
            moved = moment + timedelta(int(rng.choice([0, 1, -1])))
            rows.append(row | {"event_time": moved, "recorded_at": later, "amount": float(rng.integers(0, 90))})
    end = datetime(2024, 8, 1)
    return [*rows, purchase("late", end, **({"recorded_at": end} if corrected else {}))]


def oracle(rows, timezone, start, horizon, known_at):
    """The same in pandas: the last known version of each event, days by the local calendar."""
    log = pd.DataFrame(rows)
    log["event_time"] = log["event_time"].dt.tz_localize(timezone)
    seen = pd.Timestamp(known_at or date(2100, 1, 1), tz=timezone)
    if "recorded_at" in log:
        log = log[log["recorded_at"].dt.tz_localize(timezone) < seen]
        versions = log["reference"].fillna("late")
        log = log.assign(reference=versions).sort_values("recorded_at", kind="stable")
        log = log.drop_duplicates("reference", keep="last")
    begin, end = pd.Timestamp(start, tz=timezone), pd.Timestamp(start + timedelta(horizon), tz=timezone)
    inside = log[(log["event_time"] >= begin) & (log["event_time"] < min(end, seen))]
    bought = inside[inside["event_type"] == "purchase"]
    days = bought["event_time"].dt.date.groupby(bought["customer_id"]).nunique()
    return pd.DataFrame({"purchases": days, "spend": left_of_purchases(inside)})


def left_of_purchases(log):
    """What is left of each customer's purchases: every return is charged to the newest ones before it, one by one."""
    totals = {}
    for customer, events in log.sort_values(["event_time", "event_type"], kind="stable").groupby("customer_id"):
        left = []
        for event_type, amount in zip(events["event_type"], events["amount"].fillna(0.0), strict=True):
            if event_type == "purchase":
                left.append(amount)
            elif event_type == "return":
                for sale in reversed(range(len(left))):
                    charged = min(left[sale], amount)
                    left[sale], amount = left[sale] - charged, amount - charged
        totals[customer] = sum(left)
    return pd.Series(totals, dtype=float)


MARCH = date(2024, 3, 1)


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York", "Asia/Shanghai"])
@pytest.mark.parametrize("corrected", [False, True])
def test_targets_are_those_of_plain_pandas(tmp_path, timezone, corrected):
    """Purchase days, churn and spend of every customer; midnights belong to the day they begin."""
    rows = random_log(11, corrected)
    found = targets(store_of(rows, tmp_path, timezone), MARCH, (1, 30, 60))
    assert list(found.index) == sorted({row["customer_id"] for row in rows})
    for horizon in (1, 30, 60):
        truth = oracle(rows, timezone, MARCH, horizon, None).reindex(found.index).fillna(0)
        assert (found[f"purchases_{horizon}"] == truth["purchases"]).all()
        assert (found[f"churned_{horizon}"] == (truth["purchases"] == 0)).all()
        np.testing.assert_allclose(found[f"spend_{horizon}"], truth["spend"])


@pytest.mark.parametrize("known_at", [date(2024, 3, 31), date(2024, 4, 20)])
def test_targets_known_at_a_date_are_what_was_known_then(tmp_path, known_at):
    """A correction recorded later changes nothing, nor does what had not yet been recorded count."""
    rows = random_log(5, corrected=True)
    found = targets(store_of(rows, tmp_path), MARCH, (1, 30, 60), known_at)
    assert list(found) == [f"{name}_{h}" for h in (1, 30) for name in ("purchases", "churned", "spend", "returned")]
    for horizon in (1, 30):
        truth = oracle(rows, "UTC", MARCH, horizon, known_at).reindex(found.index).fillna(0)
        assert (found[f"purchases_{horizon}"] == truth["purchases"]).all()
        np.testing.assert_allclose(found[f"spend_{horizon}"], truth["spend"])


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Shanghai"])
def test_spend_of_a_horizon_is_the_net_spend_of_its_days(tmp_path, timezone):
    """Learnt as an outcome and seen afterwards as a feature, the same days have the same money."""
    store = store_of(random_log(3, corrected=False), tmp_path, timezone)
    for start in (date(2024, 1, 20), MARCH, date(2024, 4, 15)):
        seen = feature_table(store, start + timedelta(days=30)).reindex(store.customer_ids)
        found = targets(store, start, [30])
        assert found["spend_30"].tolist() == seen["net_spend_30"].fillna(0.0).tolist()
        both = found["spend_30"] + found["returned_30"]
        np.testing.assert_allclose(both, seen["spend_30"].fillna(0.0))


def test_a_return_after_the_horizon_or_of_an_older_purchase_takes_nothing_from_it(tmp_path):
    """Every window is measured by its own end; who returns more than was bought in it returns something older."""
    rows = [
        purchase("older", datetime(2024, 2, 1), 50.0),
        purchase("older", datetime(2024, 3, 5), 20.0, event_type="return"),
        purchase("older", datetime(2024, 3, 6), 30.0),
        purchase("later", datetime(2024, 3, 5), 40.0),
        purchase("later", datetime(2024, 5, 1), 40.0, event_type="return"),
        purchase("both", datetime(2024, 2, 1), 50.0),
        purchase("both", datetime(2024, 3, 5), 10.0),
        purchase("both", datetime(2024, 3, 5), 25.0, event_type="return"),
    ]
    found = targets(store_of(rows, tmp_path), MARCH, [30])
    assert found["spend_30"].to_dict() == {"both": 0.0, "later": 40.0, "older": 30.0}
    assert found["returned_30"].to_dict() == {"both": 10.0, "later": 0.0, "older": 0.0}


def test_both_ends_are_half_open(tmp_path):
    """The first moment is in, the end is out; two purchases of one day are one occasion and both are spend."""
    midnight = datetime.combine(MARCH, time())
    end, second = midnight + timedelta(days=30), timedelta(seconds=1)
    moments = (midnight - second, midnight, midnight + timedelta(hours=5), end - second, end)
    found = targets(store_of([purchase("a", moment) for moment in moments], tmp_path), MARCH, [30])
    assert found.loc["a"].tolist() == [2, False, 30.0, 0.0]


def test_a_day_is_one_of_the_business_time_zone(tmp_path):
    """Two purchases of one evening in New York are two days in UTC."""
    evening = ["2024-03-10T23:30:00Z", "2024-03-11T00:30:00Z"]
    log = pd.DataFrame([purchase("a", moment) for moment in (*evening, "2024-09-01T00:00:00Z")])
    log.to_csv(tmp_path / "log.csv", index=False)
    for zone, days in (("UTC", 2), ("America/New_York", 1)):
        ingest(tmp_path / "log.csv", tmp_path / "store", timezone=zone, existing="replace")
        assert targets(open_store(tmp_path / "store"), MARCH, [30]).loc["a", "purchases_30"] == days


def test_the_last_day_of_the_log_is_taken_for_whole(tmp_path):
    """A horizon is over by its midnight; at a date of knowledge by that, whatever came before or after it."""
    store = store_of([purchase("a", datetime(2024, 2, 1)), purchase("a", datetime(2024, 3, 30, 9))], tmp_path)
    assert log_end(store) == horizon_end(store, MARCH, 30)
    assert list(targets(store, MARCH, [30, 31])) == ["purchases_30", "churned_30", "spend_30", "returned_30"]
    assert horizon_is_over(store, MARCH, 10, date(2024, 3, 11))
    assert not horizon_is_over(store, MARCH, 11, date(2024, 3, 11))
    assert horizon_is_over(store, MARCH, 60, date(2024, 4, 30))


def test_a_horizon_has_its_days_when_the_clock_is_put_forward(tmp_path):
    """30 days from the first of March end at a midnight in New York, an hour less later."""
    store = store_of([purchase("a", datetime(2024, 2, 1))], tmp_path, "America/New_York")
    start, end = horizon_end(store, MARCH, 0), horizon_end(store, MARCH, 30)
    assert (end.time - start.time) / 3.6e9 == 30 * 24 - 1


def test_an_unpriced_purchase_is_an_occasion_without_spend(tmp_path):
    """It counts, and adds nothing."""
    store = store_of([purchase("a", datetime(2024, 3, 5), None), purchase("b", datetime(2024, 6, 1))], tmp_path)
    found = targets(store, MARCH, [30])
    assert found.loc["a"].tolist() == [1, False, 0.0, 0.0]
    assert found.loc["b"].tolist() == [0, True, 0.0, 0.0]
