"""`regulars store`: what a store holds, and the way back."""

from collections.abc import Callable
from pathlib import Path

from features.store.event_store import open_store
from tests.cli.conftest import LOG, Ended

Regulars = Callable[..., Ended]


def test_a_store_tells_what_it_holds(log: Path, regulars: Regulars) -> None:
    """Counts, span, zone, scale, words, sources and generations."""
    regulars("ingest", log, "--out", "store", "--rating-maximum", "5")
    Path("week.csv").write_text(LOG.replace("anna", "zoe"))
    regulars("append", "week.csv", "--store", "store")
    ended = regulars("store", "info", "store")
    assert ended.code == 0, ended.error
    assert ended.out == ""
    store = open_store("store")
    assert f"{store.n_events} events of {store.n_customers} customers" in ended.error
    told = (
        "days in UTC",
        "ratings up to 5",
        "channels of visit: face_to_face, phone, email",
        "week.csv",
        "2 (present)",
    )
    assert [text for text in told if text not in ended.error] == []
    assert store.folder.name[:12] in ended.error


def test_a_store_names_its_quarantine_and_what_each_generation_was_made_from(log: Path, regulars: Regulars) -> None:
    """The file of the present generation, to be mended and appended; --replace says what it replaces."""
    regulars("ingest", log, "--out", "store")
    rows = "".join(f"zoe{i},2024-02-01,purchase,5,,\n" for i in range(30))
    Path("week.csv").write_text(LOG.splitlines()[0] + "\n" + rows + "zoe,2024-02-31,purchase,5,,\n")
    assert regulars("append", "week.csv", "--store", "store").code == 0
    told = "".join(regulars("store", "info", "store").error.split())
    assert f"{open_store('store').folder}/quarantine.csv" in told
    assert "madefrom" in told
    before = open_store("store").n_events
    ended = regulars("ingest", log, "--out", "store", "--replace", "--accept-quarantine")
    assert f"replaces {before} events of 2 sources: `regulars store rollback store`" in ended.error


def test_there_is_a_way_back_and_forth(log: Path, regulars: Regulars) -> None:
    """To the generation before, and with --to to any that is there; each failure is one line."""
    regulars("ingest", log, "--out", "store")
    before = open_store("store").n_events
    Path("week.csv").write_text(LOG.replace("anna", "zoe"))
    regulars("append", "week.csv", "--store", "store")
    after = open_store("store").n_events
    ended = regulars("store", "rollback", "store")
    assert (ended.code, open_store("store").n_events) == (0, before)
    assert f"store is at generation 1: {before} events of" in ended.error
    ended = regulars("store", "rollback", "store")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "store is at generation 1 and has not" in ended.error
    assert regulars("store", "rollback", "store", "--to", "2").code == 0
    assert open_store("store").n_events == after
    assert regulars("store", "rollback", "nowhere").code == 1
    assert regulars("store", "info", "nowhere").code == 1
