"""Sources are recognised by their bytes and by how their columns are read."""

from pathlib import Path

from features.ingestion.known_sources import drop_known, source_records
from features.ingestion.read_options import ReadOptions
from features.ingestion.row_counts import RowCounts
from features.ingestion.sources import open_sources

LOG = "customer_id,event_time,event_type,note\na,2024-01-01,purchase,x\n"


def test_a_source_is_known_by_its_bytes(tmp_path: Path) -> None:
    """Under another name too; with another byte, or columns that are mapped otherwise, it is new."""
    (tmp_path / "a.csv").write_text(LOG)
    (tmp_path / "b.csv").write_text(LOG)
    (tmp_path / "c.csv").write_text(LOG + "b,2024-01-02,purchase,y\n")
    opened = open_sources([tmp_path / f"{name}.csv" for name in "abc"], ReadOptions(), tmp_path)
    counts = RowCounts()
    counts.spans[0] = (1, 5, 5)
    records = source_records(opened[:1], counts)
    assert (records[0]["rows"], records[0]["first_time"], records[0]["last_time"]) == (1, 5, 5)
    new, warnings = drop_known(opened, records)
    assert [Path(source.name).name for source in new] == ["c.csv"]
    assert warnings[0] == f"{opened[0].name} was read before (1 valid rows): it is not read again"
    assert warnings[1].startswith(f"{opened[1].name} was read before as {opened[0].name} (1 valid rows)")
    mapped = open_sources([tmp_path / "a.csv"], ReadOptions(map={"content": "note"}), tmp_path)
    assert drop_known(mapped, records) == (mapped, [])


def test_a_source_without_a_valid_row_has_no_span(tmp_path: Path) -> None:
    """It is recorded all the same, so that it is not read again."""
    (tmp_path / "a.csv").write_text(LOG)
    opened = open_sources([tmp_path / "a.csv"], ReadOptions(), tmp_path)
    [record] = source_records(opened, RowCounts())
    assert (record["rows"], record["first_time"]) == (0, None)


def test_many_known_sources_are_one_warning(tmp_path: Path) -> None:
    """A folder that grows by a file a day is named as a whole every time."""
    for number in range(12):
        (tmp_path / f"day{number:02}.csv").write_text(LOG.replace("a,", f"a{number},"))
    opened = open_sources([tmp_path / "day*.csv"], ReadOptions(), tmp_path)
    counts = RowCounts()
    counts.spans = dict.fromkeys(range(11), (2, 5, 5))
    new, [warning] = drop_known(opened, source_records(opened[:11], counts))
    assert new == opened[11:]
    assert warning == (
        f"11 sources were read before, {opened[0].name} to {opened[10].name} (22 valid rows): they are not read again"
    )
