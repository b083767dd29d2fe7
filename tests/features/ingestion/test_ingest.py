"""From a raw log to a store: every row is kept, quarantined with a reason, or reported as a duplicate."""

import csv
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.engines.feature_table import feature_table
from features.engines.python_engine import customer_features
from features.errors import SourceError, StoreError
from features.ingestion.ingest import ingest
from features.schema import (
    EVENT_TYPES,
    GOALS,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    LOG_COLUMN_NAMES,
    VISIT_CHANNELS,
    VISIT_OUTCOMES,
)
from features.store.event_store import is_store, open_store
from tests.features.reading import check_accounts, csv_file, parquet_file, read

GOOD = "B,2024-03-31 03:30:00+02:00,purchase,12.5,,,,,"


def test_a_log_of_faulty_rows_alone_makes_an_empty_store(tmp_path: Path) -> None:
    """Its quarantine says what to mend."""
    result = read(csv_file(tmp_path, "A,soon,buy,,,,,,", "A,2024-01-01"))
    assert (result.report.kept, result.report.customers, len(result.quarantine)) == (0, 0, 2)
    assert result.report.first_time is None
    assert result.report.lines()[1] == "0 customers, no event and so no time span, days counted in UTC"


def test_quoted_line_ends_and_ragged_rows_do_not_shift_the_rest(tmp_path: Path) -> None:
    """Rows are counted, and lines are told where they are not the next after the row's number."""
    header = "customer_id,event_time,event_type,content"
    lines = ['A,2024-01-01,usage,"two\nlines"', "", "B,2024-01-01", "C,2024-01-01,buy,x", "D,2024-01-01,usage,"]
    result = read(csv_file(tmp_path, *lines, header=header))
    assert result.report.rows_in == 4
    assert {int(row["row_number"]): row["reason"][-9:] for row in result.quarantine} == {2: " (line 5)", 3: " (line 6)"}


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    """As spreadsheets on the continent write them."""
    path = csv_file(
        tmp_path, "A;2024-01-01;purchase;1234,5", header="customer_id;event_time;event_type;amount", encoding="cp1252"
    )
    result = read(path)
    assert result.events[0]["cents"] == 123_450
    assert result.report.assumed == {
        str(path): {"format": "CSV", "encoding": "utf-8", "delimiter": ";", "decimal": ","}
    }


def test_the_report_says_what_was_read(tmp_path: Path) -> None:
    """Counts, kinds, span, columns not used, and what was assumed, in JSON and in words."""
    header = "customer_id,event_time,event_type,amount,shop"
    lines = [
        "A,2024-01-01 10:00,purchase,10,x",
        "B,2024-02-01 10:00,return,5,x",
        "B,2024-02-02,visit,,x",
        "B,,visit,,x",
    ]
    report = read(csv_file(tmp_path, *lines, header=header), timezone="Europe/Berlin").report
    assert (report.rows_in, report.kept, report.quarantined, report.customers) == (4, 3, 1, 2)
    assert (report.first_time, report.last_time) == ("2024-01-01T09:00:00+00:00", "2024-02-01T23:00:00+00:00")
    assert {kind: n for kind, n in report.kinds.items() if n} == {"purchase": 1, "return": 1, "visit": 1}
    assert report.quarantined_by_reason == {"event_time is empty": 1}
    assert report.ignored_columns == ["shop"]
    words = "\n".join(report.lines())
    for part in (
        "4 rows in: 3 kept, 1 quarantined, 0 duplicates",
        "Europe/Berlin",
        "shop",
        "event_time is empty",
        "'utf-8'",
    ):
        assert part in words


def test_progress_counts_every_row(tmp_path: Path) -> None:
    """The unreadable ones too."""
    counted: list[int] = []
    report = ingest(
        csv_file(tmp_path, GOOD, "x", GOOD), tmp_path / "store", progress=counted.append, accept_quarantine=True
    )
    assert sum(counted) == report.rows_in == 3


def test_a_source_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """The old one, or none."""
    store = tmp_path / "store"
    missing = csv_file(tmp_path, "1,2", header="a,b", name="missing.csv")
    with pytest.raises(SourceError):
        ingest(missing, store)
    assert not is_store(store)
    ingest(csv_file(tmp_path, GOOD), store)
    before = open_store(store).manifest
    with pytest.raises(SourceError):
        ingest([tmp_path / "log.csv", missing], store, existing="replace")
    assert open_store(store).manifest == before
    with pytest.raises(StoreError, match="is a file"):
        ingest(tmp_path / "log.csv", missing)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timezone": "Europe/Berln"}, "Europe/Berlin"),
        ({"rating_maximum": 0}, "rating_maximum"),
        ({"rating_maximum": float("nan")}, "rating_maximum"),
        ({"memory_limit": "much"}, "memory_limit"),
        ({"threads": 0}, "threads"),
    ],
)
def test_settings_that_make_no_sense_are_one_line(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    """Told before anything is read."""
    with pytest.raises(ValueError, match=message) as refusal:
        ingest(csv_file(tmp_path, GOOD), tmp_path / "store", **options)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "store").exists()


def test_the_digest_is_that_of_what_was_read(tmp_path: Path) -> None:
    """The same for the same files under other names, in another order; another for another byte."""
    a, b = csv_file(tmp_path, GOOD, name="a.csv"), csv_file(tmp_path, GOOD, GOOD, name="b.csv")
    digest = read([a, b]).report.digest
    assert read([b, a.rename(tmp_path / "c.csv")]).report.digest == digest
    assert read(b).report.digest not in (digest, read(tmp_path / "c.csv").report.digest)


VALUES = {
    "customer_id": st.sampled_from(["A", "B", " A", "", "\0", "Ä"]),
    "event_time": st.sampled_from(
        ["2024-01-01", "2024-01-01 10:00:00", "2024-03-31 02:30:00", "2024-01-01T10:00:00Z", "", "x", "0000-01-01"]
    ),
    "event_type": st.sampled_from([*EVENT_TYPES, "", "buy", " visit"]),
    "amount": st.sampled_from(["", "1", "1.5", "1,5", "-1", "1e400", "nan", "x"]),
    "channel": st.sampled_from(["", "phone", "coupon", "web"]),
    "goal": st.sampled_from(["", "loyalty", "x"]),
    "outcome": st.sampled_from(["", "sent", "ordered", "x"]),
    "satisfaction": st.sampled_from(["", "0", "10", "11", "x"]),
    "loyalty": st.sampled_from(["", "5.5", "-1"]),
    "content": st.text(st.sampled_from("a,\"\n\r'; é\0"), max_size=5),
    "reference": st.sampled_from(["", "", "r1", "r2", " r1 "]),
    "sale_reference": st.sampled_from(["", "", "r1", "r9"]),
    "plan_item": st.sampled_from(["", "P1", "P2", " P1 "]),
    "recorded_at": st.sampled_from(["", "2024-02-01", "2024-02-02", "x", "2024-02-01T00:00:00Z"]),
}
ROWS = st.lists(st.tuples(*(VALUES[name] for name in LOG_COLUMN_NAMES)), min_size=1, max_size=12)


def written(rows: list[tuple[str, ...]], names: tuple[str, ...] = LOG_COLUMN_NAMES) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    return text.getvalue().encode()


@settings(max_examples=20)
@given(ROWS, st.sampled_from(["UTC", "Europe/Berlin"]))
def test_tables_of_odd_values_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], timezone: str
) -> None:
    """As many rows in as were written; each kept, quarantined, or a duplicate; each faulty one as it was written."""
    path = tmp_path_factory.mktemp("log") / "log.csv"
    path.write_bytes(written(rows))
    result = read(path, timezone=timezone, decimal=".")
    assert result.report.rows_in == len(rows)
    for row in result.quarantine:
        assert tuple(row[name] for name in LOG_COLUMN_NAMES) == rows[int(row["row_number"]) - 1]


@settings(max_examples=20)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], dice: random.Random
) -> None:
    """Shuffled, and split over two files, the rows give the same store, byte by byte."""
    folder = tmp_path_factory.mktemp("log")
    shuffled = dice.sample(rows, len(rows))
    half = len(rows) // 2
    (folder / "a.csv").write_bytes(written(rows))
    (folder / "b.csv").write_bytes(written(shuffled[half:]))
    (folder / "c.csv").write_bytes(written(shuffled[:half]))
    assume((folder / "b.csv").read_bytes() != (folder / "c.csv").read_bytes())  # equal files are read once
    with patch("features.ingestion.ingest.refusal", lambda *_: ""):
        reports = [
            ingest(folder / "a.csv", folder / "one", decimal="."),
            ingest([folder / "b.csv", folder / "c.csv"] if half else folder / "b.csv", folder / "two", decimal="."),
        ]
    stores = [open_store(folder / name) for name in ("one", "two")]
    for name in [*stores[0].columns, *stores[0].text_codes, "offsets"]:
        assert len({(store.folder / f"{name}.npy").read_bytes() for store in stores}) == 1, name
    assert stores[0].customer_ids == stores[1].customer_ids
    assert stores[0].texts == stores[1].texts
    counts = [(r.kept, r.quarantined, r.duplicates, r.kinds, r.quarantined_by_reason) for r in reports]
    assert counts[0] == counts[1]


@settings(max_examples=20)
@given(ROWS)
def test_csv_and_parquet_give_the_same_store(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    """A text is read alike wherever it stands."""
    folder = tmp_path_factory.mktemp("log")
    (folder / "log.csv").write_bytes(written(rows))
    parquet_file(folder, dict(zip(LOG_COLUMN_NAMES, zip(*rows, strict=True), strict=True)))
    one, other = read(folder / "log.csv", decimal="."), read(folder / "log.parquet", decimal=".")
    assert one.events == other.events
    assert {n: reason.split(" (line")[0] for n, reason in one.reasons().items()} == other.reasons()


def check_report_or_line(path: Path, **options: Any) -> None:
    try:
        report = read(path, **options).report
    except SourceError as error:
        if "\n" in str(error):
            raise
    else:
        check_accounts(report)


SCRAPS = st.sampled_from(
    [
        *(
            b"A,2024-01-01,usage\n",
            b"A,2024-01-01,buy\n",
            b'"A","2024-01-01","usage"\r\n',
            b"A",
            b",",
            b'"',
            b"\n",
            b"\r",
            b"\0",
        ),
        *(b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf", b"usage", b"2024-01-01", b"\xff\xfe", b";", b"PAR1"),
    ]
)


@given(st.lists(SCRAPS, max_size=25).map(b"".join), st.sampled_from([None, "utf-8", "cp1252", "utf-16"]))
def test_any_bytes_give_a_report_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, encoding: str | None
) -> None:
    """Below a good header; nothing else is ever raised."""
    folder = tmp_path_factory.mktemp("log")
    (folder / "log.csv").write_bytes(b"customer_id,event_time,event_type\n" + body)
    check_report_or_line(folder / "log.csv", encoding=encoding)


@given(
    st.one_of(st.binary(max_size=200), st.lists(SCRAPS, max_size=10).map(b"".join)),
    st.sampled_from(["log.csv", "log.parquet"]),
)
def test_any_file_gives_a_report_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    """Without a header too."""
    folder = tmp_path_factory.mktemp("log")
    (folder / name).write_bytes(data)
    check_report_or_line(folder / name)


CONTRACT_TYPES: dict[str, st.SearchStrategy[Any]] = {
    "customer_id": st.sampled_from([pa.string(), pa.int64(), pa.float64(), pa.dictionary(pa.int8(), pa.string())]),
    "event_time": st.sampled_from(
        [pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.date32(), pa.string()]
    ),
    "amount": st.sampled_from([pa.float64(), pa.float32(), pa.int32(), pa.decimal128(12, 2), pa.string(), pa.null()]),
}
TIMES = st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)).map(
    lambda time: time.replace(hour=0, minute=0, second=0, microsecond=0)
)


@settings(max_examples=20)
@given(st.data())
def test_parquet_of_any_types_is_accounted_for(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Every row of typed columns with nulls is kept or quarantined, and what is quarantined reads again as it is."""
    size = data.draw(st.integers(1, 6))
    types = {name: data.draw(strategy) for name, strategy in CONTRACT_TYPES.items()}
    values: dict[str, st.SearchStrategy[Any]] = {
        "customer_id": st.integers(0, 3),
        "event_time": TIMES,
        "amount": st.integers(-3, 3),
    }
    columns: dict[str, pa.Array] = {
        "event_type": pa.array(["purchase"] * size),
        "extra": pa.array([{"x": i} for i in range(size)]),
    }
    for name, strategy in values.items():
        drawn = data.draw(st.lists(st.one_of(st.none(), strategy), min_size=size, max_size=size))
        if pa.types.is_null(types[name]):
            drawn = [None] * size
        elif pa.types.is_date(types[name]):
            drawn = [value and value.date() for value in drawn]
        elif not pa.types.is_timestamp(types[name]) and name != "amount" and not pa.types.is_integer(types[name]):
            drawn = [value if value is None or pa.types.is_floating(types[name]) else str(value) for value in drawn]
        elif pa.types.is_string(types[name]):
            drawn = [value if value is None else str(value) for value in drawn]
        columns[name] = pa.array(drawn, types[name])
    path = parquet_file(tmp_path_factory.mktemp("log"), columns)
    result = read(path)
    assert result.report.rows_in == size
    if result.quarantine:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(result.quarantine[0]))
        writer.writeheader()
        writer.writerows(result.quarantine)
        path.with_name("again.csv").write_text(text.getvalue())
        again = read(path.with_name("again.csv"), decimal=".")
        assert again.report.quarantined_by_reason == result.report.quarantined_by_reason


EVENTS = st.fixed_dictionaries(
    {
        "event_time": st.datetimes(datetime(2023, 1, 1), datetime(2024, 12, 31)),
        "event_type": st.sampled_from(EVENT_TYPES),
        "amount": st.one_of(st.none(), st.floats(0, 1e6)),
        "satisfaction": st.one_of(st.none(), st.floats(0, 10)),
        "loyalty": st.one_of(st.none(), st.floats(0, 10)),
        "word": st.integers(0, 2),
    }
)


@settings(max_examples=15)
@given(st.lists(EVENTS, min_size=1, max_size=8), st.sampled_from(["UTC", "Europe/London", "Asia/Shanghai"]))
def test_a_log_and_a_request_give_the_same_features(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]], timezone: str
) -> None:
    """The events of one customer, through the door and online, to the last bit."""
    zone = ZoneInfo(timezone)
    assume(all(exists(event["event_time"], zone) for event in events))
    words = {"visit": (VISIT_CHANNELS, VISIT_OUTCOMES), "incentive": (INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES)}
    for event in events:
        word = event.pop("word")
        channels, outcomes = words.get(event["event_type"], (("web",) * 3, ("any",) * 3))
        event |= {"customer_id": "A", "channel": channels[word], "goal": GOALS[word], "outcome": outcomes[word]}
    folder = tmp_path_factory.mktemp("log")
    path = parquet_file(folder, {name: [event[name] for event in events] for name in events[0]})
    ingest(path, folder / "store", timezone=timezone)
    as_of = datetime(2024, 6, 1)
    table = feature_table(open_store(folder / "store"), as_of)
    online = customer_features(events, as_of, timezone)
    if table.empty:
        assert all(event["event_time"] >= as_of for event in events)
    else:
        assert np.array_equal(table.to_numpy()[0], [online[str(name)] for name in table], equal_nan=True)


def exists(time: datetime, zone: ZoneInfo) -> bool:
    return time.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == time


def test_the_report_is_beside_the_store(tmp_path: Path) -> None:
    """As JSON."""
    report = ingest(csv_file(tmp_path, GOOD), tmp_path / "store")
    assert json.loads((open_store(tmp_path / "store").folder / "report.json").read_text()) == report.as_dict()
