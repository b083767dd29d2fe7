"""Ingest by workers: the store, quarantine, duplicates and report of the ingest on one machine, to the bit."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.erasure.suppression import suppress
from features.errors import FaultyRowsError, InvalidArgumentError, SourceError
from features.ingestion.ingest import ingest
from features.ingestion.profile import SourceProfile
from features.simulate import Truth, write_log
from features.store.event_store import open_store
from tests.features.ingestion.workers import contents, workers_here

HEADER = "customer_id,event_time,event_type,amount,channel,content,reference,recorded_at,plan_item,note\n"
FIELDS = {
    "customer": ["ann", "bob", "cem", "dör", "eve", ""],
    "day": ["2024-01-05", "2024-01-06 10:00", "yesterday"],
    "kind": ["purchase", "visit", "return", "theft"],
    "amount": ["", "10", "12.50", "-1"],
    "channel": ["", "phone", "email"],
    "content": ["", "needs", "new shelf", "after-sales"],
    "reference": ["", "R1", "R2"],
    "recorded_at": ["", "2024-02-01", "2024-02-02"],
    "plan_item": ["", "P1"],
    "note": ["", "x"],
}
rows = st.tuples(*map(st.sampled_from, FIELDS.values()))
files = st.lists(st.lists(rows, min_size=1, max_size=12), min_size=1, max_size=3)


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(files, st.sampled_from([1, 3]), st.sampled_from([{}, {"one_event_per": "reference"}]))
def test_workers_write_what_one_machine_writes(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[str, ...]]], buckets: int, rule: dict[str, str]
) -> None:
    """Of any files, with faulty rows, versions, copies, line items and texts, in one bucket or several."""
    folder = tmp_path_factory.mktemp("distributed")
    for number, lines in enumerate(files):
        (folder / f"{number}.csv").write_text(HEADER + "".join(",".join(line) + "\n" for line in lines))
    options: dict[str, Any] = {
        "buckets": buckets,
        "accept_quarantine": True,
        "profile": SourceProfile().with_values(rows=rule) if rule else None,
    }
    sources = sorted(folder.glob("*.csv"))
    here = ingested(sources, folder / "here", options)
    assert ingested(sources, folder / "there", options | {"workers": workers_here()}) == here


def ingested(sources: list[Path], out: Path, options: dict[str, Any]) -> object:
    """The report and the store, or why there is none."""
    try:
        report = ingest(sources, out, **options)
    except (FaultyRowsError, SourceError) as error:
        return type(error), str(error).replace(out.name, "STORE")
    return report, contents(out)


def test_a_log_in_many_files(tmp_path: Path) -> None:
    """20,000 events that came late, in four files, of which one repeats rows of another with corrections."""
    write_log(tmp_path / "log.parquet", truth=Truth(recorded_lag_days=10.0), customers=2_000, seed=5)
    write_log(tmp_path / "more.parquet", truth=Truth(recorded_lag_days=3.0), customers=2_000, seed=5)
    rng = np.random.default_rng(1)
    days = [datetime(2024, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 300, 3_000)]
    lines = [
        f"C{rng.integers(2_500):07},{day.isoformat()},{rng.choice(['purchase', 'refund'])},{rng.integers(-5, 900)},"
        f"R{rng.integers(500)}\n"
        for day in days
    ]
    for name, part in (("a.csv", lines[:2_000]), ("b.csv", lines[1_500:])):
        (tmp_path / name).write_text("customer_id,event_time,event_type,amount,reference\n" + "".join(part))
    sources = [tmp_path / name for name in ("log.parquet", "a.csv", "more.parquet", "b.csv")]
    options: dict[str, Any] = {"buckets": 5, "accept_quarantine": True, "timezone": "Europe/Berlin"}
    here = ingest(sources, tmp_path / "here", **options)
    there = ingest(sources, tmp_path / "there", workers=workers_here(), **options)
    assert here.duplicates > 100
    assert here.quarantined > 1_000
    assert there == here
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_workers_leave_out_who_was_erased(tmp_path: Path) -> None:
    """As one machine does, and they count the rows."""
    lines = "".join(f"{name},2024-01-0{day},purchase\n" for name in ("ann", "bob") for day in (1, 2))
    (tmp_path / "log.csv").write_text(f"customer_id,event_time,event_type\n{lines}")
    ingest(tmp_path / "log.csv", tmp_path / "store")
    suppress(tmp_path / "store", ["bob"])
    report = ingest(tmp_path / "log.csv", tmp_path / "store", workers=workers_here(), existing="replace")
    assert (report.kept, report.suppressed) == (2, 2)
    assert open_store(tmp_path / "store").customer_ids.to_pylist() == ["ann"]


@pytest.mark.parametrize("at", ["check", "take", "write"])
def test_a_failure_leaves_the_old_store(at: str, tmp_path: Path) -> None:
    """Whichever step a worker fails in, the store of before stays, and nothing beside it."""
    (tmp_path / "log.csv").write_text("customer_id,event_time,event_type\nann,2024-01-05,purchase\n")
    ingest(tmp_path / "log.csv", tmp_path / "store")
    before = contents(tmp_path / "store")

    def fail(*_: object) -> Iterator[int]:
        raise OSError("gone")
        yield 0

    whole = workers_here()

    def shuffle(check: Any, sources: int, take: Any, buckets: int) -> None:
        whole.shuffle(fail if at == "check" else check, sources, fail if at == "take" else take, buckets)
        if at == "take":
            next(fail())

    workers = whole._replace(shuffle=shuffle, run=fail if at == "write" else whole.run)
    with pytest.raises(OSError, match="gone"):
        ingest(tmp_path / "log.csv", tmp_path / "store", workers=workers, existing="replace")
    assert contents(tmp_path / "store") == before
    assert len(list((tmp_path / "store").glob("events-*"))) == 1


def test_workers_that_see_another_folder_are_named(tmp_path: Path) -> None:
    """Where nothing that they wrote is there, the error says what to do."""
    (tmp_path / "log.csv").write_text("customer_id,event_time,event_type\nann,2024-01-05,purchase\n")
    elsewhere = workers_here()._replace(shuffle=lambda check, sources, take, buckets: None)
    with pytest.raises(SourceError, match="put the store where all machines see it at this path"):
        ingest(tmp_path / "log.csv", tmp_path / "store", workers=elsewhere)
    assert not (tmp_path / "store").exists()


def test_workers_add_to_no_store(tmp_path: Path) -> None:
    """The error says what to do instead."""
    with pytest.raises(InvalidArgumentError, match="append on this machine"):
        ingest("log.csv", tmp_path / "store", workers=workers_here(), existing="append")


def test_a_table_that_workers_know_is_a_source(tmp_path: Path) -> None:
    """`spark:NAME` among files: its rows, faulty ones with its name; copies of it are gone at the end."""
    write_log(tmp_path / "log.parquet", customers=50, seed=5)
    log = pq.read_table(tmp_path / "log.parquet")
    faulty = log.slice(0, 1).set_column(0, "customer_id", pa.array([""]))
    workers = workers_here(events=pa.concat_tables([log.slice(0, 100).cast(faulty.schema), faulty]))
    pq.write_table(log.slice(100), tmp_path / "rest.parquet")
    here = ingest(tmp_path / "log.parquet", tmp_path / "here")
    there = ingest(["spark:events", tmp_path / "rest.parquet"], tmp_path / "there", workers=workers)
    assert contents(tmp_path / "there")["columns"] == contents(tmp_path / "here")["columns"]
    assert (there.kept, there.quarantined) == (here.kept, 1)
    quarantine = open_store(tmp_path / "there").folder / "quarantine.csv"
    assert quarantine.read_text().splitlines()[1].startswith('"spark:events/part-00000","101","customer_id"')
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "log.parquet", "rest.parquet", "there"]


def test_a_table_needs_workers(tmp_path: Path) -> None:
    """Without them the line says which engine reads it."""
    with pytest.raises(SourceError, match=r"^spark:events is a table of Spark: read it with --engine spark$"):
        ingest("spark:events", tmp_path / "store")
