"""Sources are recognised by their bytes and by what of them is read; mended readings of faulty rows are read again."""

from pathlib import Path
from typing import Any

import pytest

from features.ingestion.ingest import append, ingest
from features.ingestion.known_sources import KnownSources, Record, reading_digest, source_records, split_known
from features.ingestion.profile import SourceProfile
from features.ingestion.quarantine import Quarantine
from features.ingestion.read_options import ReadOptions
from features.ingestion.row_counts import RowCounts
from features.ingestion.sources import open_sources
from features.store.event_store import open_store

LOG = "customer_id,event_time,event_type,note\na,2024-01-01,purchase,x\n"


def records_of(sources: list[Any], rows: dict[int, int], quarantine: Path) -> list[Record]:
    """The records of sources that were read without a store before."""
    counts = RowCounts()
    counts.spans = {number: (count, 5, 5) for number, count in rows.items()}
    known = KnownSources(sources, [reading_digest(source) for source in sources], {}, set(), [])
    return source_records(known, sources, counts, Quarantine(quarantine, sources))


def test_a_source_is_known_by_its_bytes(tmp_path: Path) -> None:
    """Under another name too; with another byte, or columns that are mapped otherwise, it is new."""
    (tmp_path / "a.csv").write_text(LOG)
    (tmp_path / "b.csv").write_text(LOG)
    (tmp_path / "c.csv").write_text(LOG + "b,2024-01-02,purchase,y\n")
    opened = open_sources([tmp_path / f"{name}.csv" for name in "abc"], ReadOptions(), tmp_path)
    records = records_of(opened[:1], {0: 1}, tmp_path / "q.csv")
    assert (records[0]["rows"], records[0]["first_time"], records[0]["last_time"]) == (1, 5, 5)
    known = split_known(opened, records)
    assert [Path(source.name).name for source in known.sources] == ["c.csv"]
    assert known.notes[0] == f"{opened[0].name} was read before (1 valid rows): it is not read again"
    assert known.notes[1].startswith(f"{opened[1].name} was read before as {opened[0].name} (1 valid rows)")
    mapped = open_sources([tmp_path / "a.csv"], ReadOptions(map={"content": "note"}), tmp_path)
    found = split_known(mapped, records)
    assert (found.sources, found.notes, found.otherwise) == (mapped, [], {0})


def test_a_source_without_a_valid_row_has_no_span(tmp_path: Path) -> None:
    """It is recorded all the same, so that it is not read again."""
    (tmp_path / "a.csv").write_text(LOG)
    opened = open_sources([tmp_path / "a.csv"], ReadOptions(), tmp_path)
    [record] = records_of(opened, {}, tmp_path / "q.csv")
    assert (record["rows"], record["first_time"]) == (0, None)


def test_many_known_sources_are_one_note(tmp_path: Path) -> None:
    """A folder that grows by a file a day is named as a whole every time."""
    for number in range(12):
        (tmp_path / f"day{number:02}.csv").write_text(LOG.replace("a,", f"a{number},"))
    opened = open_sources([tmp_path / "day*.csv"], ReadOptions(), tmp_path)
    known = split_known(opened, records_of(opened[:11], dict.fromkeys(range(11), 2), tmp_path / "q.csv"))
    assert known.sources == opened[11:]
    assert known.notes == [
        f"11 sources were read before, {opened[0].name} to {opened[10].name} (22 valid rows): they are not read again"
    ]


FAULTS = {
    "words": ("a,2024-01-02,sale,5", {"event_types": {"values": {"sale": "purchase"}}}),
    "times": ("a,2.1.2024,purchase,5", {"times": {"format": ("day_first",)}}),
    "negative": ("a,2024-01-02,purchase,-5", {"event_types": {"negative": "return"}}),
}


@pytest.mark.parametrize("buckets", [1, 3])
@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_rows_come_in_with_a_mended_profile(fault: str, buckets: int, tmp_path: Path) -> None:
    """The rest of the file is seen; the store is that of one ingest with the profile, and its data are others."""
    line, sections = FAULTS[fault]
    profile = SourceProfile().with_values(**sections)
    log, store = tmp_path / "log.csv", tmp_path / "store"
    good = "".join(f"c{number % 9},2024-01-{number + 1:02},purchase,{number}\n" for number in range(28))
    log.write_text(f"customer_id,event_time,event_type,amount\n{good}{line}\n")
    ingest(log, store, buckets=buckets)
    before = open_store(store).manifest
    same = append(log, store)
    assert (same.rows_in, same.warnings) == (0, [])
    assert "1 quarantined): it is not read again unless a profile or options make faulty rows valid" in same.notes[0]
    report = append(log, store, profile=profile, strict=True)
    assert (report.rows_in, report.seen, report.kept, report.quarantined) == (29, 28, 1, 0)
    assert "28 valid rows, 1 quarantined): it is read again" in report.notes[0]
    ingest(log, tmp_path / "once", profile=profile, buckets=buckets)
    opened, once = open_store(store), open_store(tmp_path / "once")
    assert {name: column.tolist() for name, column in opened.columns.items()} == {
        name: column.tolist() for name, column in once.columns.items()
    }
    assert opened.manifest["digest"] != before["digest"]
    assert [record["quarantined"] for record in opened.manifest["sources"]] == [0]
    for options in ({"profile": profile}, {}):
        assert append(log, store, **options).rows_in == 0
    assert open_store(store).folder == opened.folder
    later = tmp_path / "later.csv"
    later.write_text("customer_id,event_time,event_type,amount\nc1,2024-02-01,purchase,1\n")
    digests = {open_store(store).manifest["digest"]}
    append(later, store)
    digests.add(open_store(store).manifest["digest"])
    assert len(digests) == 2


def test_a_profile_that_mends_nothing_is_read_and_changes_no_event(tmp_path: Path) -> None:
    """The row stays in quarantine, and a file without faulty rows keeps the reading of before, with a note."""
    log, clean, store = tmp_path / "log.csv", tmp_path / "clean.csv", tmp_path / "store"
    good = "".join(f"c{number},2024-01-01,purchase,7\n" for number in range(30))
    log.write_text(f"customer_id,event_time,event_type,amount\n{good}a,soon,purchase,5\n")
    clean.write_text("customer_id,event_time,event_type,amount\nd,2024-01-01,purchase,7\n")
    ingest([log, clean], store)
    report = append([log, clean], store, profile=SourceProfile().with_values(amounts={"unit": "currency", "sign": "€"}))
    assert (report.seen, report.kept, report.quarantined) == (30, 0, 1)
    assert "its rows stay as they were read" in report.notes[1]
    assert open_store(store).n_events == 31


def test_rates_are_part_of_how_a_file_is_read(tmp_path: Path) -> None:
    """A rate that was missing is added to the table, and the file is read again."""
    rates, log, store = tmp_path / "rates.csv", tmp_path / "log.csv", tmp_path / "store"
    lines = [f"c{number},2024-01-01,purchase,10,EUR\n" for number in range(30)]
    log.write_text(
        "customer_id,event_time,event_type,amount,currency\n" + "".join(lines) + "a,2024-01-01,purchase,5,USD\n"
    )
    rates.write_text("currency,rate\nCHF,1\n")
    profile = SourceProfile().with_values(currency={"column": "currency", "keep": "EUR", "rates": str(rates)})
    ingest(log, store, profile=profile)
    rates.write_text("currency,rate\nCHF,1\nUSD,0.5\n")
    assert append(log, store, profile=profile).kept == 1
    assert sorted(open_store(store).columns["cents"].tolist())[0] == 250
