"""What the service says of a customer is what the batch says, by every road a request can take."""

import io
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import feature_table
from features.schema import RATING_MAXIMUM
from features.store.event_store import EventStore
from serving.api.app import make_app
from serving.api.event_json import features_of
from serving.api.feature_rows import SINGLE_ROWS
from serving.batch import write_scores
from serving.batch_forecasts import Forecasts
from serving.request_types import Customer
from serving.score_tables.table_address import read_table_address
from serving.score_tables.table_lookup import TableLookup
from serving.score_tables.table_writer import write_score_table
from serving.state import CurrentState, ServedModel, ServiceState
from tests.postgresql import postgresql_server
from tests.serving.asking import ARROW, PARQUET, ask
from tests.serving.conftest import EXAMPLE, NOW, ZONE

AS_OF, HORIZON = "2011-06-10", 183
MANY = 500


@pytest.fixture(scope="module")
def log() -> pa.Table:
    """The events of 500 customers of the example log, evenly taken."""
    table = pq.read_table(EXAMPLE)
    ids = pc.unique(table["customer_id"]).sort()
    return table.filter(pc.is_in(table["customer_id"], ids.take(pa.array(range(0, len(ids), len(ids) // MANY))[:MANY])))


@pytest.fixture(scope="module")
def customers(log: pa.Table) -> list[dict[str, Any]]:
    """The same as JSON has them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in log.to_pylist():
        event["event_time"] = str(event["event_time"])
        found.setdefault(event.pop("customer_id"), []).append({k: v for k, v in event.items() if v is not None})
    assert len(found) == MANY
    return [{"customer_id": customer_id, "events": events} for customer_id, events in found.items()]


@pytest.fixture(scope="module")
def batch_file(example_store: EventStore, served_model: ServedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `regulars score` writes of the whole base."""
    path = tmp_path_factory.mktemp("batch") / "scores.parquet"
    forecasts = Forecasts(served_model.customer_model, served_model.version, HORIZON)
    write_scores(example_store, AS_OF, served_model.customer_model.formula, path, forecasts)
    return path


@pytest.fixture(scope="module")
def batch(batch_file: Path) -> dict[str, dict[str, Any]]:
    return {row["customer_id"]: row for row in pq.read_table(batch_file).to_pylist()}


def flat(score: dict[str, Any]) -> dict[str, Any]:
    """A score of an answer in the columns of the batch file, absent as None."""
    found = {name: score.get(name) for name in ("loyalty_score", "coverage", "band")}
    parts = score["loyalty_parts"]
    for name in ("purchases", "amount", "usage", "feedback", "visits"):
        found[f"part_{name}"] = parts.get(name, {}).get("score")
        found[f"contribution_{name}"] = parts.get(name, {}).get("contribution")
    interval = score.get("expected_purchases_interval", {})
    found |= {f"expected_purchases_{end}": interval.get(end) for end in ("low", "high")}
    return found | {name: score.get(name) for name in ("expected_purchases", "churn_probability", "expected_spend")}


def same(scores: list[dict[str, Any]], batch: dict[str, dict[str, Any]]) -> int:
    """The scores are those of the batch to 1e-9, and who is not in the batch was no customer yet; how many are."""
    known = 0
    for score in scores:
        ours, row = flat(score), batch.get(score["customer_id"])
        if row is None:
            assert ours["expected_purchases"] is None
            assert score["absent"] == {"forecast": "never bought before as_of"}
            continue
        known += 1
        for name, value in ours.items():
            if isinstance(value, float):
                assert value == pytest.approx(row[name], rel=1e-9, abs=1e-9), (score["customer_id"], name)
            else:
                assert value == row[name], (score["customer_id"], name)
    return known


def request_for(customers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"customers": customers, "as_of": AS_OF, "horizon_days": HORIZON}


def test_features_are_those_of_the_batch_to_the_bit(example_store: EventStore, customers: list[dict[str, Any]]) -> None:
    """The features of 500 customers from their events in a request equal the feature table in every bit."""
    import msgspec

    batch = feature_table(example_store, AS_OF)
    known = 0
    for one in customers:
        faults: list[tuple[str, str]] = []
        ours, _ = features_of(
            msgspec.convert(one, Customer), "", AsOf.parse(AS_OF, ZONE), ZONE, RATING_MAXIMUM, 2**62, faults
        )
        assert not faults
        if one["customer_id"] in batch.index:
            theirs = batch.loc[one["customer_id"]].to_numpy()
            assert np.array_equal(np.array(list(ours.values())).view(np.int64), theirs.view(np.int64)) or (
                np.array_equal(np.array(list(ours.values())), theirs, equal_nan=True)
            )
            known += 1
    assert known > 300


def test_events_score_as_the_batch(app: Starlette, customers: list[dict[str, Any]], batch: dict[str, Any]) -> None:
    """Few customers in a request, which are scored one by one, and all in one request get the batch's scores."""
    few = [
        score
        for first in range(0, MANY, 100)
        for score in ask(app, "/score", request_for(customers[first : first + 100])).json()["scores"]
    ]
    assert SINGLE_ROWS >= 100
    assert same(few, batch) > 300
    answer = ask(app, "/score", request_for(customers)).json()
    assert same(answer.pop("scores"), batch) > 300
    assert answer == {"formula_version": "2", "model_version": "7", "as_of": "2011-06-10T00:00:00+01:00"} | {
        "horizon_days": HORIZON
    }


def sent(table: pa.Table, kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("kind", [ARROW, PARQUET])
def test_event_tables_score_as_the_batch(app: Starlette, log: pa.Table, batch: dict[str, Any], kind: str) -> None:
    """The log itself, as Arrow or Parquet, gets the batch's scores."""
    query = f"as_of={AS_OF}&horizon_days={HORIZON}"
    answer = ask(app, "/score", sent(log, kind), kind=kind, query=query)
    assert answer.status == 200, answer.body
    assert same(answer.json()["scores"], batch) > 300


@pytest.mark.parametrize("form", ["rows", "few rows", "columns", "few columns", ARROW, PARQUET])
def test_features_score_as_the_batch(
    app: Starlette, example_store: EventStore, batch: dict[str, Any], form: str
) -> None:
    """Rows of the feature table, in every form, get the batch's scores."""
    features = feature_table(example_store, AS_OF).iloc[:: 50 if form.startswith("few") else 8]
    table = pa.Table.from_pandas(features.reset_index(), preserve_index=False)
    body: Any
    if form.endswith("rows"):
        body, kind = {"rows": table.to_pylist()}, "application/json"
    elif form.endswith("columns"):
        body, kind = {"columns": table.to_pydict()}, "application/json"
    else:
        body, kind = sent(table, form), form
    query = f"as_of={AS_OF}&horizon_days={HORIZON}"
    if isinstance(body, dict):
        body, query = body | {"as_of": AS_OF, "horizon_days": HORIZON}, ""
    answer = ask(app, "/score_features", body, kind=kind, query=query)
    assert answer.status == 200, answer.body
    assert same(answer.json()["scores"], batch) == len(features)
    assert (len(features) <= SINGLE_ROWS) == form.startswith("few")


def test_an_answer_in_arrow_says_the_same(app: Starlette, example_store: EventStore, batch: dict[str, Any]) -> None:
    """The columns of the batch file, with what they are of in the metadata, and why where there is no forecast."""
    features = feature_table(example_store, AS_OF).iloc[::8]
    table = pa.Table.from_pandas(features.reset_index(), preserve_index=False)
    query = f"as_of={AS_OF}&horizon_days={HORIZON}"
    answer = ask(app, "/score_features", sent(table, ARROW), kind=ARROW, accept=ARROW, query=query)
    assert answer.headers["content-type"] == ARROW
    with pa.ipc.open_stream(answer.body) as reader:
        found = reader.read_all()
    assert {"model_version": b"7", "formula_version": b"2", "horizon_days": b"183"}.items() <= {
        key.decode(): value for key, value in found.schema.metadata.items()
    }.items()
    assert len(found) == len(features)
    for row in found.to_pylist():
        reason = row.pop("no_forecast")
        assert (reason is None) == (row["expected_purchases"] is not None)
        for name, value in row.items():
            expected = batch[row["customer_id"]][name]
            assert value == (pytest.approx(expected, rel=1e-9, abs=1e-9) if isinstance(expected, float) else expected)


def test_last_scores_are_those_of_the_file(model_state: ServiceState, batch_file: Path, batch: dict[str, Any]) -> None:
    """/score_customers gives the rows of the batch file in the order asked for, and names who is not in it."""
    app = make_app(CurrentState(model_state), scores=batch_file, clock=lambda: NOW)
    ids = list(batch)[100:0:-1]
    answer = ask(app, "/score_customers", {"customer_ids": [*ids[:50], "nobody", *ids[50:]]}).json()
    scores = answer.pop("scores")
    assert [score["customer_id"] for score in scores] == ids
    assert answer == {
        "unknown": ["nobody"],
        "formula_version": "2",
        "model_version": "7",
        "as_of": AS_OF,
        "timezone": ZONE,
        "horizon_days": HORIZON,
    }
    assert same(scores, batch) == len(ids)
    assert [flat(score) for score in scores] == [
        {name: batch[score["customer_id"]][name] for name in flat(score)} for score in scores
    ]


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.needs_postgresql), "sqlite"])
def test_last_scores_of_a_table_are_those_of_the_file(
    model_state: ServiceState, batch_file: Path, batch: dict[str, Any], tmp_path: Path, database: str
) -> None:
    """/score_customers answers from the table as from the file that was loaded into it, to the byte."""
    ids = [*list(batch)[::7], "nobody", "12415"]
    asked = {"customer_ids": list(dict.fromkeys(ids))}
    expected = ask(make_app(CurrentState(model_state), scores=batch_file, clock=lambda: NOW), "/score_customers", asked)
    with nullcontext(f"sqlite:///{tmp_path}/s.db") if database == "sqlite" else postgresql_server() as url:
        address = read_table_address(f"{url}?table=scores")
        write_score_table(address, [[batch_file]])
        with closing(TableLookup(address)) as lookup:
            app = make_app(CurrentState(model_state), scores=lookup, clock=lambda: NOW)
            assert ask(app, "/score_customers", asked).body == expected.body


def test_last_scores_of_the_rule_alone_say_so(
    rule_state: ServiceState, example_store: EventStore, tmp_path: Path
) -> None:
    """A batch without a model has no forecasts and no horizon, and says why."""
    app = make_app(CurrentState(rule_state), scores=tmp_path / "scores.parquet", clock=lambda: NOW)
    assert ask(app, "/score_customers", {"customer_ids": ["12415"]}).status == 409
    write_scores(example_store, AS_OF, rule_state.formula, tmp_path / "scores.parquet")
    answer = ask(app, "/score_customers", {"customer_ids": ["12415"]}).json()
    assert answer["absent"] == {"model_version": "the batch was scored without a model"}
    assert "horizon_days" not in answer
    (score,) = answer["scores"]
    assert score["loyalty_score"] > 0
    assert score["absent"] == {"forecast": "no model is in service"}


def test_column_names_are_in_order() -> None:
    """The order in which a row's values are read is that of the definitions."""
    from serving.request_types import FeatureRow

    assert FeatureRow.__struct_fields__ == ("customer_id", *FEATURE_NAMES)
