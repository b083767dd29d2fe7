"""Whatever is asked, the answer is a score or a problem: never a null, a NaN, a 500."""

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from features.definitions import FEATURE_COLUMNS
from features.engines.feature_table import feature_table
from features.schema import RATING_MAXIMUM
from features.store.event_store import EventStore
from serving.api.feature_constraints import impossible_rows
from serving.request_types import feature_limits
from tests.serving.api.test_openapi import nulls
from tests.serving.asking import Answer, ask, columns_request, feature_row, rows_request, score_request

# Shrinking a row of 77 columns takes minutes, and a row is easily read as it is.
ALL_OF_THEM = settings(
    max_examples=50,
    suppress_health_check=list(HealthCheck),
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.shrink],
)


def sound(answer: Answer) -> None:
    """The answer is 200 without a null, or a problem document of a request that was wrong."""
    found = answer.json()
    assert list(nulls(found)) == []
    if answer.status == 200:
        for score in found["scores"]:
            assert 0 <= score.get("loyalty_score", 0) <= 100
            if "forecast" not in score.get("absent", {}):
                interval = score["expected_purchases_interval"]
                assert 0 <= interval["low"] <= interval["high"]
                assert 0 <= score["churn_probability"] <= 1
                assert score["expected_purchases"] >= 1 - score["churn_probability"] - 1e-9
                assert score["expected_spend"] >= 0
    else:
        assert 400 <= answer.status < 500
        assert found["status"] == answer.status


def _value(column: Any) -> st.SearchStrategy[Any]:
    least, greatest, whole = feature_limits(column)
    edges = st.sampled_from([least, 0.0, 1.0, greatest])
    number = edges | st.floats(least, greatest).map(lambda v: float(round(v)) if whole else v)
    return st.none() | number if column.null_when else number


@st.composite
def possible_rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row inside the limits of every column, often with a buyer's history that can be."""
    row: dict[str, Any] = {"customer_id": "a"} | {column.name: draw(_value(column)) for column in FEATURE_COLUMNS}
    if draw(st.booleans()):
        frequency = draw(st.integers(0, 2000))
        recency = draw(st.integers(frequency, 80_000)) if frequency else 0
        row |= {"frequency": frequency, "recency": recency, "T": draw(st.integers(recency, 100_000))}
        row |= {"purchase_days": frequency + 1, "gap_mean": recency / frequency if frequency else None}
        row |= dict.fromkeys(("basket_mean", "basket_max", "basket_last"), row["basket_mean"])
    return row


@ALL_OF_THEM
@given(row=possible_rows(), horizon=st.sampled_from([1, 90, 3650]), form=st.sampled_from(["row", "rows", "columns"]))
def test_features_at_their_limits_are_scored_or_refused(
    app: Starlette, row: dict[str, Any], horizon: int, form: str
) -> None:
    """However odd the row is, one by one, among many, or in columns."""
    if form == "columns":
        columns = {name: [value] * 250 for name, value in row.items()}
        body = columns_request(columns=columns | {"customer_id": [str(at) for at in range(250)]})
    else:
        more = [feature_row(customer_id=str(at)) for at in range(250)] if form == "rows" else []
        body = rows_request(rows=[row, *more])
    sound(ask(app, "/score_features", body | {"horizon_days": horizon}))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and under which key."""
    found: list[tuple[Any, Any]] = []
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += [(value, key), *places(each)]
    return found


@ALL_OF_THEM
@given(data=st.data(), path=st.sampled_from(["/score", "/score_features", "/score_customers"]))
def test_a_request_with_anything_anywhere(app: Starlette, data: st.DataObject, path: str) -> None:
    """A good request in which one value was replaced by any other, or taken out."""
    good = {"/score": score_request, "/score_features": rows_request}
    body = good[path]() if path in good else {"customer_ids": ["a", "b"]}
    holder, key = data.draw(st.sampled_from(places(body)))
    if data.draw(st.booleans()):
        holder[key] = data.draw(JSON_VALUES)
    else:
        del holder[key]
    sound(ask(app, path, body))


@ALL_OF_THEM
@given(data=st.data())
def test_bytes_that_were_damaged(app: Starlette, data: st.DataObject) -> None:
    """A good body in which some bytes were replaced by any others."""
    body = bytearray(json.dumps(score_request()).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    sound(ask(app, "/score", bytes(body)))


def test_every_row_of_a_feature_table_is_possible(example_store: EventStore) -> None:
    """What is refused as impossible is in no feature table: here at four dates of the example log."""
    for as_of in ("2009-12-02", "2010-06-10", "2011-06-10T09:30:00", "2011-12-10"):
        features = feature_table(example_store, as_of)
        assert (
            impossible_rows({name: features[name].to_numpy() for name in features}, "{name}/{row}", 5, RATING_MAXIMUM)
            == []
        )
        for column in FEATURE_COLUMNS:
            least, greatest, whole = feature_limits(column)
            values = features[column.name].dropna()
            assert values.between(least, greatest).all(), column.name
            assert not whole or (values == values.round()).all(), column.name
            assert column.null_when or len(values) == len(features), column.name


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "text/html, application/json;q=0.1", "APPLICATION/JSON", ""]
)
def test_json_is_had_in_many_words(app: Starlette, accept: str) -> None:
    """Whoever accepts JSON in any way gets it."""
    answer = ask(app, "/score", score_request(), accept=accept)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf8"']
)
def test_json_is_sent_under_many_names(app: Starlette, kind: str) -> None:
    """Case and a charset of UTF-8 do not matter."""
    assert ask(app, "/score", score_request(), kind=kind).status == 200


def test_duplicates_are_named_and_the_latest_counts(app: Starlette) -> None:
    """Of the versions of an event the one recorded last counts, and the answer names the event."""
    first = {"event_type": "purchase", "event_time": "2011-05-01", "amount": 100, "reference": "r"}
    again = first | {"amount": 900, "recorded_at": "2011-05-03"}
    asked = {"as_of": "2011-06-10"}
    alone, both, reversed_ = (
        ask(app, "/score", asked | {"customers": [{"customer_id": "a", "events": log}]}).json()
        for log in ([again], [first, again], [again, first])
    )
    assert both["scores"] == alone["scores"] == reversed_["scores"]
    assert both["duplicates"] == [{"customer_id": "a", "event_type": "purchase", "reference": "r"}]
    assert "duplicates" not in alone


def test_as_of_is_now_unless_said(app: Starlette) -> None:
    """Without as_of the clock's moment counts, told in the business time zone."""
    request = score_request()
    del request["as_of"], request["horizon_days"]
    answer = ask(app, "/score", request).json()
    assert (answer["as_of"], answer["horizon_days"]) == ("2011-12-10T12:00:00Z", 90)
    assert answer["scores"] == ask(app, "/score", request | {"as_of": "2011-12-10 12:00"}).json()["scores"]


def test_a_longer_horizon_never_brings_less(app: Starlette) -> None:
    """Expected purchases do not fall and the chance of none does not rise with the horizon."""
    found = [
        ask(app, "/score", score_request(horizon_days=days)).json()["scores"][0] for days in (1, 7, 30, 90, 365, 3650)
    ]
    told = pd.DataFrame(found)
    assert told["expected_purchases"].is_monotonic_increasing
    assert told["churn_probability"].is_monotonic_decreasing
