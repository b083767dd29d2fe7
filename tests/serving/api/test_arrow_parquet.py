"""Tables in Arrow and Parquet are checked as JSON is, with faults by column and row."""

import contextlib
import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette

from tests.serving.asking import ARROW, PARQUET, arrow, ask, feature_row, parquet, problem_of

FEATURE_TABLE = pa.table(
    {
        name: pa.array([value], pa.string() if name == "customer_id" else pa.float64())
        for name, value in feature_row().items()
    }
)


LOG = pa.table({"customer_id": ["a", "b"], "event_time": ["2011-01-01", "2011-02-01"], "event_type": ["usage"] * 2})


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


BAD_TABLES = {
    "no Arrow": ("/score_features", b"customers", ARROW, 400, None),
    "half an Arrow stream": ("/score_features", arrow(FEATURE_TABLE)[:-100], ARROW, 400, None),
    "Parquet sent as Arrow": ("/score_features", parquet(FEATURE_TABLE), ARROW, 400, None),
    "no Parquet": ("/score_features", b"PAR1junkPAR1", PARQUET, 400, None),
    "compressed Arrow": ("/score_features", arrow(FEATURE_TABLE, compression="zstd"), ARROW, 415, None),
    "no rows": ("/score_features", arrow(FEATURE_TABLE.slice(0, 0)), ARROW, 422, ""),
    "a column missing": (
        "/score_features",
        parquet(FEATURE_TABLE.drop_columns(["frequency"])),
        PARQUET,
        422,
        "frequency",
    ),
    "a column too many": ("/score_features", arrow(FEATURE_TABLE.append_column("X", [[1.0]])), ARROW, 422, "X"),
    "a column twice": ("/score_features", arrow(FEATURE_TABLE.append_column("T", [[1.0]])), ARROW, 422, "T"),
    "texts as numbers": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [["5"]])), ARROW, 422, "T"),
    "Infinity": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [[float("inf")]])), ARROW, 422, "T/0"),
    "NaN where there is no null": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "frequency", [[float("nan")]])),
        ARROW,
        422,
        "frequency/0",
    ),
    "an impossible row": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [[1.0]])), ARROW, 422, "recency/0"),
    "half a purchase": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "purchase_count", [[2.5]])),
        ARROW,
        422,
        "purchase_count/0",
    ),
    "a customer without an id": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "customer_id", [[" "]])),
        ARROW,
        422,
        "customer_id/0",
    ),
    "a customer twice": ("/score_features", arrow(pa.concat_tables([FEATURE_TABLE] * 2)), ARROW, 422, "customer_id/1"),
    "events without a time": ("/score", arrow(LOG.drop_columns(["event_time"])), ARROW, 422, "event_time"),
    "an unknown type": (
        "/score",
        parquet(with_column(LOG, "event_type", [["usage", "gift"]])),
        PARQUET,
        422,
        "event_type/1",
    ),
    "no time": ("/score", arrow(with_column(LOG, "event_time", [["2011-01-01", "soon"]])), ARROW, 422, "event_time/1"),
    "an event ahead": (
        "/score",
        arrow(with_column(LOG, "event_time", [["2011-01-01", "2012-01-01"]])),
        ARROW,
        422,
        "event_time/1",
    ),
    "a record ahead": (
        "/score",
        arrow(LOG.append_column("recorded_at", [["2011-01-01", "2012-01-01"]])),
        ARROW,
        422,
        "recorded_at/1",
    ),
    "a negative amount": ("/score", arrow(LOG.append_column("amount", [[1.0, -1.0]])), ARROW, 422, "amount/1"),
    "a list as an amount": ("/score", arrow(LOG.append_column("amount", [[[1.0], [2.0]]])), ARROW, 422, "amount"),
    "no id": ("/score", arrow(with_column(LOG, "customer_id", [[None, "b"]])), ARROW, 422, "customer_id/0"),
}


@pytest.mark.parametrize(("path", "body", "kind", "status", "where"), BAD_TABLES.values(), ids=list(BAD_TABLES))
def test_tables_are_checked_as_json_is(
    app: Starlette, path: str, body: bytes, kind: str, status: int, where: str | None
) -> None:
    """Arrow and Parquet get the same statuses, and faults by column and row."""
    problem_of(ask(app, path, body, kind=kind), status, where)


ONE = pa.array(["1", "1"])
CODES = pa.array([0, 0], pa.int8())
NEVER_READ = {
    "list": pa.array([["x"], ["y"]]),
    "empty list": pa.array([[], []], pa.list_(pa.string())),
    "large list": pa.array([["x"], ["y"]], pa.large_list(pa.string())),
    "fixed size list": pa.array([["x"], ["y"]], pa.list_(pa.string(), 1)),
    "list view": pa.array([["x"], ["y"]], pa.list_view(pa.string())),
    "list of structs": pa.array([[{"a": 1}], [{"a": 2}]]),
    "struct": pa.array([{"a": 1}, {"a": 2}]),
    "map": pa.array([[("a", 1)], [("b", 2)]], pa.map_(pa.string(), pa.int64())),
    "sparse union": pa.UnionArray.from_sparse(CODES, [ONE]),
    "dense union": pa.UnionArray.from_dense(CODES, pa.array([0, 1], pa.int32()), [ONE]),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array(["1"])),
    "dictionary of lists": pa.DictionaryArray.from_arrays(CODES, pa.array([["x"]])),
    "dictionary of truth values": pa.DictionaryArray.from_arrays(CODES, pa.array([True])),
    "extension json": pa.ExtensionArray.from_storage(pa.json_(), ONE),
    "extension uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"1" * 16] * 2, pa.binary(16))),
    "truth value": pa.array([True, False]),
    "duration": pa.array([1, 2], pa.duration("s")),
    "clock time": pa.array([1, 2], pa.time64("us")),
    "interval": pa.array([(1, 2, 3)] * 2, pa.month_day_nano_interval()),
    "fixed size binary": pa.array([b"1", b"2"], pa.binary(1)),
    "binary view": pa.array([b"1", b"2"], pa.binary_view()),
}
ALWAYS_READ = {
    "text": ONE,
    "large text": ONE.cast(pa.large_string()),
    "text view": ONE.cast(pa.string_view()),
    "bytes": ONE.cast(pa.binary()),
    "large bytes": ONE.cast(pa.large_binary()),
    "text as a dictionary": ONE.dictionary_encode(),
    "small codes": pa.DictionaryArray.from_arrays(CODES, pa.array(["1"])),
    "number as a dictionary": pa.array([1.0, 1.0]).dictionary_encode(),
    "decimal": pa.array([Decimal("1"), Decimal("1")], pa.decimal128(9, 0)),
    "small decimal": pa.array([Decimal("1"), Decimal("1")], pa.decimal32(9, 0)),
    "large decimal": pa.array([Decimal("1"), Decimal("1")], pa.decimal256(50, 0)),
    "half float": pa.array([1.0, 1.0], pa.float16()),
    "float": pa.array([1.0, 1.0], pa.float32()),
    "byte": pa.array([1, 1], pa.uint8()),
    "large number": pa.array([1, 1], pa.uint64()),
}


def forms(table: pa.Table) -> list[tuple[bytes, str]]:
    """The table in each form that can hold it."""
    found = [(arrow(table), ARROW)]
    with contextlib.suppress(pa.ArrowNotImplementedError, pa.ArrowInvalid):  # Parquet has no such type
        found.append((parquet(table), PARQUET))
    return found


@pytest.mark.parametrize("name", NEVER_READ)
@pytest.mark.parametrize("column", ["customer_id", "event_time", "event_type", "amount", "content", "reference"])
def test_a_column_of_another_kind_is_named_with_what_was_expected(app: Starlette, name: str, column: str) -> None:
    """422 with the column, the type found and the type expected in one line; also of a column that nothing reads."""
    table = LOG.append_column("amount", [[1.0, 2.0]])
    table = table.drop_columns([column]) if column in table.column_names else table
    for body, kind in forms(table.append_column(column, NEVER_READ[name])):
        answer = ask(app, "/score", body, kind=kind)
        problem_of(answer, 422, column)
        (fault,) = answer.json()["errors"]
        assert fault["detail"].startswith("found ")
        assert ", expected " in fault["detail"]


@pytest.mark.parametrize("name", NEVER_READ)
@pytest.mark.parametrize("column", ["customer_id", "frequency", "gap_std"])
def test_so_is_a_column_of_features(app: Starlette, name: str, column: str) -> None:
    """422, in Arrow and in Parquet."""
    table = pa.concat_tables([FEATURE_TABLE] * 2)
    for body, kind in forms(with_column(table, column, NEVER_READ[name])):
        problem_of(ask(app, "/score_features", body, kind=kind), 422, column)


@pytest.mark.parametrize("name", ALWAYS_READ)
def test_a_number_may_come_in_any_type_of_numbers_or_text(app: Starlette, name: str) -> None:
    """As an id, a reference and an amount of a log; the answer is that of plain text."""
    plain = pa.table({"customer_id": ONE, "event_time": LOG["event_time"], "event_type": ["purchase"] * 2})
    plain = plain.append_column("amount", ONE).append_column("reference", ONE)
    expected = ask(app, "/score", arrow(plain), kind=ARROW)
    assert (expected.status, expected.json()["scores"][0]["customer_id"]) == (200, "1")
    for column in ("customer_id", "amount", "reference"):
        for body, kind in forms(with_column(plain, column, ALWAYS_READ[name])):
            answer = ask(app, "/score", body, kind=kind)
            assert answer.body == expected.body, (column, kind)


def test_a_column_of_the_type_null_is_absent(app: Starlette) -> None:
    """Optional ones; a required one has empty rows."""
    expected = ask(app, "/score", arrow(LOG), kind=ARROW)
    for column in ("amount", "reference", "content", "recorded_at", "channel"):
        for body, kind in forms(LOG.append_column(column, pa.nulls(2))):
            assert ask(app, "/score", body, kind=kind).body == expected.body
    for body, kind in forms(with_column(LOG, "customer_id", pa.nulls(2))):
        problem_of(ask(app, "/score", body, kind=kind), 422, "customer_id/0")


@pytest.mark.parametrize("kind", [ARROW, PARQUET])
def test_other_files_are_told_apart(app: Starlette, kind: str) -> None:
    """Feather of both versions, Arrow files, and Parquet sent as an Arrow stream: by name, with what to send."""
    feather, first = io.BytesIO(), io.BytesIO()
    pyarrow.feather.write_feather(LOG, feather)
    first.write(b"FEA1" + arrow(LOG) + b"FEA1")
    sent = {"an Arrow file (Feather)": feather.getvalue(), "a file of Feather version 1": first.getvalue()}
    if kind == ARROW:
        sent["a Parquet file"] = parquet(LOG)
    for found, body in sent.items():
        answer = ask(app, "/score", body, kind=kind)
        problem_of(answer, 400, None)
        assert answer.json()["detail"].startswith(f"found {found}, expected a")


def test_texts_of_any_page_encoding_are_read_or_refused_by_column(app: Starlette) -> None:
    """Dictionaries, plain pages and lengths by delta; texts that repeat the one before them are refused."""
    table = LOG.append_column("reference", [["a" * 50, "a" * 50 + "b"]])
    expected = ask(app, "/score", arrow(table), kind=ARROW)
    for encoding in ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        for version in ("1.0", "2.0"):
            sink = io.BytesIO()
            options = {"use_dictionary": False, "column_encoding": {"reference": encoding}}
            pq.write_table(table, sink, data_page_version=version, **options)
            answer = ask(app, "/score", sink.getvalue(), kind=PARQUET)
            if encoding == "DELTA_BYTE_ARRAY":
                problem_of(answer, 400, None)
                assert "column reference has an encoding" in answer.json()["detail"]
            else:
                assert answer.body == expected.body
