"""The law of returns: adding a purchase never lowers the score, adding a return never raises it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import event as note
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.engines.python_engine import customer_features
from features.loyalty.formula import load_formula
from features.loyalty.scoring_one import score_one

AS_OF = datetime(2024, 6, 10)
EXAMPLE = Path(__file__).parents[2] / "examples" / "online_retail_ii.parquet"
NET_COLUMNS = [
    *(f"net_{name}_{w}" for name in ("spend", "purchase_days") for w in (7, 30, 90, 180, 365)),
    *("net_spend", "monetary_value"),
]

days = st.one_of(st.integers(0, 12), st.sampled_from([29, 30, 31, 364, 365, 366, 500]))
amounts = st.one_of(st.none(), st.integers(0, 9).map(float), st.sampled_from([0.01, 250.0, 600.0, 1500.0]))
names = st.sampled_from([None, None, "r1", "r2"])


@st.composite
def moves(draw: st.DrawFn, event_type: str) -> dict[str, Any]:
    """A purchase or a return, often at the moment and of the name of another, with an amount or without."""
    time = AS_OF - timedelta(days=draw(days), hours=draw(st.sampled_from([1, 1, 12])))
    event = {"event_type": event_type, "event_time": time, "amount": draw(amounts)}
    return event | {"reference" if event_type == "purchase" else "sale_reference": draw(names)}


histories = st.lists(st.one_of(moves("purchase"), moves("purchase"), moves("return")), max_size=14)


def score_of(log: list[dict[str, Any]]) -> float:
    """The shipped formula's score of one customer."""
    points = score_one(customer_features(log, AS_OF), load_formula()).loyalty_score
    assert points is not None
    return points


@settings(max_examples=200, deadline=None)
@given(histories, moves("purchase"))
def test_adding_a_purchase_never_lowers_the_score(log: list[dict[str, Any]], more: dict[str, Any]) -> None:
    """Nor any net sum or count of days, wherever among the returns it falls."""
    before, after = customer_features(log, AS_OF), customer_features([*log, more], AS_OF)
    note(f"rises: {score_of(log) < score_of([*log, more])}")
    assert score_of(log) <= score_of([*log, more])
    for name in NET_COLUMNS[:-1]:
        assert before[name] <= after[name], name
    assert after["unmatched_returns"] <= before["unmatched_returns"]


@settings(max_examples=200, deadline=None)
@given(histories, moves("return"))
def test_adding_a_return_never_raises_the_score(log: list[dict[str, Any]], more: dict[str, Any]) -> None:
    """Nor any net sum, count of days or mean; and none is negative."""
    before, after = customer_features(log, AS_OF), customer_features([*log, more], AS_OF)
    note(f"falls: {score_of(log) > score_of([*log, more])}")
    assert score_of(log) >= score_of([*log, more])
    for name in NET_COLUMNS:
        assert not after[name] > before[name], name
        assert not after[name] < 0, name
    assert after["unmatched_returns"] >= before["unmatched_returns"]
    for name in ("frequency", "recency", "T", "purchase_days", "purchase_days_365", "spend_365", "total_spend"):
        assert repr(after[name]) == repr(before[name]), name


@settings(max_examples=200, deadline=None)
@given(histories)
def test_what_is_left_is_what_was_bought_less_what_was_charged(log: list[dict[str, Any]]) -> None:
    """Net spend lies between bought less returned and bought, and equals the former where every return found a sale."""
    found = customer_features(log, AS_OF)
    returned = sum(event["amount"] or 0 for event in log if event["event_type"] == "return")
    unpriced = [event for event in log if event["event_type"] == "return" and event["amount"] is None]
    if any(event["sale_reference"] for event in unpriced):
        returned = found["total_spend"]  # all that is left, however much
    assert found["total_spend"] - returned - 1e-9 <= found["net_spend"] <= found["total_spend"]
    if not found["unmatched_returns"] and not unpriced:
        assert abs(found["net_spend"] - (found["total_spend"] - returned)) < 1e-9
    for w in (7, 30, 90, 180, 365):
        assert found[f"net_spend_{w}"] <= found[f"spend_{w}"]
        assert found[f"net_purchase_days_{w}"] <= found[f"purchase_days_{w}"]


@pytest.mark.parametrize(
    ("customer", "date"), [("16446", "2011-12-10"), ("12346", "2011-12-10"), ("12346", "2011-02-01")]
)
def test_whoever_brought_everything_back_has_no_points_for_it(customer: str, date: str) -> None:
    """Two customers of the example log: 168,469.60 given back after 12 minutes, 77,183.60 after 16."""
    rows = pq.read_table(EXAMPLE, filters=[("customer_id", "==", customer)]).to_pylist()
    found = customer_features(rows, date, "Europe/London")
    points = score_one(found, load_formula())
    assert found["spend_365"] > 77_000
    assert found["net_spend_365"] < 5
    assert points.contributions["amount"] is not None
    assert points.contributions["amount"] < 0.2
    assert points.band == "bronze"


def charged_by_hand(log: list[dict[str, Any]]) -> tuple[list[int | None], int]:
    """Cents left of each purchase of a log without ties, in order of time, and the returns that found too little."""
    sales: list[dict[str, Any]] = []
    unmatched = 0
    for event in sorted(log, key=lambda each: each["event_time"]):
        cents = None if event["amount"] is None else round(event["amount"] * 100)
        if event["event_type"] == "purchase":
            sales.insert(0, event | {"left": cents})
            continue
        named = [sale for sale in sales if sale["reference"] and sale["reference"] == event["sale_reference"]]
        rest = sum(sale["left"] or 0 for sale in named) if cents is None else cents
        unmatched += cents is None and not rest
        for sale in named if cents is None else named + sales:
            taken = min(rest, sale["left"] or 0)
            rest -= taken
            sale["left"] = sale["left"] and sale["left"] - taken
        unmatched += rest > 0
    return [sale["left"] for sale in reversed(sales)], unmatched


def bought(amount: float, reference: str | None = None) -> dict[str, Any]:
    """A purchase, for an example."""
    return {"event_type": "purchase", "event_time": AS_OF, "amount": amount, "reference": reference}


def returned(amount: float, sale_reference: str | None = None) -> dict[str, Any]:
    """A return, for an example."""
    return {"event_type": "return", "event_time": AS_OF, "amount": amount, "sale_reference": sale_reference}


# Two where a charge in floats of currency leaves or misses 1e-16, which cents do not.
@example([returned(1, "r1"), bought(0.01, "r2"), bought(1), returned(0.01), returned(1)])
@example([bought(0.01), bought(9), returned(0.01), returned(9)])
@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(moves("purchase"), moves("return")), max_size=20))
def test_what_is_left_is_that_of_a_charge_by_hand(log: list[dict[str, Any]]) -> None:
    """Named sales pay first, of several the newest; then the newest of all that have something left."""
    moments = sorted(log, key=lambda each: each["event_time"])
    log = [each | {"event_time": AS_OF - timedelta(days=len(log) - at)} for at, each in enumerate(moments)]
    left, unmatched = charged_by_hand(log)
    found = customer_features(log, AS_OF)
    assert found["net_spend"] == sum(each or 0 for each in left) / 100
    assert found["unmatched_returns"] == unmatched
    assert found["net_purchase_days_365"] == sum(each != 0 for each in left)


def test_a_return_without_an_amount_takes_all_of_the_sale_that_it_names() -> None:
    """Of a part that was returned before, the rest; without a name, or of a sale that is empty, nothing."""
    names = ("a", "b", None)
    sales = [
        {"event_type": "purchase", "event_time": AS_OF - timedelta(9 - n), "amount": 10.0 * (n + 1), "reference": name}
        for n, name in enumerate(names)
    ]

    def net(*returns: tuple[float | None, str | None]) -> tuple[float, float]:
        given = [
            {"event_type": "return", "event_time": AS_OF - timedelta(3 - n), "amount": amount, "sale_reference": name}
            for n, (amount, name) in enumerate(returns)
        ]
        found = customer_features([*sales, *given], AS_OF)
        return found["net_spend"], found["unmatched_returns"]

    assert net((None, "a")) == (50.0, 0)
    assert net((5.0, "b"), (None, "b")) == (40.0, 0)
    assert net((None, "b"), (None, "b")) == (40.0, 1)
    assert net((None, None)) == (60.0, 1)
    assert net((None, "gone")) == (60.0, 1)
    assert net((25.0, "a")) == (35.0, 0)
    assert net((25.0, "a"), (None, "a")) == (35.0, 1)
