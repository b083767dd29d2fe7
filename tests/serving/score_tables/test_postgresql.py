"""What PostgreSQL alone has: schemas, grants and connections."""

from pathlib import Path

import psycopg
import pytest

from features.errors import BatchScoresError, ScoresUnreachableError
from serving.score_tables.layout import ScoreRun
from serving.score_tables.postgresql import connect, connect_reader, read_scores, write_runs
from serving.score_tables.table_address import TableAddress, read_table_address
from tests.serving.score_tables.scored import score_file, select

pytestmark = pytest.mark.needs_postgresql


def test_a_table_of_a_schema_needs_no_right_to_make_tables_once_it_is_there(server: str, tmp_path: Path) -> None:
    """A reader needs SELECT alone, a writer of a table that is there INSERT and DELETE as well."""
    address = read_table_address(f"{server}?table=crm.scores")
    run = ScoreRun.of_files([score_file(tmp_path / "s.parquet", ["a"])])
    with pytest.raises(BatchScoresError, match='cannot be written: schema "crm" does not exist'):
        write_runs(address, [run])
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA crm")
        write_runs(address, [run])
        connection.execute("CREATE ROLE reading LOGIN; CREATE ROLE writing LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA crm TO reading, writing")
        connection.execute("GRANT SELECT ON crm.scores, crm.scores_runs TO reading, writing")
        connection.execute("GRANT INSERT, DELETE ON crm.scores, crm.scores_runs TO writing")
    write_runs(read_table_address(str(address).replace("postgres:***", "writing")), [run])
    reader = read_table_address(str(address).replace("postgres:***", "reading"))
    with pytest.raises(BatchScoresError, match="cannot be written: permission denied for table scores"):
        write_runs(reader, [run])
    with connect_reader(reader, 1.0) as connection:
        assert len(read_scores(connection, reader, ["a"])[1]) == 1
    with connect_reader(address, 1.0) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("DELETE FROM crm.scores")


def test_a_server_that_admits_nobody_is_unreachable(server: str) -> None:
    """A role or database that is not there is said in the server's words, without the password."""
    for text in (server.replace("postgres:", "nobody_here:"), server.replace("/postgres", "/nowhere")):
        with pytest.raises(ScoresUnreachableError, match="does not exist") as caught:
            connect(read_table_address(f"{text}?table=scores"))
        assert "secret" not in str(caught.value)


def test_parameters_that_libpq_does_not_know_are_a_line() -> None:
    """A mistyped one is named."""
    with pytest.raises(BatchScoresError, match="invalid URI query parameter"):
        connect(read_table_address("postgresql://h/d?ssl_mode=verify-full&table=x"))


def test_a_new_column_is_there_before_rows_are(in_postgresql: TableAddress, tmp_path: Path) -> None:
    """Readers of the old columns go on."""
    write_runs(in_postgresql, [ScoreRun.of_files([score_file(tmp_path / "s.parquet", ["a"])])])
    more = score_file(tmp_path / "more.parquet", ["a"], more={"extra": [0.5]}, as_of="2024-05-02")
    write_runs(in_postgresql, [ScoreRun.of_files([more])])
    assert select(in_postgresql, "SELECT extra FROM {table} ORDER BY as_of") == [(None,), (0.5,)]
