"""The file of faulty rows: it reads as the table it came from, and loses no row that nobody has mended."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.ingestion.batches import QUARANTINE_COLUMNS
from planning.quarantine import write_quarantine
from planning.text_files import read_text_rows
from planning.text_rows import Faults, TextRow

WORDS = st.text("abc;,'\"é是", min_size=1, max_size=4)
COLUMNS = st.sampled_from([*QUARANTINE_COLUMNS, "quarantine_value", "status", "plan_item", "customer_id"])
CELLS = st.dictionaries(COLUMNS, WORDS, min_size=1)


def faults_of(*rows: tuple[TextRow, str, str]) -> Faults:
    """These faulty rows."""
    return Faults(list(rows))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, COLUMNS, WORDS), min_size=1, max_size=4))
def test_the_file_reads_as_the_rows_it_was_written_from(
    rows: list[tuple[dict[str, str], str, str]], tmp_path: Path
) -> None:
    """With their places and faults, whatever their columns are called."""
    path = tmp_path / "q.csv"
    path.unlink(missing_ok=True)
    faulty = [(TextRow("r.csv", at, cells), column, reason) for at, (cells, column, reason) in enumerate(rows, 1)]
    assert write_quarantine(path, faults_of(*faulty), []) == 0
    again = Faults()
    _, found = read_text_rows(path, "plan", again)
    assert not again.rows
    assert [(row.source, row.number, row.cells, row.fault) for row in found] == [
        ("r.csv", row.number, row.cells, (column, reason)) for row, column, reason in faulty
    ]


def test_a_row_that_could_not_be_split_stays_until_it_is_mended(tmp_path: Path) -> None:
    """It is written with its text, is faulty again as long as nothing else is filled in, and then a row as others."""
    (tmp_path / "t.csv").write_text("customer_id,rep\nc1,R1\nc2,R2,x\n")
    path, faults = tmp_path / "q.csv", Faults()
    assert len(read_text_rows(tmp_path / "t.csv", "plan", faults)[1]) == 1
    write_quarantine(path, faults, [])
    again = Faults()
    assert read_text_rows(path, "plan", again)[1] == []
    assert [(row.source, row.number, column) for row, column, _ in again.rows] == [("t.csv", 2, "row")]
    assert write_quarantine(path, Faults(), []) == 1
    path.write_text("source,row_number,column,value,reason,row,customer_id\nt.csv,2,row,,bad,,c2\n")
    _, [mended] = read_text_rows(path, "plan", Faults())
    assert (mended.number, mended.cells) == (2, {"customer_id": "c2"})
    assert write_quarantine(path, Faults(), [mended]) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("read", "kept"),
    [
        (TextRow("r.csv", 2, {"customer_id": "c1", "rep": "R1"}), 0),
        (TextRow("r.csv", 3, {"customer_id": "c1", "rep": "R1"}), 1),
        (TextRow("other.csv", 2, {"customer_id": "c1", "rep": "R1"}), 1),
        (TextRow("r.csv", 2, {"customer_id": "c9", "rep": "R1"}), 1),
        (TextRow("r.csv", 2, {"rep": "R1"}), 1),
    ],
)
def test_a_row_is_given_up_when_its_place_is_read_again(read: TextRow, kept: int, tmp_path: Path) -> None:
    """And is still of the same customer: next week's file of the same name says nothing of this week's rows."""
    path = tmp_path / "q.csv"
    write_quarantine(path, faults_of((TextRow("r.csv", 2, {"customer_id": "c1"}), "rep", "is empty")), [])
    assert write_quarantine(path, Faults(), [read]) == kept
    assert path.exists() == bool(kept)


def test_a_mended_id_is_of_the_same_row(tmp_path: Path) -> None:
    """A fault in the column that says whose row it is has changed when it is read again."""
    path = tmp_path / "q.csv"
    write_quarantine(path, faults_of((TextRow("r.csv", 2, {"plan_item": "P0"}), "plan_item", "is none")), [])
    assert write_quarantine(path, Faults(), [TextRow("r.csv", 2, {"plan_item": "P1"})]) == 0


def test_a_damaged_file_is_never_replaced(tmp_path: Path) -> None:
    """It may hold rows that exist nowhere else: one line says so."""
    path = tmp_path / "q.csv"
    path.write_text("source,row_number,column,value,reason,value\nr.csv,1,value,1,bad,2\n")
    with pytest.raises(SourceError, match=r"value more than once: .* holds faulty rows of an earlier reading"):
        write_quarantine(path, faults_of((TextRow("r.csv", 2, {"rep": "R1"}), "rep", "bad")), [])
    assert path.read_text().startswith("source")
