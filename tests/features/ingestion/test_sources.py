"""Files are found, told apart and mapped; what cannot be read is one line that says what to do."""

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import SourceError
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_formats import Source
from features.ingestion.sources import open_sources
from tests.features.reading import HEADER, csv_file, parquet_file, read

GOOD = "A,2024-01-01,usage,,,,,,"


def opened(*sources: Path | str, **options: object) -> list[Source]:
    return open_sources(sources, ReadOptions(**options), Path("unused"))  # type: ignore[arg-type]


def said(*sources: Path | str, **options: object) -> str:
    """Return the one line with which sources are refused."""
    with pytest.raises(SourceError) as refusal:
        opened(*sources, **options)
    message = str(refusal.value)
    assert "\n" not in message
    assert ": " in message or ";" in message
    return message


def empty_file(folder: Path) -> Path:
    (folder / "log.csv").write_bytes(b"")
    return folder / "log.csv"


def truncated_parquet(folder: Path) -> Path:
    path = parquet_file(folder, {"customer_id": ["A"], "event_time": ["2024-01-01"], "event_type": ["usage"]})
    path.write_bytes(path.read_bytes()[:-20])
    return path


def parquet_of_rubbish(folder: Path) -> Path:
    (folder / "log.parquet").write_bytes(b"rubbish")
    return folder / "log.parquet"


def folder_of_csv(folder: Path) -> Path:
    csv_file(folder, GOOD)
    return folder


def compressed(folder: Path) -> Path:
    (folder / "log.csv.gz").write_bytes(gzip.compress(b"a,b\n"))
    return folder / "log.csv.gz"


def workbook(folder: Path) -> Path:
    (folder / "log.xlsx").write_bytes(b"PK\x03\x04 and so on")
    return folder / "log.xlsx"


def database_file(folder: Path) -> Path:
    with sqlite3.connect(folder / "log.db") as connection:
        connection.execute("CREATE TABLE events (a)")
    connection.close()
    return folder / "log.db"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty_file, "is empty; expected CSV with a header line naming customer_id, event_time, event_type"),
        (lambda folder: csv_file(folder), "has no rows: expected at least one event below the header"),
        (lambda folder: folder / "lg.csv", "there is no file"),
        (
            lambda folder: csv_file(folder, "A,B,C", header="a,b,c"),
            "has no column customer_id, event_time, event_type: map",
        ),
        (
            lambda folder: csv_file(folder, "A,B,C", header="CustomerID,Event Time,event_type"),
            "did you mean --map customer_id=CustomerID --map event_time=Event Time? "
            "Its columns are CustomerID, Event Time, event_type",
        ),
        (
            lambda folder: csv_file(folder, GOOD, header=HEADER + ",amount"),
            "has the column amount more than once: rename",
        ),
        (
            lambda folder: csv_file(folder, GOOD, encoding="utf-8").rename(folder / "log.parquet"),
            "is no readable Parquet",
        ),
        (truncated_parquet, "is no readable Parquet file"),
        (parquet_of_rubbish, "is no readable Parquet file"),
        (folder_of_csv, "is a folder without .parquet files: name a file, or a glob like"),
        (lambda folder: folder / "*.csv", "no file matches"),
        (compressed, "is no CSV or Parquet file but compressed (gzip): unpack it"),
        (workbook, "is no CSV or Parquet file but a workbook or zip archive: save it as CSV or Parquet"),
        (database_file, "an SQLite database: name it as sqlite:///PATH and give a query"),
        (
            lambda folder: "s3://bucket/log.parquet",
            "begins with s3://: expected one of postgresql://, sqlite:///, or a file",
        ),
        (
            lambda folder: f"sqlite:///{folder}/none.db",
            "is a database without a query: give one that selects the events",
        ),
        (
            lambda folder: parquet_file(folder, {"customer_id": ["A"], "event_time": [1], "event_type": ["usage"]}),
            "has int64 in column 'event_time': expected timestamps, dates or text",
        ),
        (
            lambda folder: parquet_file(
                folder, {"customer_id": pa.array([], "str"), "event_time": [], "event_type": []}
            ),
            "has no rows: expected at least one event",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line(make: Callable[[Path], Path | str], message: str, tmp_path: Path) -> None:
    """What was found, what was expected, what to do."""
    assert message in said(make(tmp_path))


def test_no_source_at_all_is_an_error() -> None:
    """Nothing is read from nowhere."""
    assert "no source given" in said()
    assert "a source without a name" in said("")


def test_a_misspelt_file_gets_its_neighbour_named(tmp_path: Path) -> None:
    """So does a column."""
    path = csv_file(tmp_path, GOOD)
    assert said(tmp_path / "lok.csv").endswith(f"did you mean {path}?")
    assert "did you mean --map customer_id=customer?" in said(
        csv_file(tmp_path, GOOD, header="customer,event_time,event_type")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"map": {"customer": "x"}},
            "'customer' is no column of the contract: expected one of customer_id, event_time",
        ),
        ({"constants": {"kind": "usage"}}, "'kind' is no column of the contract"),
        ({"map": {"amount": "price"}}, "has no column price: "),
        ({"constants": {"event_type": "usage"}}, "event_type is given as a constant, but the source has that column"),
        ({"delimiter": ",,"}, "',,' is no delimiter: give one ASCII character"),
        ({"delimiter": "§"}, "'§' is no delimiter"),
        ({"delimiter": '"'}, "is no delimiter"),
        ({"decimal": "x"}, "'x' is no decimal mark: expected '.' or ','"),
        ({"encoding": "klingon"}, "has no encoding named 'klingon'"),
        ({"encoding": "utf-16"}, "is not in utf-16"),
        ({"delimiter": ";"}, "has no column customer_id, event_time, event_type"),
        ({"query": "SELECT 1"}, "a query needs a database URL"),
    ],
)
def test_options_that_do_not_fit_are_one_line(options: dict[str, object], message: str, tmp_path: Path) -> None:
    """The same for how to read."""
    path = csv_file(tmp_path, GOOD)
    with pytest.raises(SourceError) as refusal:
        opened(path, **options)
    assert message in str(refusal.value)


def test_a_parquet_file_broken_in_the_middle_is_one_line_and_no_store(tmp_path: Path) -> None:
    """What was readable at first is told when it no longer is, and nothing is written."""
    many = 20_000
    columns = {
        "customer_id": [f"c{i}" for i in range(many)],
        "event_time": ["2024-01-01"] * many,
        "event_type": ["usage"] * many,
    }
    path = parquet_file(tmp_path, columns)
    data = bytearray(path.read_bytes())
    data[4:20_000] = b"\xff" * (20_000 - 4)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="cannot be read to its end") as refusal:
        read(path)
    assert "\n" not in str(refusal.value)


def test_files_globs_and_folders_come_to_the_same(tmp_path: Path) -> None:
    """A folder is all its Parquet files, those of its folders too; hidden ones and markers are none."""
    for month in ("01", "02"):
        (tmp_path / month).mkdir()
        columns = {"customer_id": ["A"], "event_time": [f"2024-{month}-01"], "event_type": ["usage"]}
        parquet_file(tmp_path / month, columns, "part-0.parquet")
    (tmp_path / "01" / ".part.parquet").write_bytes(b"")
    (tmp_path / "_SUCCESS").write_bytes(b"")
    folder = read(tmp_path)
    assert len(folder.events) == 2
    assert read(f"{tmp_path}/*/*.parquet").events == folder.events
    assert read([tmp_path / "01" / "part-0.parquet", tmp_path / "02" / "part-0.parquet"]).events == folder.events
    assert read(f"{tmp_path}/**/part*.parquet").report.digest == folder.report.digest


def test_csv_files_come_by_glob(tmp_path: Path) -> None:
    """Each with a delimiter of its own."""
    csv_file(tmp_path, GOOD, name="a.csv")
    csv_file(tmp_path, GOOD.replace(",", ";"), header=HEADER.replace(",", ";"), name="b.csv")
    assert read(f"{tmp_path}/*.csv").report.rows_in == 2


def test_columns_are_mapped_and_constants_fill_what_is_absent(tmp_path: Path) -> None:
    """One column may stand for two; a constant goes to the sources that lack the column."""
    till = csv_file(tmp_path, "17850,2024-01-01 10:00,12.5", header="CustomerID,InvoiceDate,Total", name="till.csv")
    options = {
        "map": {
            "customer_id": "CustomerID",
            "event_time": "InvoiceDate",
            "amount": "Total",
            "recorded_at": "InvoiceDate",
        },
        "constants": {"event_type": "purchase"},
    }
    (event,) = read(till, **options).events
    assert (event["customer_id"], event["cents"], event["known_from"]) == ("17850", 1250, event["time"])
    other = csv_file(
        tmp_path, "17850,2024-01-02,5,return", header="CustomerID,InvoiceDate,Total,event_type", name="other.csv"
    )
    kinds = read([till, other], **options).report.kinds
    assert (kinds["purchase"], kinds["return"]) == (1, 1)


def test_numbers_may_be_constants_and_faulty_ones_are_refused(tmp_path: Path) -> None:
    """A constant is a number whatever the decimal mark of the file; one that breaks the contract is no constant."""
    path = csv_file(tmp_path, "A;2024-01-01;1,5", header="customer_id;event_time;satisfaction")
    result = read(path, constants={"event_type": "purchase", "amount": "2.25"})
    assert [(event["cents"], event["satisfaction"]) for event in result.events] == [(225, 1500)]
    for constants in ({"event_type": "buy"}, {"event_type": "purchase", "amount": "2,25"}, {"event_type": ""}):
        with pytest.raises(SourceError, match="the constant"):
            read(path, constants=constants)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-be", "utf-32"])
def test_encodings_are_found(encoding: str, tmp_path: Path) -> None:
    """And reported."""
    path = csv_file(tmp_path, "Müller,2024-01-01,usage,,,,,,", "José,2024-01-01,usage,,,,,,", encoding=encoding)
    result = read(path)
    assert {event["customer_id"] for event in result.events} == {"Müller", "José"}
    assert result.report.assumed[str(path)]["encoding"]


def test_bytes_that_are_not_in_the_given_encoding_go_to_quarantine(tmp_path: Path) -> None:
    """With the line as it stands, its bytes written out."""
    path = tmp_path / "log.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\n".encode() + b"M\xfcller,2024-01-01,usage,,,,,,\n")
    result = read(path, encoding="utf-8")
    assert result.report.kept == 1
    (row,) = result.quarantine
    assert (row["row_number"], row["value"]) == ("2", "M\\xfcller,2024-01-01,usage,,,,,,")
    assert row["reason"] == "holds bytes that are not utf-8 (line 3)"


@pytest.mark.parametrize(
    ("amounts", "decimal"),
    [
        (["1,5", "2"], ","),
        (["1,500", "2,5"], ","),
        (["1.5", "2"], "."),
        (["1", "2"], "."),
        (["1,500", "2,500"], "."),  # thousands, perhaps: not guessed at
        (["1,5", "2.5"], "."),
        (["", " 1,5 "], ","),
    ],
)
def test_a_decimal_comma_is_found_where_it_is_certain(amounts: list[str], decimal: str, tmp_path: Path) -> None:
    """In a file with semicolons, or with quotes; else numbers with a comma go to quarantine."""
    path = csv_file(
        tmp_path, *(f"A;2024-01-01;purchase;{a}" for a in amounts), header="customer_id;event_time;event_type;amount"
    )
    (source,) = opened(path)
    assert source.decimal == source.assumed["decimal"] == decimal
    quoted = csv_file(tmp_path, *(f'A,2024-01-01,purchase,"{a}"' for a in amounts), header=HEADER[:40])
    assert HEADER[:40].endswith("amount")
    assert opened(quoted)[0].decimal == decimal


def test_a_given_layout_is_taken(tmp_path: Path) -> None:
    """Where sniffing would say otherwise."""
    path = csv_file(tmp_path, "A;2024-01-01;purchase;1,5", header="customer_id;event_time;event_type;amount")
    assert read(path, delimiter=";", decimal=",", encoding="cp1252").events[0]["cents"] == 150
    assert read(path, decimal=".").report.quarantined == 1


def test_parquet_rows_have_their_number_in_the_file(tmp_path: Path) -> None:
    """Through row groups, with all their columns, those not used too."""
    columns = {
        "note": [[i] for i in range(10)],
        "customer_id": pa.array(["A"] * 10),
        "event_time": pa.array([0] * 10, pa.timestamp("s")),
        "event_type": pa.array(["usage"] * 10).dictionary_encode(),
        "amount": [-1.0 if i in (3, 7, 8) else 1.0 for i in range(10)],
    }
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=4)
    result = read(path)
    assert [(row["row_number"], row["value"], row["note"]) for row in result.quarantine] == [
        ("4", "-1", "[3]"),
        ("8", "-1", "[7]"),
        ("9", "-1", "[8]"),
    ]
    assert result.report.ignored_columns == ["note"]
