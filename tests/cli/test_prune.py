"""`regulars prune`: what is too old leaves every kind of file, a second run finds nothing, and the rest stays."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from features.scratch_folders import lock_folder
from features.store.event_store import open_store
from serving.forecast_log import log_files
from serving.forecast_log.log_files import SCHEMA, write_log_file
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.cli.conftest import LOG, Ended
from tests.planning.record_plans import plan_folder

Regulars = Callable[..., Ended]
OLD = """\
olga,2021-01-05 10:00,purchase,77777.00,,
olga,2021-01-06,purchase,a lot,,
"""
SETTINGS = """\
[data_retention]
events_days = 1000
generations_days = 1
tables_days = 1000
plans_days = 1000
runs_days = 1000
forecast_log_days = 1000
[serve]
forecast_log = "flog"
[retrain]
out = "runs"
"""
PRUNE = ("prune", "store", "--as-of", "2024-06-01", "--in", "out")


@pytest.fixture
def place(tmp_path: Path, regulars: Regulars) -> Path:
    """Something old in every kind of file, and something new beside it."""
    (tmp_path / "old.csv").write_text(LOG + OLD)
    (tmp_path / "more.csv").write_text(
        "customer_id,event_time,event_type\nolga,2021-05-01,usage\nben,2024-05-01,usage\n"
    )
    assert regulars("ingest", "old.csv", "--out", "store", "--accept-quarantine").code == 0
    assert regulars("append", "more.csv", "--store", "store").code == 0
    for as_of, name in (("2021-06-01", "old"), ("2024-06-01", "new")):
        for ending in ("parquet", "arrow"):
            assert regulars("score", "store", "--as-of", as_of, "--out", f"out/{name}.{ending}").code == 0
        run = tmp_path / f"runs/{as_of}T120000Z"
        run.mkdir(parents=True)
        (run / "summary.json").write_text("{}")
    (tmp_path / "out/old.html").write_text("olga")
    for file in (*(tmp_path / "store").glob("events-*/manifest.json"), tmp_path / "out/old.html"):
        os.utime(file, (1.6e9, 1.6e9))
    keys = PseudonymKeys(tmp_path / "flog-keys")
    for time in (datetime(2021, 5, 3, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC)):
        write_log_file(tmp_path / "flog", SCHEMA.empty_table(), time, 1)
        keys.key(f"{time.year}Q2")
    (tmp_path / "regulars.toml").write_text(SETTINGS)
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file() and each.name != ".lock")
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


def test_everything_old_leaves_and_a_second_run_finds_nothing(place: Path, regulars: Regulars) -> None:
    """A dry run names the same places and changes nothing; what is new stays."""
    before = content(place)
    dry = regulars(*PRUNE, "--dry-run", "--json")
    assert content(place) == before
    ended = regulars(*PRUNE, "--json")
    assert (dry.code, ended.code) == (0, 0)
    where = [each for each, _ in json.loads(ended.out)["values"]["removed"]]
    assert where == [each for each, _ in json.loads(dry.out)["values"]["removed"]]
    assert sorted(each.removeprefix(f"{place}/") for each in where) == sorted(
        [
            *("store, generation 1", "store, generation 2", "out/old.arrow", "out/old.html", "out/old.parquet"),
            *("runs/2021-06-01T120000Z", "flog/2021-05-03", "flog-keys/2021Q2.key"),
        ]
    )
    after = content(place)
    # The events of a table whose cutoff is recent were known then.
    named = {name for name, each in after.items() if b"olga" in each and "/" in name}
    assert named == {"out/new.arrow", "out/new.parquet"}
    for name in ("out/new.parquet", "runs/2024-06-01T120000Z/summary.json", "flog-keys/2024Q2.key"):
        assert after[name] == before[name]
    assert open_store(place / "store").customer_ids.to_pylist() == ["anna", "ben", "cleo"]
    ended = regulars(*PRUNE)
    assert (ended.code, ended.error.splitlines()[-1]) == (0, "nothing is too old")


def test_a_day_of_the_forecast_log_is_removed_when_nobody_holds_it(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a service that merges its files does not bring it back."""
    held = [lock_folder(place / "flog/2021-05-03")]

    def release(_: float) -> None:
        assert (place / "flog/2021-05-03").exists()
        while held:
            os.close(held.pop())

    monkeypatch.setattr(log_files.time, "sleep", release)
    assert regulars(*PRUNE).code == 0
    assert not held
    assert not (place / "flog/2021-05-03").exists()


def test_a_table_of_scores_is_pruned_too(place: Path, regulars: Regulars) -> None:
    """By its address; rows of recent cutoffs stay."""
    address = "sqlite:///scores.db?table=scores"
    for as_of in ("2021-06-01", "2024-06-01"):
        assert regulars("score", "store", "--as-of", as_of, "--out", address).code == 0
    prune = ("prune", "store", "--as-of", "2024-06-01", "--tables-days", "900", "--in", address)
    for dry in (("--dry-run",), ()):
        removed = json.loads(regulars(*prune, *dry, "--json").out)["values"]["removed"]
        assert [what for where, what in removed if "sqlite" in where] == ["1 row"]
    assert not any("sqlite" in where for where, _ in json.loads(regulars(*prune, "--json").out)["values"]["removed"])


def test_a_table_that_is_not_there_is_no_success(place: Path, regulars: Regulars) -> None:
    """A mistyped address ends as a path does; it, and a database that is away, before anything leaves."""
    away = "postgresql://ann@127.0.0.1:1/shop?table=scores"
    assert regulars(*PRUNE, "--in", away).code == 1
    ended = regulars(*PRUNE, "--in", "sqlite:///typo.db?table=scores")
    assert (ended.code, "typo.db?table=scores is not there: is the address right?" in ended.error) == (2, True)
    assert open_store(place / "store").n_customers == 4


def test_places_that_several_paths_lead_to_are_pruned_once(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are removed once, and a plan, of which a copy lies there too, is measured as one."""
    monkeypatch.setattr("serving.clock.utc_now", lambda: datetime(2027, 3, 1, 8, tzinfo=UTC))
    plan_folder(place / "out/plan")
    shutil.copytree(place / "out/plan", place / "out/copy")
    (place / "late.csv").write_text("customer_id,event_time,event_type\nc1,2026-12-01,usage\nben,2027-02-25,usage\n")
    assert regulars("append", "late.csv", "--store", "store").code == 0
    ended = regulars(
        *("prune", "store", "--as-of", "2027-03-01", "--plans-days", "60"),
        *("--in", "out", "--in", f"{place}/out/../out", "--in", "out/plan", "--in", "out/old.arrow"),
    )
    assert ended.code == 0
    assert ended.error.count("old.arrow") == 1
    for name in ("plan", "copy"):
        assert not any(names_customer(file, IdPattern(["c1"])) for file in files_in([place / "out" / name]))


def test_old_events_do_not_come_back(place: Path, regulars: Regulars) -> None:
    """Ingest and append say how many rows they leave out."""
    regulars(*PRUNE)
    ended = regulars("ingest", "old.csv", "--out", "store", "--replace")
    assert "8 rows in: 6 kept, 0 quarantined, 0 duplicates, 2 older than what the store keeps" in ended.error
    assert b"olga" not in b"".join(content(place / "store").values())


def test_a_plan_is_measured_before_its_events_leave(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not over stays, and events that it is measured by are not removed."""
    monkeypatch.setattr("serving.clock.utc_now", lambda: datetime(2027, 3, 1, 8, tzinfo=UTC))
    plan_folder(place / "out/plan")
    (place / "late.csv").write_text("customer_id,event_time,event_type\nc1,2026-11-25,usage\n")
    assert regulars("append", "late.csv", "--store", "store").code == 0
    prune = ("prune", "store", "--in", "out", "--as-of", "2027-03-01", "--plans-days", "60")
    assert "does not reach the end of its 90 days" in regulars(*prune).error
    ended = regulars(*prune, "--events-days", "80")
    assert ended.code == 1
    assert "are measured from 2026-11-23 on, which --events-days 80 would remove" in ended.error
    (place / "later.csv").write_text("customer_id,event_time,event_type\nben,2027-02-25,usage\n")
    assert regulars("append", "later.csv", "--store", "store").code == 0
    assert regulars(*prune, "--events-days", "80").code == 0
    assert not any(names_customer(file, IdPattern(["c1"])) for file in files_in([place / "out/plan"]))


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("prune nowhere --events-days 3", 1, "nowhere holds no event store"),
        ("prune store --events-days 0", 2, "Input should be greater than or equal to 1"),
        ("prune store --as-of soon", 2, "is not a date or time"),
        ("prune store --as-of 2106-06-01", 2, "2106-06-01 is still to come"),
        ("prune store --runs-days 99999999999", 1, "runs_days is 99999999999, expected 1 to 36500"),
        ("prune store --as-of 1901-01-01", 2, "1000 days before --as-of 1901-01-01 is before 1900"),
        ("prune store --in sealed.parquet", 1, "sealed.parquet is encrypted and no key is set"),
    ],
)
def test_a_wrong_call_changes_nothing(place: Path, regulars: Regulars, line: str, code: int, said: str) -> None:
    """It is said in one line."""
    (place / "sealed.parquet").write_bytes(b"PARE" * 9)
    before = content(place)
    ended = regulars(*line.split())
    assert ended.code == code
    assert said in " ".join(ended.error.split())
    assert content(place) == before


def test_without_any_period_it_asks_for_one(place: Path, regulars: Regulars) -> None:
    """Retention is off as long as nothing is set."""
    (place / "regulars.toml").unlink()
    ended = regulars("prune", "store")
    assert ended.code == 2
    assert "nothing says how long to keep what" in " ".join(ended.error.split())
    for options in ("--runs-days 9 --in out", "--events-days 9 --in sqlite:///none.db?table=scores"):
        ended = regulars("prune", "store", *options.split())
        assert ended.code == 2
        assert f"nothing says how long what is at {options.split()[-1]} stays" in " ".join(ended.error.split())
