"""`regulars ingest`: a raw log becomes the store that the library makes, and the report is shown."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from cli.main import app
from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from tests.cli.conftest import FAULTY, LOG, Ended

Regulars = Callable[..., Ended]


def test_the_store_is_that_of_the_library(log: Path, tmp_path: Path) -> None:
    """The verb writes the same store as `features.ingestion.ingest.ingest`, with the options passed on."""
    found = CliRunner().invoke(app, ["ingest", str(log), "--out", str(tmp_path / "a"), "--timezone", "Asia/Shanghai"])
    assert found.exit_code == 0
    ingest([log], tmp_path / "b", timezone="Asia/Shanghai")
    ours, theirs = open_store(tmp_path / "a"), open_store(tmp_path / "b")
    assert {**ours.manifest, "folder": None} == {**theirs.manifest, "folder": None}
    for name, column in ours.columns.items():
        assert np.array_equal(column, theirs.columns[name])


def test_columns_are_renamed_and_filled(tmp_path: Path, regulars: Regulars) -> None:
    """--map and --set, as often as needed, with --delimiter and --decimal, make a foreign log one of the contract."""
    (tmp_path / "sales.csv").write_text("client;day;sum\nanna;2024-01-05;20,50\nben;2024-01-06;3,25\n")
    names = ("--map", "customer_id=client", "--map", "event_time=day", "--map", "amount=sum")
    kinds = ("--set", "event_type=purchase", "--delimiter", ";", "--decimal", ",", "--encoding", "utf-8")
    ended = regulars("ingest", "sales.csv", "--out", "store", *names, *kinds)
    assert ended.code == 0
    assert list(open_store(tmp_path / "store").columns["cents"]) == [2050, 325]


def test_the_report_is_shown(log: Path, tmp_path: Path, regulars: Regulars) -> None:
    """What came in, what was kept and what was wrong is told, and where to find the rows."""
    log.write_text(LOG + FAULTY)
    ended = regulars("ingest", log, "--out", "store", "--accept-quarantine")
    assert ended.code == 0
    assert ended.out == ""
    assert "7 rows in: 6 kept, 1 quarantined, 0 duplicates" in ended.error
    folder = open_store("store").folder
    assert str(folder) in ended.error
    assert "dora" in (folder / "quarantine.csv").read_text(encoding="utf-8-sig")


def test_a_mended_quarantine_file_is_read_beside_the_log(log: Path, tmp_path: Path, regulars: Regulars) -> None:
    """The quarantine file with its fault mended goes beside the log, and the row is in."""
    log.write_text(LOG + FAULTY)
    regulars("ingest", log, "--out", "store", "--accept-quarantine")
    faulty = (open_store("store").folder / "quarantine.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "mended.csv").write_text(faulty.replace("2024-02-31", "2024-02-29"))
    ended = regulars("ingest", log, "mended.csv", "--out", "store", "--replace", "--accept-quarantine")
    assert ended.code == 0
    assert "8 rows in: 7 kept, 1 quarantined" in ended.error
    assert "dora" in open_store("store").customer_ids.to_pylist()


def test_a_failure_leaves_the_old_store(log: Path, tmp_path: Path, regulars: Regulars) -> None:
    """When reading fails the store of before is still there."""
    regulars("ingest", log, "--out", "store")
    before = open_store("store").manifest
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    assert regulars("ingest", "wrong.csv", "--out", "store", "--replace").code == 1
    assert open_store("store").manifest == before


def test_every_option_reaches_the_library(call_of: Callable, tmp_path: Path) -> None:
    """Each option is the argument of `ingest` that bears its name."""
    options = {
        "query": "select 1",
        "timezone": "Asia/Tokyo",
        "delimiter": ";",
        "encoding": "latin-1",
        "decimal": ",",
        "rating_maximum": 5.0,
        "memory_limit": "2GB",
        "sheet": "20*",
        "header_line": 3,
    }
    (tmp_path / "password").write_text("se cret\r\nnot this\n")
    password = ("--password-file", tmp_path / "password")
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    pairs = ("--map", "amount=sum", "--set", "event_type=purchase", "--set", "channel=shop")
    call = call_of(
        "features.ingestion.ingest.ingest", "ingest", "a", "b", "--out", tmp_path, *arguments, *pairs, *password
    )
    assert call["password"] == "se cret"
    assert {name: call[name] for name in options} == options
    assert (call["sources"], call["out"]) == (["a", "b"], tmp_path)
    assert (call["map"], call["constants"]) == ({"amount": "sum"}, {"event_type": "purchase", "channel": "shop"})


def test_a_query_over_files_needs_no_source(tmp_path: Path, regulars: Regulars) -> None:
    """The files are those of the working directory; without source and query the arguments are wrong."""
    (tmp_path / "orders.csv").write_text("client,day,total\n007,2024-01-05,20.5\n")
    (tmp_path / "clients.csv").write_text("client,mail\n007,anna@shop.example\n")
    columns = "mail AS customer_id, day AS event_time, total AS amount"
    query = f"SELECT {columns} FROM 'orders.csv' JOIN 'clients.csv' USING (client)"
    ended = regulars("ingest", "--query", query, "--out", "store", "--set", "event_type=purchase")
    assert ended.code == 0
    assert open_store("store").customer_ids.to_pylist() == ["anna@shop.example"]
    ended = regulars("ingest", "--out", "other")
    assert (ended.code, "name a file, or a query over files" in ended.error) == (2, True)


def test_a_password_file_has_a_first_line(tmp_path: Path, regulars: Regulars) -> None:
    """An empty file is a wrong argument."""
    (tmp_path / "password").touch()
    ended = regulars("ingest", "postgresql://host/db", "--out", "store", "--password-file", "password")
    assert (ended.code, "has no first line with a password" in ended.error) == (2, True)


def test_a_store_that_is_there_is_left_alone(log: Path, regulars: Regulars) -> None:
    """One line names the two ways; --append adds to it, --replace replaces it, and both at once are refused."""
    regulars("ingest", log, "--out", "store", "--timezone", "Asia/Tokyo")
    ended = regulars("ingest", log, "--out", "store")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "store holds a store already: add to it with --append, or replace it with --replace" in ended.error
    Path("week.csv").write_text(LOG.replace("anna", "zoe"))
    ended = regulars("ingest", "week.csv", "--out", "store", "--append")
    assert ended.code == 0, ended.error
    assert {"anna", "zoe"} <= set(open_store("store").customer_ids.to_pylist())
    assert open_store("store").timezone == "Asia/Tokyo"
    assert regulars("ingest", "week.csv", "--out", "store", "--append", "--replace").code == 2
    assert regulars("ingest", "week.csv", "--out", "store", "--append", "--timezone", "UTC").code == 2
    assert regulars("ingest", "week.csv", "--out", "store", "--replace").code == 0
    assert "anna" not in open_store("store").customer_ids.to_pylist()


def test_a_damaged_store_is_replaced(log: Path, regulars: Regulars) -> None:
    """By what its message advises."""
    assert regulars("ingest", log, "--out", "store").code == 0
    Path("store/manifest.json").write_text("{")
    assert "ingest the log again with --replace" in regulars("append", log, "--store", "store").error
    ended = regulars("ingest", log, "--out", "store", "--replace")
    assert ended.code == 0
    assert "replaces a store whose manifest could not be read" in ended.error


def test_too_many_faulty_rows_exit_with_1(log: Path, tmp_path: Path, regulars: Regulars) -> None:
    """The report is shown all the same, the last line says what to do, and the rows lie beside the store."""
    log.write_text(LOG + FAULTY)
    ended = regulars("ingest", log, "--out", "store")
    assert ended.code == 1
    assert "7 rows in: 6 kept, 1 quarantined" in ended.error
    assert "--accept-quarantine" in ended.error
    assert "the faulty rows are in store-quarantine.csv" in ended.error
    assert "dora" in (tmp_path / "store-quarantine.csv").read_text(encoding="utf-8-sig")
    assert regulars("ingest", log, "--out", "store", "--maximum-quarantined", "0.2").code == 0
