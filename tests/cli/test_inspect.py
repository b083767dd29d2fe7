"""`regulars inspect` shows what a source seems to be and writes a profile that `regulars ingest` takes."""

import re
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import openpyxl

from features.ingestion.profile import load_profile
from features.store.event_store import open_store
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]
SALES = "Kunde;Datum;Betrag\n" + "".join(
    f"k{i % 7};{1 + i % 28}.{1 + i % 12}.2024 9:05;1.{100 + i},50\n" for i in range(60)
)


def test_the_profile_it_writes_reads_the_source(tmp_path: Path, regulars: Regulars) -> None:
    """Columns, how sure, ten rows as events; then ingest with the profile keeps every row."""
    (tmp_path / "sales.csv").write_text(SALES)
    ended = regulars("inspect", "sales.csv")
    assert ended.code == 0
    assert ended.out == ""
    for text in ("Kunde", "likely", "The first rows as events", "1,100.50", "-> profile.toml"):
        assert text in ended.error
    assert load_profile(tmp_path / "profile.toml").columns["customer_id"] == "Kunde"
    assert "# certain: no other fits" in (tmp_path / "profile.toml").read_text()
    ended = regulars("ingest", "sales.csv", "--profile", "profile.toml", "--out", "store")
    assert ended.code == 0, ended.error
    assert sorted(open_store("store").columns["cents"]) == [110_050 + 100 * i for i in range(60)]


def test_the_command_it_names_reads_the_source(tmp_path: Path, regulars: Regulars) -> None:
    """It repeats the options that were given, so that it can be pasted."""
    (tmp_path / "sales.csv").write_text("Export of May\n" + SALES.replace(";", "|"), encoding="utf-16")
    options = ("--delimiter", "|", "--header-line", "2", "--encoding", "utf-16", "--timezone", "Europe/Berlin")
    ended = regulars("inspect", "sales.csv", *options)
    found = re.search(r"-> profile\.toml \(regulars (.*) STORE\)", ended.error.replace("\n", " "))
    assert found, ended.error
    assert regulars(*shlex.split(found[1]), "store").code == 0
    assert open_store("store").timezone == "Europe/Berlin"
    assert open_store("store").n_events == 60


def pasted(error: str, store: str) -> list[str]:
    """Return the command that inspect names, with a store."""
    found = re.search(r"-> profile\.toml \(regulars (.*) STORE\)", error.replace("\n", " "))
    assert found, error
    return [*shlex.split(found[1]), store]


def test_the_command_it_names_reads_a_sheet_and_a_database(tmp_path: Path, regulars: Regulars) -> None:
    """With --sheet and --query, quoted."""
    book = openpyxl.Workbook()
    for name in ("Umsatz Mai", "Umsatz Juni"):
        sheet = book.create_sheet(name)
        for row in (["Kunde", "Datum", "Betrag"], ["a", "2024-05-01", 10], ["b", "2024-05-02", 20.5]):
            sheet.append(row)
    book.save("sales of 2024.xlsx")
    ended = regulars("inspect", "sales of 2024.xlsx", "--sheet", "Umsatz Mai")
    assert regulars(*pasted(ended.error, "one")).code == 0
    assert open_store("one").n_events == 2
    with closing(sqlite3.connect("shop.db")) as database:
        database.execute("create table sales (client text, day text, total real)")
        database.executemany("insert into sales values (?, ?, ?)", [("a", "2024-05-01", 10), ("b", "2024-05-02", 20.5)])
        database.commit()
    ended = regulars("inspect", "sqlite:///shop.db", "--query", "select * from sales where client <> 'x'")
    assert regulars(*pasted(ended.error, "two")).code == 0
    assert sorted(open_store("two").columns["cents"]) == [1000, 2050]


def test_what_is_open_is_asked(tmp_path: Path, regulars: Regulars) -> None:
    """On the terminal, and above the key in the file; a source that cannot be read ends with 1."""
    (tmp_path / "sales.csv").write_text("client,day,total\na,1/2/2024,1\n")
    ended = regulars("inspect", "sales.csv", "--out", "own.toml")
    assert ended.code == 0
    assert "question: times such as '1/2/2024' can be read in 2 ways" in ended.error
    assert "# times such as '1/2/2024' can be read in 2 ways" in (tmp_path / "own.toml").read_text()
    assert regulars("inspect", "none.csv").code == 1
