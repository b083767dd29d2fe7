"""A query joins files by DuckDB; it reads the files that it names, changes nothing, and loses nothing of an id."""

import gzip
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features.errors import SourceError
from features.ingestion.file_query import query_files_to_parquet
from tests.features.reading import csv_file, parquet_file, read

DENIED = "file system operations are disabled by configuration"
ORDERS = "id,client,day,total,quantity"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tables, in the working directory; and a file that no query may read."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    rows = ["1,007,2024-01-05 10:00,2.5,2", "2,8,2024-01-06,150.25,1", "3,007,06/07/2024,1,1"]
    csv_file(tmp_path / "work", *rows, header=ORDERS, name="orders.csv")
    (tmp_path / "work" / "clients.csv.gz").write_bytes(gzip.compress(b"client;mail\n007;a@x\n8;b@x\n"))
    parquet_file(tmp_path / "work", {"client": ["007", "8"], "country": ["DE", "FR"]}, "clients.parquet")
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return tmp_path / "work"


def result(query: str, folder: Path) -> list[dict[str, object]]:
    query_files_to_parquet(query, folder.parent / "result.parquet", folder.parent)
    rows: list[dict[str, object]] = pq.read_table(folder.parent / "result.parquet").to_pylist()
    return rows


def said(query: str) -> str:
    with pytest.raises(SourceError) as refusal:
        read([], query=query)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_tables_of_several_formats_become_one_log(folder: Path) -> None:
    """Without a database; ids keep their zeros, sums are numbers, and a time is read as that of any source."""
    query = """
        SELECT mail AS customer_id, day AS event_time, 'purchase' AS event_type, sum(total * quantity) AS amount
        FROM 'orders.csv' JOIN 'clients.csv.gz' USING (client) JOIN 'clients.parquet' USING (client)
        WHERE id < 3 GROUP BY ALL ORDER BY ALL
    """
    answer = read([], query=query)
    assert [(event["customer_id"], event["cents"]) for event in answer.events] == [("a@x", 500), ("b@x", 15025)]
    assert answer.report.sources == ["query"]
    assert answer.report.assumed["query"]["files"].endswith("clients.csv.gz, clients.parquet")


def test_the_digest_is_that_of_the_query_and_its_files(folder: Path) -> None:
    """Not of the rows' order, which may change; a changed file is another source."""
    query = "SELECT client AS customer_id, day AS event_time, 'usage' AS event_type FROM 'orders.csv' WHERE id < 3"
    digests = {read([], query=query).report.digest for _ in range(2)}
    assert len(digests) == 1
    csv_file(folder, "1,7,2024-01-05,1,1", header=ORDERS, name="orders.csv")
    assert read([], query=query).report.digest not in digests


def test_columns_of_csv_files_lose_nothing(folder: Path) -> None:
    """A number is text where it has a leading zero or may have a thousands mark; dates are never guessed."""
    rows = ["007,1,1.5,150.000,05/06/2024,true,9007199254740993", "8,2,2,2.000,06/06/2024,false,1"]
    csv_file(folder, *rows, header="id,count,price,rupiah,day,paid,long", name="types.csv")
    first = result("SELECT * FROM 'types.csv'", folder)[0]
    assert first == {
        **{"id": "007", "count": 1, "price": 1.5, "rupiah": "150.000", "day": "05/06/2024", "paid": "true"},
        "long": 9007199254740993,
    }


def test_patterns_and_functions_name_files_too(folder: Path) -> None:
    """With options of DuckDB's own."""
    for month in (1, 2):
        csv_file(folder, f"A,2024-0{month}-01", header="client;x,day", name=f"log-{month}.csv")
    assert len(result("FROM 'log-*.csv'", folder)) == 2
    assert len(result(f"FROM '{folder}/log-?.csv'", folder)) == 2
    assert result("SELECT day FROM read_csv('log-1.csv', all_varchar = true)", folder) == [{"day": "2024-01-01"}]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("COPY (SELECT 1 FROM 'orders.csv') TO 'stolen.csv'", "the query is no SELECT statement: a query may read"),
        ("CREATE TABLE t AS FROM 'orders.csv'", "the query is no SELECT statement"),
        ("FROM 'orders.csv'; SELECT 1", "the query is 2 statements: expected one SELECT"),
        ("SELEC 1 FROM 'orders.csv'", "the query failed: syntax error"),
        ("SELECT 1", "the query names no file: write FROM 'orders.csv', or name a database as SOURCE"),
        ("FROM 'ordrs.csv'", "there is no file ordrs.csv: did you mean orders.csv?"),
        ("SELECT nothing FROM 'orders.csv'", 'the query failed: Binder Error: Referenced column "nothing" not found'),
        (
            "FROM 'orders.csv' JOIN read_csv(concat(chr(46), chr(46), chr(47), 'secret', chr(46), 'csv')) ON true",
            DENIED,
        ),
        ("FROM 'orders.csv' JOIN glob('*') ON true", DENIED),
        (
            "SELECT client AS customer_id, day AS event_time, '' AS event_type FROM 'orders.csv' WHERE false",
            "has no rows",
        ),
        ("SELECT client FROM 'orders.csv'", "query has no column customer_id, event_time, event_type"),
    ],
)
def test_what_cannot_be_done_is_one_line(query: str, message: str, folder: Path) -> None:
    """What was found and what to do; nothing is written beside the store."""
    before = sorted(path.name for path in folder.iterdir())
    assert message in said(query)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_file_with_sources_beside_the_query_is_refused(folder: Path) -> None:
    """A query over files names its own."""
    with pytest.raises(SourceError, match="one over files names them itself, so leave out the sources"):
        read("orders.csv", query="FROM 'orders.csv'")
