"""Causal columns of any event type: worked by hand, and equal in every engine to the last bit."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.as_of import AsOf
from features.definitions.registry import FeatureSet
from features.definitions.specs import NEVER, Aggregate, CausalColumn, Family, FeatureColumn
from features.engines.causal import causal_statements, initial_state, open_rows
from features.engines.feature_table import feature_table
from features.engines.python_engine import customer_features
from tests.features.installed import install, packages
from tests.features.logs import Log, batch, events_table, logs, plain_table, same_bits, shelved
from tests.features.sql_oracle import sql_feature_table

__all__ = ["packages"]
CAUSAL = (
    CausalColumn("first_of_day", "usage", "new_day"),
    CausalColumn("gap", "visit", "gap"),
    CausalColumn("gap", "return", "gap"),
    CausalColumn("after_feedback_day", "usage", "after_first_day", of="feedback"),
    CausalColumn("after_first_day", "visit", "after_first_day"),
    CausalColumn("bought_before", "usage", "followed", of="purchase", days=30),
    CausalColumn("bought_lately", "usage", "followed", of="purchase", days=2),
    CausalColumn("visited_before", "purchase", "followed", of="visit", days=0),
    CausalColumn("again", "purchase", "followed", days=7),
)
AGGREGATES = (
    Aggregate("use_days", "usage", "count", where="first_of_day == 1"),
    Aggregate("later_uses", "usage", "count", where="after_feedback_day == 1 and age <= 365"),
    Aggregate("followed_30", "usage", "sum", "bought_before"),
    Aggregate("followed_2", "usage", "sum", "bought_lately"),
    Aggregate("most_followed", "usage", "max", "bought_before * bought_before + bought_lately"),
    Aggregate("visit_gap_median", "visit", "median", "gap", "gap > 0"),
    Aggregate("visit_gap_square", "visit", "sum", "gap * gap"),
    Aggregate("visit_gap_count", "visit", "count", where="gap > 0"),
    Aggregate(
        "good_visits", "visit", "count", where="after_first_day == 1 and (outcome == ORDERED or channel != EMAIL)"
    ),
    Aggregate("return_gap", "return", "last", "gap", "gap > 0"),
    Aggregate("same_day", "purchase", "count", where="visited_before > 0"),
    Aggregate("repeats", "purchase", "count", where="again == 1 and not cents == 0"),
    Aggregate("first_use", "usage", "min", "day", empty=-NEVER),
    Aggregate("balance_cents", "purchase", "sum", "cents - 250 * again", "cents >= 0"),
)
COLUMNS = (
    *(
        FeatureColumn(name, "events", name, name)
        for name in ("use_days", "later_uses", "followed_30", "followed_2", "good_visits", "same_day", "repeats")
    ),
    FeatureColumn("visit_gap", "days", "median gap", "visit_gap_median", "visit_gap_count == 0", "null without a gap"),
    FeatureColumn(
        "visit_gap_root",
        "days",
        "root mean square gap",
        "sqrt(visit_gap_square / visit_gap_count)",
        "visit_gap_count == 0",
        "null without a gap",
    ),
    FeatureColumn("return_gap", "days", "last gap", "return_gap"),
    FeatureColumn("most", "events", "most", "most_followed"),
    FeatureColumn("since_use", "days", "first use", "as_of_day - first_use", "use_days == 0", "null without a use"),
    FeatureColumn("balance", "currency", "balance", "balance_cents / 100"),
)
FEATURES = FeatureSet((Family("added", AGGREGATES, COLUMNS, CAUSAL),))


@settings(max_examples=40, deadline=None)
@given(logs(min_size=5, max_size=40), st.integers(0, 4))
def test_an_added_family_has_equal_bits_in_three_engines(log: Log, which: int) -> None:
    """On any log, in any zone, with or without corrections: compiled, plain Python and SQL."""
    as_of = log.as_ofs()[which]
    store, cutoff = shelved(log), AsOf.parse(as_of, log.zone)
    table = feature_table(store, as_of, features=FEATURES)
    same_bits(table, plain_table(store, cutoff.time, cutoff.day, FEATURES))
    events = events_table(batch(log.events, log.zone))
    same_bits(table, sql_feature_table(events, cutoff.time, cutoff.day, FEATURES))
    assert FEATURES.limits["balance"].least < 0


ADDED_TYPES = """
from hypothesis import given, settings
from features.as_of import AsOf
from features.definitions.registry import FeatureSet, default_features
from features.engines.feature_table import feature_table
from tests.features.logs import batch, events_table, logs, plain_table, same_bits, shelved
from tests.features.sql_oracle import sql_feature_table

added = FeatureSet(tuple(family for family in default_features().families if family.origin))
print(*added.names)
found = set()

@settings(max_examples=40, deadline=None, derandomize=True)  # no conftest.py says here how to draw
@given(logs(min_size=10, max_size=40))
def engines_agree(log):
    store, cutoff = shelved(log), AsOf.parse(log.as_of_day, log.zone)
    table = feature_table(store, log.as_of_day, features=added)
    same_bits(table, plain_table(store, cutoff.time, cutoff.day, added))
    events = events_table(batch(log.events, log.zone))
    same_bits(table, sql_feature_table(events, cutoff.time, cutoff.day, added))
    found.update(name for name in table if table[name].fillna(0).any())

engines_agree()
print(*sorted(set(added.names) - found))
"""
TICKETS = """
    from features.definitions import Aggregate, CausalColumn, Family, FeatureColumn

    FAMILY = Family(
        "tickets",
        (
            Aggregate("open_tickets", "service_ticket", "count", where="outcome == LEFT_OPEN or channel == WECHAT"),
            Aggregate("after_ticket", "purchase", "count", where="followed_tickets > 0"),
        ),
        (
            FeatureColumn("open_tickets", "tickets", "tickets left open", "open_tickets"),
            FeatureColumn("after_ticket", "purchases", "purchases within 30 days of a ticket", "after_ticket"),
        ),
        (CausalColumn("followed_tickets", "purchase", "followed", of="service_ticket", days=30),),
    )
"""
WORDS = """
[events]
types = ["service_ticket", "deposit"]
amounts = ["deposit"]
channels = {service_ticket = ["web", "wechat"]}
outcomes = {service_ticket = ["solved", "left_open"]}
"""


def test_added_event_types_have_equal_bits_in_three_engines(packages: Path, tmp_path: Path) -> None:
    """Types of the settings file: one with a family of an installed package, one with a generic family."""
    install(packages, "acme_tickets", TICKETS, features={"tickets": "acme_tickets:FAMILY"})
    (tmp_path / "regulars.toml").write_text(WORDS)
    paths = f"{Path(__file__).parents[3]}{os.pathsep}{packages}"
    environment = os.environ | {"PYTHONPATH": paths, "REGULARS_CONFIG": str(tmp_path / "regulars.toml")}
    command = [sys.executable, "-c", ADDED_TYPES]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    names, never_above_0 = ended.stdout.splitlines()
    assert names.split() == [
        *("open_tickets", "after_ticket"),
        *("deposit_count", "deposit_count_30", "deposit_count_90", "deposit_count_365", "days_since_last_deposit"),
        *("deposit_amount", "deposit_amount_30", "deposit_amount_90", "deposit_amount_365"),
    ]
    assert never_above_0 == ""


START = datetime(2024, 1, 1, 12)


def computed(history: str, causal: CausalColumn) -> list[int]:
    """The causal column of each event of its type, in a history like "visit 0, purchase 3" of types and days."""
    log: list[dict[str, Any]] = []
    for hour, each in enumerate(history.split(", ")):
        event_type, day = each.split()
        log.append({"event_type": event_type, "event_time": START + timedelta(days=int(day), minutes=hour)})
    sums = Aggregate("sums", causal.event_type, "sum", causal.name)
    features = FeatureSet((Family("one", (sums,), (FeatureColumn("sums", "x", "x", "sums"),), (causal,)),))
    found, sum_before = [], 0.0
    for number, event in enumerate(log, 1):
        sum_now = customer_features(log[:number], "2025-01-01", features=features)["sums"]
        if event["event_type"] == causal.event_type:
            found.append(int(sum_now - sum_before))
        sum_before = sum_now
    return found


@pytest.mark.parametrize(
    ("causal", "history", "expected"),
    [
        (CausalColumn("x", "usage", "new_day"), "usage 0, visit 1, usage 1, usage 1, usage 4", [1, 1, 0, 1]),
        (CausalColumn("x", "usage", "gap"), "usage 0, usage 0, visit 2, usage 3, usage 3, usage 4", [0, 0, 3, 0, 1]),
        (
            CausalColumn("x", "usage", "after_first_day", of="visit"),
            "usage 0, visit 1, usage 1, usage 2, visit 5, usage 5",
            [0, 0, 1, 1],
        ),
        (CausalColumn("x", "usage", "after_first_day"), "usage 0, usage 0, usage 1", [0, 0, 1]),
        (
            CausalColumn("x", "usage", "followed", of="visit", days=3),
            "visit 0, visit 2, usage 3, usage 4, visit 5, visit 6, usage 9, visit 9, usage 9",
            [2, 0, 1, 1],
        ),
        (CausalColumn("x", "usage", "followed", days=3), "usage 0, usage 3, usage 7, usage 7", [0, 1, 0, 1]),
    ],
    ids=lambda value: f"{value.kind} {value.of}".strip() if isinstance(value, CausalColumn) else None,
)
def test_causal_columns_by_hand(causal: CausalColumn, history: str, expected: list[int]) -> None:
    """Each kind, of the same and of another type."""
    assert computed(history, causal) == expected


def test_what_no_column_needs_is_not_kept() -> None:
    """Windows of one pair of types share their scratch row; without causal columns there are no statements."""
    rows = open_rows(CAUSAL, 1)
    assert rows == {("usage", "purchase"): 1, ("purchase", "visit"): 2, ("purchase", "purchase"): 3}
    assert causal_statements("usage", (), {}) == initial_state((), {}) == []
    assert causal_statements("incentive", CAUSAL, rows) == []
    state = initial_state(CAUSAL, rows)
    assert [line.split()[0] for line in state[:5]] == [
        *("_feedback_first_day", "_visit_first_day", "_usage_last_day", "_visit_last_day", "_return_last_day")
    ]
