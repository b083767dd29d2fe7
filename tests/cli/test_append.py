"""`regulars append`: a week's file goes into a store, once."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import openpyxl

from features.store.event_store import open_store
from tests.cli.conftest import LOG, Ended

Regulars = Callable[..., Ended]


def test_a_week_is_added_once(log: Path, regulars: Regulars) -> None:
    """The store has both files; the same file again changes nothing, and the lines say so."""
    regulars("ingest", log, "--out", "store")
    before = open_store("store").n_events
    Path("week.csv").write_text(LOG.replace("anna", "zoe"))
    ended = regulars("append", "week.csv", "--store", "store")
    assert ended.code == 0, ended.error
    store = open_store("store")
    assert store.n_events > before
    assert str(store.folder) in ended.error
    again = regulars("append", "week.csv", "--store", "store")
    assert again.code == 0
    assert "week.csv was read before" in again.error
    assert "-> store is as it was: there is nothing new to add" in again.error
    assert open_store("store").folder == store.folder


def test_columns_are_renamed_and_filled(log: Path, regulars: Regulars) -> None:
    """As by `regulars ingest`, with the same options."""
    regulars("ingest", log, "--out", "store")
    Path("week.csv").write_text("client;day;sum\nzoe;2024-01-05;20,50\n")
    names = ("--map", "customer_id=client", "--map", "event_time=day", "--map", "amount=sum")
    rest = ("--set", "event_type=purchase", "--delimiter", ";", "--decimal", ",")
    assert regulars("append", "week.csv", "--store", "store", *names, *rest).code == 0
    assert 2050 in open_store("store").columns["cents"].tolist()


def test_there_must_be_a_store(log: Path, regulars: Regulars) -> None:
    """One line, exit code 1, and nothing is made."""
    ended = regulars("append", log, "--store", "none")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "none holds no event store: make one with `regulars ingest" in ended.error
    assert not Path("none").exists()
    assert regulars("append", log).code == 2
    assert regulars("append", log, "--store", "none", "--map", "client").code == 2


def test_many_files_are_a_few_lines(regulars: Regulars) -> None:
    """Read for the first time, read again, and in the list of the store's sources."""
    for day in range(40):
        Path(f"day{day:02}.csv").write_text(f"customer_id,event_time,event_type\nc{day},2024-01-01,usage\n")
    lines = {
        " ".join(command): regulars(*command).error
        for command in (
            ("ingest", "day0*.csv", "--out", "store"),
            ("append", "day*.csv", "--store", "store"),
            ("append", "day*.csv", "--store", "store"),
            ("ingest", "day*.csv", *(f"day{day:02}.csv" for day in range(40)), "--out", "twice"),
            ("store", "info", "store"),
        )
    }
    assert open_store("store").n_events == 40
    assert "the last 20 of 40" in lines["store info store"]
    assert {name: text for name, text in lines.items() if text.count("\n") > 50} == {}
    assert {name: text for name, text in lines.items() if name != "store info store" and text.count("\n") > 15} == {}


def test_without_its_columns_a_file_gets_options_to_paste(log: Path, regulars: Regulars) -> None:
    """Those of usual names, and those by which an earlier source of the store was read; pasted, they read the file."""
    regulars("ingest", log, "--out", "store")
    Path("jan.csv").write_text("Kunde;Datum;Summe\nzoe;2024-01-05;20,50\n")
    Path("feb.csv").write_text("Kunde;Datum;Summe\nzoe;2024-02-05;7,50\n")
    refused = regulars("append", "jan.csv", "--store", "store")
    found = re.search(r"did you mean (.*)\? Its columns", refused.error.replace("\n", " "))
    assert found, refused.error
    assert regulars("append", "jan.csv", "--store", "store", *shlex.split(found[1])).code == 0
    refused = regulars("append", "feb.csv", "--store", "store")
    found = re.search(r"an earlier source was read with (.*), or the same profile", refused.error.replace("\n", " "))
    assert found, refused.error
    assert regulars("append", "feb.csv", "--store", "store", *shlex.split(found[1]), "--map", "amount=Summe").code == 0
    assert {2050, 750} < set(open_store("store").columns["cents"].tolist()) | {2050}


def test_a_glob_may_name_files_of_before_under_strict(regulars: Regulars) -> None:
    """They are no fault of the data."""
    for day in range(1, 4):
        Path(f"day{day}.csv").write_text(f"customer_id,event_time,event_type\nc{day},2024-01-0{day},usage\n")
    assert regulars("ingest", "day1.csv", "day2.csv", "--out", "store").code == 0
    assert regulars("append", "day*.csv", "--store", "store", "--strict").code == 0
    assert open_store("store").n_events == 3
    assert regulars("append", "day*.csv", "--store", "store", "--strict").code == 0


def test_sheets_of_a_workbook_are_sources_of_their_own(regulars: Regulars) -> None:
    """Each is known by its name within the file; a sheet that was added to the file is the new one."""
    book = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    for year in (2023, 2024):
        sheet = book.create_sheet(str(year))
        for row in (["Kunde", "Datum", "Betrag"], ["a", f"{year}-03-01", 10], ["b", f"{year}-03-02", 20.5]):
            sheet.append(row)
        book.save(f"until-{year}.xlsx")
    book.create_sheet("notes").append(["nothing"])
    book.save("until-2024.xlsx")
    profile = ("--map", "customer_id=Kunde", "--map", "event_time=Datum", "--map", "amount=Betrag")
    options = (*profile, "--set", "event_type=purchase", "--sheet", "20*")
    assert regulars("ingest", "until-2023.xlsx", "--out", "store", *options).code == 0
    ended = regulars("append", "until-2024.xlsx", "--store", "store", *options)
    assert ended.code == 0, ended.error
    assert "4 rows in: 2 kept" in ended.error.replace("\n", " ")
    assert "2 in the store already" in ended.error.replace("\n", " ")
    again = regulars("append", "until-2024.xlsx", "--store", "store", *options)
    assert "0 rows in" in again.error
    assert sorted(open_store("store").columns["cents"].tolist()) == [1000, 1000, 2050, 2050]


def test_what_a_refused_addition_left_goes_with_the_next_success(log: Path, regulars: Regulars) -> None:
    """Unless somebody has begun to correct it."""
    regulars("ingest", log, "--out", "store")
    rows = "".join(f"c{day},2024-02-{day:02},order,5\n" for day in range(1, 20))
    Path("week.csv").write_text("customer_id,event_time,event_type,amount\n" + rows + "d,2024-02-01,purchase,5\n")
    left = Path("store-quarantine.csv")
    assert regulars("append", "week.csv", "--store", "store").code == 1
    assert left.exists()
    assert regulars("append", "week.csv", "--store", "store", "--kinds", "order=purchase").code == 0
    assert not left.exists()
    Path("next.csv").write_text(
        "customer_id,event_time,event_type,amount\n" + rows.replace("-02-", "-03-") + "e,2024-03-01,usage,\n"
    )
    assert regulars("append", "next.csv", "--store", "store").code == 1
    left.write_text(left.read_text(encoding="utf-8-sig").replace("order", "purchase"))
    assert regulars("append", "next.csv", "--store", "store", "--accept-quarantine").code == 0
    assert left.exists()
    assert regulars("append", left, "--store", "store").code == 0
    assert open_store("store").n_events == 6 + 20 + 20


def test_times_are_those_of_the_business(log: Path, regulars: Regulars) -> None:
    """In the report of an addition and of the store: what the file says, with the offset of the day."""
    Path("log.csv").write_text("customer_id,event_time,event_type,amount\na,2024-01-01 23:30,purchase,5\n")
    Path("week.csv").write_text("customer_id,event_time,event_type,amount\na,2024-07-01 00:30,purchase,5\n")
    ended = regulars("ingest", "log.csv", "--out", "store", "--timezone", "America/New_York")
    assert "2024-01-01T23:30:00-05:00" in ended.error.replace("\n", " ")
    ended = regulars("append", "week.csv", "--store", "store")
    assert "2024-07-01T00:30:00-04:00" in ended.error.replace("\n", " ")
    shown = regulars("store", "info", "store").error.replace("\n", " ")
    assert "2024-01-01T23:30:00-05:00 to 2024-07-01T00:30:00-04:00" in shown
    assert "+00:00" not in shown
