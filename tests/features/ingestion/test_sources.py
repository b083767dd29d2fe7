"""Sources are opened in their formats; one that cannot be read is refused in one line that says what to do."""

import gzip
import hashlib
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import feather

from features.errors import SourceError
from features.ingestion.ingest import ingest
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_formats import Source
from features.ingestion.sources import open_sources, source_digest
from features.schema import EVENT_TYPES
from tests.features.reading import HEADER, csv_file, parquet_file, read

GOOD = "A,2024-01-01,usage,,,,,,"
PACKED = gzip.compress(f"{HEADER}\n{GOOD}\n".encode() * 100)


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


def bytes_of(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def archive(*members: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "log.zip", "w") as file:
            for member in members:
                file.writestr(member, f"{HEADER}\n{GOOD}\n")
        return folder / "log.zip"

    return make


def encrypted_zip(folder: Path) -> Path:
    path = archive("log.csv")(folder)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag of encryption, of the member and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


def workbook(**sheets: list[list[object]]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        book = openpyxl.Workbook()
        del book[book.sheetnames[0]]
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(folder / "log.xlsx")
        return folder / "log.xlsx"

    return make


def encrypted_workbook(folder: Path) -> Path:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2000)
    return bytes_of("log.xlsx", data)(folder)


def arrow_cut_off(folder: Path) -> Path:
    feather.write_feather(pa.table({"customer_id": ["A"] * 1000}), folder / "log.feather", compression="uncompressed")
    (folder / "log.feather").write_bytes((folder / "log.feather").read_bytes()[:-50])
    return folder / "log.feather"


def packed_parquet(folder: Path) -> Path:
    path = parquet_file(folder, {"customer_id": ["A"], "event_time": ["2024-01-01"], "event_type": ["usage"]})
    return bytes_of("log.parquet.gz", gzip.compress(path.read_bytes()))(folder)


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
            "did you mean --map customer_id=CustomerID --map 'event_time=Event Time'? "
            "Its columns are CustomerID, Event Time, event_type",
        ),
        (
            lambda folder: csv_file(folder, GOOD, header=HEADER + ",amount"),
            "has the column amount more than once: rename",
        ),
        (
            lambda folder: csv_file(folder, GOOD, encoding="utf-8").rename(folder / "log.parquet"),
            "is not a readable Parquet",
        ),
        (truncated_parquet, "is not a readable Parquet file"),
        (parquet_of_rubbish, "is not a readable Parquet file"),
        (folder_of_csv, "is a folder without .parquet files: name a file, or a glob like"),
        (lambda folder: folder / "*.csv", "no file matches"),
        (database_file, "is an SQLite database: name it as sqlite:///PATH and give a query; expected CSV"),
        (bytes_of("log.csv.gz", PACKED[:-30]), "is a damaged gzip file (Truncated compressed stream): copy or export"),
        (bytes_of("log.csv.gz", b"\x1f\x8brubbish"), "is a damaged gzip file"),
        (bytes_of("log.csv.gz", gzip.compress(PACKED)), "is compressed twice: unpack it"),
        (bytes_of("log.csv.zst", b"(\xb5/\xfdrubbish and so on"), "is a damaged zstd file"),
        (bytes_of("log.csv.xz", b"\xfd7zXZ\0rubbish and so on"), "is a damaged xz file"),
        (bytes_of("log.tar.gz", gzip.compress(bytes(257) + b"ustar" + bytes(250))), "is a tar archive: unpack it"),
        (bytes_of("log.zip", b"PK\x03\x04 and so on"), "is a damaged zip file"),
        (
            archive("a.csv", "b/c.csv"),
            "is a zip archive of 2 files (a.csv, b/c.csv): name one as log.zip/a.csv, or all",
        ),
        (archive(), "is a zip archive of no file: expected one"),
        (lambda folder: f"{archive('a.csv')(folder)}/b.csv", "log.zip has no file b.csv: did you mean"),
        (encrypted_zip, "is encrypted: unpack it with its password"),
        (packed_parquet, "is Parquet in gzip: unpack it"),
        (bytes_of("log.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "is a damaged workbook"),
        (encrypted_workbook, "is encrypted: save it without a password"),
        (workbook(empty=[]), "has nothing in its sheet empty: expected a header and rows"),
        (workbook(a=[[1]], b=[[1]]), "has 2 sheets ('a', 'b'): name one by --sheet, or all by --sheet '*'"),
        (workbook(a=[["customer_id", "event_time", "event_type"]]), "has no rows: expected at least one event"),
        (arrow_cut_off, "is not a readable Arrow file"),
        (bytes_of("log.feather", b"FEA1 and so on"), "is Feather of version 1: write it as Parquet"),
        (bytes_of("log.orc", b"ORC and so on"), "is an ORC file: write it as Parquet"),
        (bytes_of("log.csv", bytes(range(256)) * 8), "is no text and of no known format: export it again"),
        (bytes_of("log.csv", b"\0" * 5000), "is no text and of no known format"),
        (bytes_of("log.xls", b"<html><table><tr><td>customer_id</td></tr></table>"), "is an HTML or XML page: export"),
        (bytes_of("log.csv", b"version https://git-lfs.github.com/spec/v1\n"), "is a pointer of Git LFS: fetch the"),
        (bytes_of("log.json", b'[{"customer_id": 1}, {"customer'), "is a JSON array that is damaged or cut off"),
        (bytes_of("log.json", b" [ ]"), "is an empty JSON array: expected one object a line, or an array of objects"),
        (bytes_of("log.json", b'{\n "orders": [\n  {}\n ]\n}'), "is JSON without an object on a line of its own"),
        (bytes_of("log.csv", "customer_id;event_time".encode("utf-16")), "has no column event_type"),
        (
            lambda folder: "oracle://bucket/log.parquet",
            "begins with oracle://: expected a database, a file, s3, gs or https",
        ),
        (
            lambda folder: f"sqlite:///{folder}/none.db",
            "is a database without a query: give one that selects the events",
        ),
        (
            lambda folder: parquet_file(folder, {"customer_id": ["A"], "event_time": [True], "event_type": ["usage"]}),
            "has bool in column 'event_time': expected timestamps, dates or text",
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
    """What was found, what was expected, what to do; and the store that is there stays."""
    (tmp_path / "older").mkdir()
    store = tmp_path / "store"
    ingest(csv_file(tmp_path / "older", GOOD), store)
    before = {file: file.read_bytes() for file in store.rglob("*") if file.is_file()}
    folder = tmp_path / "source"
    folder.mkdir()
    source = make(folder)
    assert message in said(source)
    with pytest.raises(SourceError):
        ingest(source, store, existing="replace")
    assert {file: file.read_bytes() for file in store.rglob("*") if file.is_file()} == before


def test_no_source_at_all_is_an_error() -> None:
    """Nothing is read from nowhere."""
    assert "no source given" in said()
    assert "a source without a name" in said("")


def test_numbers_may_be_constants_and_faulty_ones_are_refused(tmp_path: Path) -> None:
    """A constant is a number whatever the decimal mark of the file; one that breaks the contract is no constant."""
    path = csv_file(tmp_path, "A;2024-01-01;1,5", header="customer_id;event_time;satisfaction")
    result = read(path, constants={"event_type": "purchase", "amount": "2.25"})
    assert [(event["cents"], event["satisfaction"]) for event in result.events] == [(225, 1500)]
    for constants in ({"event_type": "buy"}, {"event_type": "purchase", "amount": "2,25"}, {"event_type": ""}):
        with pytest.raises(SourceError, match="the constant"):
            read(path, constants=constants)


def test_maps_hold_for_the_sources_that_a_pattern_matches(tmp_path: Path) -> None:
    """Tables of different columns go in together; a map without a pattern is for the others."""
    orders = csv_file(tmp_path, "A,2024-01-01,5", header="client,day,total", name="orders-2024.csv")
    refunds = csv_file(tmp_path, "A,2024-01-02,2", header="customer,when,amount", name="refunds.csv")
    result = read(
        [orders, refunds],
        map={
            **{"customer_id": "client", "event_time": "day", "amount": "total"},
            **{"refunds.csv:customer_id": "customer", "*/refunds.csv:event_time": "when", "refu*:amount": "amount"},
        },
        constants={"event_type": "purchase", "refunds.csv:event_type": "return"},
    )
    assert [(event["kind"], event["cents"]) for event in result.events] == [
        (EVENT_TYPES.index("purchase"), 500),
        (EVENT_TYPES.index("return"), 200),
    ]


def test_a_pattern_that_no_source_matches_is_refused(tmp_path: Path) -> None:
    """Nothing is left out in silence."""
    path = csv_file(tmp_path, GOOD)
    message = said(path, map={"lok.csv:customer_id": "client"})
    assert message == "no source matches 'lok.csv', for which columns are given: did you mean log.csv?"
    assert "amount is given as a constant" in said(path, constants={"log.csv:amount": "1"})


def test_a_file_that_comes_twice_is_read_once_and_named(tmp_path: Path) -> None:
    """By its path or by its bytes; the same bytes count twice where their paths say something else."""
    path = csv_file(tmp_path, GOOD)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    result = read([path, path, copy, f"{tmp_path}/lo*.csv"])
    assert result.report.rows_in == 1
    assert result.report.warnings == [
        f"{path} is named more than once: it is read once",
        f"{copy} holds the same bytes as {path}: it is not read",
        f"{path} is named more than once: it is read once",
    ]
    assert f"warning: {result.report.warnings[0]}" in result.report.lines()
    for shop in ("shop=1", "shop=2"):
        (tmp_path / shop).mkdir()
        (tmp_path / shop / "log.csv").write_bytes(path.read_bytes())
    result = read(f"{tmp_path}/shop=*/*.csv", map={"content": "shop"})
    assert (result.report.rows_in, [text for text in result.report.warnings if "bytes" in text]) == (2, [])
    digests = [source_digest(source) for source in opened(f"{tmp_path}/shop=*/*.csv")]
    assert len(set(digests)) == 2
    assert source_digest(opened(path)[0]) == result_digest(path)


def result_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_thousand_files_are_one_line_of_the_report(tmp_path: Path) -> None:
    """Those that were read in another way have lines of their own."""
    for number in range(30):
        csv_file(tmp_path, f"A{number},2024-01-01,usage,,,,,,", name=f"log-{number:02}.csv")
    csv_file(tmp_path, "B;2024-01-01;usage", header="customer_id;event_time;event_type", name="z.csv")
    lines = [line for line in read(f"{tmp_path}/*.csv").report.lines() if "CSV" in line]
    assert lines == [
        f"30 sources, {tmp_path}/log-00.csv to {tmp_path}/log-29.csv: "
        "format 'CSV', encoding 'utf-8', delimiter ',', decimal '.'",
        f"{tmp_path}/z.csv: format 'CSV', encoding 'utf-8', delimiter ';', decimal '.'",
    ]
