"""Queries to a MariaDB that the tests start: values as text, times in UTC, nothing changed, no password shown."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from features.errors import MissingExtraError, SourceError, UnreadableSourceError
from features.ingestion.mysql_reader import mysql_batches
from tests.features.reading import read
from tests.ports import free_port

PASSWORD = "se@cr:et/1%"


@pytest.fixture(scope="module")
def mysql() -> Iterator[str]:
    """Start a MariaDB server on a free port, its data in a temporary folder; give its URL; stop it at the end."""
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if server is None:
        pytest.skip("no MariaDB server here: install Debian's mariadb-server")
    user = "nobody" if os.getuid() == 0 else None
    port = free_port()
    with TemporaryDirectory(prefix="my") as folder:
        if user:
            shutil.chown(folder, user)
        data = ["--no-defaults", f"--datadir={folder}/data"]
        install = ["mariadb-install-db", *data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        Path(folder, "init.sql").write_text(
            f"CREATE DATABASE shop;\nCREATE USER reader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON shop.* TO reader@'127.0.0.1';\nUSE shop;\n"
            "CREATE TABLE sales (customer VARCHAR(20), at TIMESTAMP NULL, local DATETIME, total DECIMAL(12,2), "
            "note BLOB, count INT UNSIGNED);\n"
            "SET time_zone = '+02:00';\nINSERT INTO sales VALUES "
            "('007', '2024-01-01 10:00:00', '2024-01-01 10:00:00', 12.50, x'ff00', 4000000000), "
            "('Müller', NULL, NULL, NULL, NULL, NULL);\n"
        )
        options = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder}/s", f"--pid-file={folder}/pid"]
        process = subprocess.Popen(
            [
                server,
                *data,
                *options,
                f"--init-file={folder}/init.sql",
                "--character-set-server=utf8mb4",
                "--skip-name-resolve",
            ],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(port, process)
            yield f"mysql://reader@127.0.0.1:{port}/shop"
        finally:
            process.terminate()
            process.wait(120)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, "MariaDB did not start"
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("MariaDB does not answer")


@pytest.mark.needs_mysql
def test_rows_become_events(mysql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TIMESTAMP is a moment, a DATETIME a time of the business; decimals, leading zeros and umlauts stay."""
    monkeypatch.setenv("REGULARS_DB_PASSWORD", PASSWORD)
    names = {
        "customer_id": "customer",
        "event_time": "at",
        "amount": "total",
        "content": "note",
        "recorded_at": "local",
    }
    query = "SELECT * FROM sales ORDER BY customer;"
    result = read(mysql, query=query, map=names, constants={"event_type": "purchase"}, timezone="America/New_York")
    (event,) = result.events
    assert (event["customer_id"], event["cents"]) == ("007", 1250)
    assert event["time"] == datetime(2024, 1, 1, 8, tzinfo=UTC).timestamp() * 1e6
    assert event["known_from"] == datetime(2024, 1, 1, 15, tzinfo=UTC).timestamp() * 1e6
    assert result.quarantine[0]["customer"] == "Müller"
    assert result.quarantine[0]["source"] == mysql


@pytest.mark.needs_mysql
def test_many_rows_come_in_bounded_pieces(mysql: str) -> None:
    """A long answer is whole."""
    query = "SELECT seq AS customer_id, '2024-01-01' AS event_time, 'usage' AS event_type FROM seq_1_to_120000"
    assert read(mysql, query=query, password=PASSWORD).report.kept == 120_000


@pytest.mark.needs_mysql
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC 1", "You have an error in your SQL syntax"),
        ("SELECT * FROM nowhere", "Table 'shop.nowhere' doesn't exist"),
        ("SELECT 1; DELETE FROM sales", "You have an error in your SQL syntax"),
        ("DELETE FROM sales", "Cannot execute statement in a READ ONLY transaction"),
        ("SET @a = 1", "did not answer the query with rows"),
        ("SELECT 1 AS a", "has no column customer_id, event_time, event_type"),
    ],
)
def test_what_is_refused_is_one_line(query: str, message: str, mysql: str) -> None:
    """In the server's words, and nothing is changed there."""
    with pytest.raises(SourceError) as refusal:
        read(mysql, query=query, password=PASSWORD)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    (rows,) = mysql_batches(mysql, "SELECT count(*) AS n FROM sales", PASSWORD)
    assert rows.to_pylist() == [{"n": "2"}]


@pytest.mark.needs_mysql
def test_a_wrong_password_is_one_line_without_it(mysql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From wherever it came."""
    monkeypatch.setenv("REGULARS_DB_PASSWORD", "wrong-one")
    for url in (mysql, mysql.replace("reader@", "reader:wrong-one@")):
        with pytest.raises(SourceError, match="Access denied for user 'reader'") as refusal:
            read(url, query="SELECT 1")
        assert "wrong-one" not in str(refusal.value)


def test_what_the_url_says_wrong_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown option, a server that is not there, and the library that is not installed."""
    with pytest.raises(UnreadableSourceError, match="has the option ssl: expected one of unix_socket"):
        mysql_batches("mysql://host/db?ssl=1", "SELECT 1", None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(UnreadableSourceError, match="did not answer the query: Can't connect to MySQL server"):
            mysql_batches(f"mysql://me@127.0.0.1:{free.getsockname()[1]}/db", "SELECT 1", "secret")
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(MissingExtraError, match=r"needs regulars\[mysql\]"):
        mysql_batches("mysql://host/db", "SELECT 1", None)
