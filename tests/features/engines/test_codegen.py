"""One definition, three engines: compiled, plain Python and SQL give equal features, to the last bit."""

import math
import statistics
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.as_of import AsOf, AsOfLike
from features.definitions import AGGREGATES, FEATURE_COLUMNS, Aggregate, CausalColumn, Family, FeatureColumn
from features.definitions.registry import FeatureSet
from features.engines.codegen import generate_source, median, scratch_rows
from features.engines.feature_table import feature_table
from features.engines.python_engine import customer_features
from features.simulate import Truth, simulate
from features.store.event_store import EventStore
from tests.features.logs import (
    KIND,
    Event,
    Log,
    batch,
    coded,
    events_table,
    logs,
    microseconds,
    plain_table,
    same_bits,
    shelved,
)
from tests.features.sql_oracle import sql_feature_table

EXAMPLE = Path(__file__).parents[3] / "examples" / "online_retail_ii.parquet"


def cutoff(as_of: AsOfLike, timezone: str) -> tuple[int, int]:
    """Time and day of a cutoff."""
    parsed = AsOf.parse(as_of, timezone)
    return parsed.time, parsed.day


def three_agree(store: EventStore, rows: pa.RecordBatch, as_of: AsOfLike) -> int:
    """Assert that the engines agree on a store and the rows it was made of; return the number of customers."""
    time, day = cutoff(as_of, store.timezone)
    table = feature_table(store, as_of)
    same_bits(table, plain_table(store, time, day))
    same_bits(table, sql_feature_table(events_table(rows), time, day))
    return len(table)


@settings(max_examples=10, deadline=None)
@given(logs(min_size=1, max_size=30), st.integers(0, 4))
def test_three_engines_agree(log: Log, which: int) -> None:
    """On any log, in any zone, with or without corrections, at midnight or in mid-day."""
    three_agree(shelved(log), batch(log.events, log.zone), log.as_ofs()[which])


@settings(max_examples=30, deadline=None)
@given(logs(min_size=5, max_size=30))
def test_batch_and_online_agree(log: Log) -> None:
    """The compiled and the plain-Python kernel agree at every date."""
    store = shelved(log)
    for as_of in log.as_ofs():
        same_bits(feature_table(store, as_of), plain_table(store, *cutoff(as_of, log.zone)))


@pytest.mark.parametrize("truth", [Truth(), Truth(recorded_lag_days=3.0)], ids=["as it comes", "recorded late"])
def test_three_engines_agree_on_a_simulated_log(truth: Truth) -> None:
    """On 2,000 customers with every type of event, in the middle of a day of the log's second year."""
    rows = coded(simulate(truth, customers=2_000, seed=3)[0], "America/New_York")
    store = shelved([rows], "America/New_York")
    assert set(np.unique(store.columns["kind"])) == set(KIND.values())
    assert three_agree(store, rows, "2024-03-10T15:20:00") > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Shanghai"])
def test_three_engines_agree_on_a_large_simulated_log(zone: str) -> None:
    """On 10,000 customers, part of whose events were recorded late, at six dates."""
    rows = coded(simulate(Truth(recorded_lag_days=10.0), customers=10_000, seed=4)[0], zone)
    store = shelved([rows], zone)
    dates = ["2023-01-02", "2023-06-30", "2024-01-01", "2024-02-29T11:59:59.999999", "2024-10-27T01:30", "2026-01-01"]
    found = [three_agree(store, rows, as_of) for as_of in dates]
    assert found[-1] == 10_000


@pytest.mark.parametrize("as_of", ["2009-12-02", "2010-12-01T09:30", "2011-06-10", "2012-01-01"])
def test_three_engines_agree_on_the_example_log(as_of: str) -> None:
    """On the purchases and returns of Online Retail II."""
    rows = coded(pq.read_table(EXAMPLE))
    three_agree(shelved([rows]), rows, as_of)


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text + "+00:00"))


def test_one_customer_by_hand() -> None:
    """Purchases on days 0, 10, 10, 30 with a return and two visits, as of day 40: every number on paper."""
    log = [
        Event("a", at("2024-01-01T09:00"), KIND["visit"], channel=1, outcome=0, goal=3, satisfaction=8000),
        Event("a", at("2024-01-01T09:00"), KIND["purchase"], cents=1000),
        Event("a", at("2024-01-11T08:00"), KIND["purchase"], cents=2000),
        Event("a", at("2024-01-11T20:00"), KIND["purchase"], cents=500),
        Event("a", at("2024-01-12T20:00"), KIND["return"], cents=100),
        Event("a", at("2024-01-15T20:00"), KIND["visit"], channel=0, outcome=3, satisfaction=7000),
        Event("a", at("2024-01-31T00:00"), KIND["purchase"], cents=3000),
        Event("a", at("2024-02-01T00:00"), KIND["incentive"], outcome=0),
        Event("a", at("2024-02-02T00:00"), KIND["incentive"], outcome=1),
        Event("a", at("2024-02-03T00:00"), KIND["usage"]),
        Event("a", at("2024-02-04T00:00"), KIND["feedback"], loyalty=9500),
        Event("a", at("2024-02-10T00:00"), KIND["purchase"], cents=9999),
    ]
    found = feature_table(shelved(Log(log, "UTC", datetime(2024, 2, 10).date())), "2024-02-10").loc["a"]
    expected = (
        ("frequency recency T days_since_last_purchase purchase_days purchase_count", (2, 30, 40, 10, 3, 4)),
        ("monetary_value total_spend net_spend unpriced_purchases", (54 / 2, 65, 64, 0)),
        ("net_spend_30 net_spend_90 net_purchase_days_30 unmatched_returns", (54, 64, 2, 0)),
        ("purchase_days_7 purchase_days_30 purchase_days_90 spend_7 spend_30 spend_365", (0, 2, 3, 0, 55, 65)),
        ("gap_mean gap_median gap_std gap_max gap_last overdue_ratio", (15, 15, math.sqrt(50), 20, 20, 10 / 15)),
        ("basket_mean basket_max basket_last purchase_trend", (65 / 4, 30, 30, 3)),
        ("return_count return_share purchase_days_year_ago_28 purchase_days_year_ago_91", (1, 1 / 65, 0, 0)),
        ("visit_count visits_phone visits_face_to_face visits_email visits_for_loyalty", (2, 1, 1, 0, 1)),
        ("visits_ordered visits_refused visit_positive_share visits_followed_14", (1, 1, 0.5, 1)),
        ("days_since_last_visit visits_30 visit_satisfaction_mean visit_satisfaction_last", (26, 1, 7.5, 7)),
        ("feedback_count feedback_loyalty_last days_since_last_feedback", (1, 9.5, 6)),
        ("visit_loyalty_mean feedback_satisfaction_mean feedback_trend", (math.nan,) * 3),
        ("usage_count usage_7 days_since_last_usage", (1, 1, 7)),
        ("incentives_sent incentives_redeemed incentives_expired incentives_90", (1, 1, 0, 1)),
        ("incentive_redemption_share days_since_last_incentive", (1, 8)),
    )
    for names, values in expected:
        assert [found[n] for n in names.split()] == pytest.approx(values, rel=0, abs=0, nan_ok=True), names


@given(st.lists(st.integers(1, 10**5), min_size=1))
def test_median(values: list[int]) -> None:
    """The median is that of the standard library, whatever stands behind the values in the scratch space."""
    assert median([*values, 10**9], len(values)) == statistics.median(values)


def test_the_generated_text_is_all_of_the_definitions() -> None:
    """Every aggregate and every column stands in the function's text; only its recorded form asks what was known."""
    plain, recorded = generate_source(False), generate_source(True)
    assert all(f"# {c.name}\n" in plain for c in FEATURE_COLUMNS)
    assert all(f" {a.name}" in plain for a in AGGREGATES)
    assert "known_from" not in plain
    assert "known_from[i] < as_of" in recorded


def test_an_event_type_without_aggregates_has_no_branch() -> None:
    """Events of a type that no feature reads change nothing, also where later events look at them."""
    uses = Aggregate("uses", "usage", "count")
    followed = Aggregate("followed", "usage", "sum", "visited")
    columns = (FeatureColumn("uses", "uses", "uses", "uses"), FeatureColumn("followed", "uses", "x", "followed"))
    causal = (CausalColumn("visited", "usage", "followed", of="visit", days=9),)
    features = FeatureSet((Family("uses", (uses, followed), columns, causal),))
    source = generate_source(True, features)
    assert [line.split("# ")[1] for line in source.splitlines() if "event_kind ==" in line] == ["visit", "usage"]
    compile(source, "generated", "exec")
    log = [{"event_type": name, "event_time": datetime(2024, 1, 1)} for name in ("visit", "usage", "purchase")]
    assert customer_features(log, "2024-02-01", features=features) == {"uses": 1, "followed": 1}
    nothing = FeatureSet(())
    assert customer_features(log, "2024-02-01", features=nothing) == {}
    assert scratch_rows(nothing) == 0
