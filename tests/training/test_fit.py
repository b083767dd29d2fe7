"""Fitting a version: from the log as it was known, and on every log that has a purchase."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.simulate import LOG_SCHEMA, Truth, simulate
from features.store.event_store import open_store
from tests.training.logs import START, simulated, stored
from training.fit import fit_customer_model, fit_spend
from training.models.bundle import OUTPUTS
from training.models.window import Window

AS_OF = date(2024, 4, 1)


def fitted(store, as_of=AS_OF):
    """The model at a date, and its forecasts of two horizons for everybody known by then."""
    model = fit_customer_model(store, as_of, load_formula())
    day = AsOf.parse(as_of, store.timezone).day
    table = feature_table(store, as_of)
    return model, pd.concat([model.predict(table, day, days) for days in (30, 400)], axis=1, keys=[30, 400])


def shop(customers):
    """The log of purchases at the given days before `AS_OF`, a list a customer."""
    rows = [
        {
            "customer_id": f"c{number:03d}",
            "event_type": "purchase",
            "event_time": datetime.combine(AS_OF, datetime.min.time()) - timedelta(days=day, hours=-9),
            "amount": 20.0,
        }
        for number, days in enumerate(customers)
        for day in days
    ]
    return pa.Table.from_pylist(rows, LOG_SCHEMA)


def with_column(log, name, values):
    return log.set_column(log.schema.get_field_index(name), name, values)


RNG = np.random.default_rng(0)
LOGS = {
    "one customer": shop([[200, 150, 90]]),
    "one purchase": shop([[5]]),
    "one purchase, yesterday": shop([[1]]),
    "no repeats": shop([[int(day)] for day in RNG.integers(1, 700, 60)]),
    "four months": shop([sorted(RNG.integers(1, 120, 4).tolist()) for _ in range(40)]),
    "all churned": shop([sorted(RNG.integers(500, 900, 4).tolist()) for _ in range(60)]),
    "none churned": shop([list(range(1 + number % 7, 700, 10 + number % 7)) for number in range(40)]),
    "every day": shop([list(range(1, 500)), list(range(1, 400))]),
    "no amounts": with_column(shop([[400, 300, 200, 90], [500, 20]] * 30), "amount", pa.nulls(180, pa.float64())),
}


@pytest.mark.parametrize("name", LOGS)
def test_every_log_gives_forecasts(tmp_path, name):
    """However little it holds: finite, in range, coherent, and neither certain to buy nor certain to stay away."""
    _, found = fitted(stored(LOGS[name], tmp_path))
    assert np.isfinite(found.to_numpy()).all()
    for days in (30, 400):
        forecast = found[days]
        assert (forecast["expected_purchases"] > 0).all()
        assert (forecast["expected_purchases"] < 1.5 * days).all()
        assert (forecast["churn_probability"] > 0).all()
        assert (forecast["churn_probability"] < 1).all()
        assert (forecast["expected_purchases"] >= 1 - forecast["churn_probability"]).all()
        assert (forecast["low"] <= forecast["high"]).all()
        assert (forecast["expected_spend"] >= 0).all()
    assert (found[400] >= found[30])[["expected_purchases", "expected_spend"]].all(axis=None)


def test_a_fit_long_after_the_log_still_forecasts(tmp_path):
    """In 2050 nobody has bought for decades, and that is what is expected; nothing breaks."""
    _, found = fitted(stored(simulated(60, days=300), tmp_path), date(2050, 1, 1))
    assert np.isfinite(found.to_numpy()).all()
    assert found[400]["expected_purchases"].max() < 0.5


def test_what_was_recorded_or_corrected_later_teaches_nothing(tmp_path):
    """A log with delays, cut to what was recorded by as_of, gives the same forecasts to the last bit."""
    truth = Truth.plain("mbg", start=START, days=600, acquisition_days=400, references=True, recorded_lag_days=15.0)
    log = simulate(truth, 250, seed=3, block=250)[0]
    wrong = log.slice(0, len(log) // 3)
    corrected = with_column(wrong, "recorded_at", pc.add(wrong["recorded_at"], pa.scalar(timedelta(days=120))))
    corrected = with_column(corrected, "event_time", pc.add(wrong["event_time"], pa.scalar(timedelta(days=9))))
    whole = pa.concat_tables([log, corrected])
    end = pa.scalar(datetime.combine(AS_OF, datetime.min.time()), pa.timestamp("us"))
    known = whole.filter(pc.and_(pc.less(whole["recorded_at"], end), pc.less(whole["event_time"], end)))
    assert 0.3 * len(whole) < len(known) < 0.9 * len(whole)
    forecasts = [fitted(stored(each, tmp_path / name))[1] for name, each in (("whole", whole), ("known", known))]
    pd.testing.assert_frame_equal(*forecasts, check_exact=True)


def test_a_quiet_end_of_the_log_hides_no_window(tmp_path):
    """A log cut at as_of whose last event is days before it teaches what the whole log does."""
    log = shop([[300, 250, 200, 150, 100, 60, 40, 12], [280, 140, 70], [200, 90, 33], [190, 20]] * 10)
    after = with_column(log, "event_time", pc.add(log["event_time"], pa.scalar(timedelta(days=320))))
    both = (("whole", pa.concat_tables([log, after])), ("cut", log))
    forecasts = [fitted(stored(each, tmp_path / name))[1] for name, each in both]
    pd.testing.assert_frame_equal(*forecasts, check_exact=True)


def test_a_customer_without_a_purchase_has_no_forecast(tmp_path):
    """Visits alone: null in every column, in their place; the others are as without such customers."""
    log, visitors = simulated(100, days=500), ["A", "C0000007x", "Z"]
    visit = {"event_type": "visit", "event_time": datetime(2024, 1, 9, 10), "channel": "phone"}
    visits = pa.Table.from_pylist([visit | {"customer_id": name} for name in visitors], LOG_SCHEMA)
    model, found = fitted(stored(pa.concat_tables([log, visits]), tmp_path / "with"))
    _, without = fitted(stored(log, tmp_path / "without"))
    assert list(found[30]) == list(OUTPUTS)
    assert found.loc[visitors].isna().all(axis=None)
    assert found.drop(index=visitors).notna().all(axis=None)
    pd.testing.assert_frame_equal(found.drop(index=visitors), without)
    table = feature_table(open_store(tmp_path / "with" / "store"), AS_OF)
    value = model.customer_value(table, AsOf.parse(AS_OF, "UTC").day)
    assert (np.isnan(value) == table["purchase_days"].eq(0)).all()


def test_a_customer_alone_gets_their_whole_forecast_among_all(tmp_path):
    """Spend included."""
    store = stored(simulated(300, days=600), tmp_path)
    model, found = fitted(store)
    table, day = feature_table(store, AS_OF), AsOf.parse(AS_OF, store.timezone).day
    assert model.spend.kind_ in ("gamma-gamma", "trees")
    for row in range(0, len(table), 30):
        alone = model.predict(table.iloc[[row]], day, 400)
        np.testing.assert_allclose(alone, found[400].iloc[[row]], rtol=1e-12, atol=1e-12)


def test_the_day_of_a_fit_is_that_of_the_store(tmp_path):
    """A fit at a moment of the day is the fit at its midnight, in the business time zone."""
    pq.write_table(simulated(60, days=480), tmp_path / "log.parquet")
    ingest(tmp_path / "log.parquet", tmp_path / "store", timezone="Asia/Shanghai")
    store = open_store(tmp_path / "store")
    first, second = (fitted(store, as_of)[0] for as_of in ("2024-03-01", "2024-02-29T20:00:00+00:00"))
    assert first.card.as_of == second.card.as_of == "2024-03-01"
    table, day = feature_table(store, "2024-03-01"), AsOf.parse("2024-03-01", "UTC").day
    pd.testing.assert_frame_equal(first.predict(table, day, 90), second.predict(table, day, 90))


def test_the_latest_quarter_of_the_windows_chooses_the_spend_model(monkeypatch):
    """It is held out from learning; windows not yet over when it begins have no say in the choice."""
    monkeypatch.setattr("training.fit.SpendModel", RecordedSpend)
    sizes = {0: 2, 90: 3, 180: 1, 270: 4, 360: 2}
    windows = [spend_window(day, size, {30: 1.0, 90: 2.0}) for day, size in sizes.items()]
    windows.insert(1, spend_window(45, 1, {365: 3.0}))
    recorded = fit_spend(windows, windows[0], seed=7)
    starts = recorded.X["start"].to_numpy()
    assert recorded.seed == 7
    assert set(starts[recorded.later]) == {270, 360}
    assert set(starts[recorded.over]) == {0, 90, 180}
    assert (recorded.spend == np.where(starts == 45, 3.0, 2.0)).all()


def test_without_a_window_that_is_over_no_spend_is_learnt(monkeypatch):
    """The model is given empty arrays with the features' columns."""
    monkeypatch.setattr("training.fit.SpendModel", RecordedSpend)
    current = spend_window(0, 3, {})
    recorded = fit_spend([current], current, seed=0)
    assert list(recorded.X) == ["start"]
    assert len(recorded.X) == len(recorded.spend) == 0


class RecordedSpend:
    """Keeps what it is given."""

    def __init__(self, random_state):
        self.seed = random_state

    def fit(self, X, spend, purchases, over, later):
        self.X, self.spend, self.purchases, self.over, self.later = X, spend, purchases, over, later
        return self


def spend_window(day, size, spend):
    """A window whose customers all spent the same, by horizon."""
    return Window(
        day,
        pd.DataFrame({"start": [day] * size}),
        {horizon_days: np.ones(size, np.int64) for horizon_days in spend},
        {horizon_days: np.full(size, each) for horizon_days, each in spend.items()},
    )
