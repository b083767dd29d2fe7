"""`regulars append`: a week's file goes into a store, once."""

from collections.abc import Callable
from pathlib import Path

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
    assert "-> store is as it was: it has all of these events" in again.error
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
