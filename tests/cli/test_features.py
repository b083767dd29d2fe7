"""`regulars features`: the table of the library, of a store or of a raw file."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.engines.feature_table import feature_table
from features.store.event_store import open_store
from tests.cli.conftest import FAULTY, LOG, Ended

Regulars = Callable[..., Ended]


def test_the_file_holds_the_feature_table(store: Path, regulars: Regulars) -> None:
    """The file equals `feature_table` at that date; only who was known then is in it."""
    ended = regulars("features", store, "--as-of", "2024-03-01", "--out", "deep/features.parquet")
    assert ended == (0, "", "1 customer known at 2024-03-01, 88 columns -> deep/features.parquet\n")
    found = pd.read_parquet("deep/features.parquet").set_index("customer_id")
    pd.testing.assert_frame_equal(found, feature_table(open_store(store), "2024-03-01"))


def test_a_time_may_be_given(store: Path, regulars: Regulars) -> None:
    """--as-of takes a time with an offset: an event at that moment is not known yet."""
    regulars("features", store, "--as-of", "2024-03-02T17:45:00+01:00", "--out", "before.parquet")
    regulars("features", store, "--as-of", "2024-03-02T17:45:01+01:00", "--out", "after.parquet")
    assert [list(pd.read_parquet(name)["customer_id"]) for name in ("before.parquet", "after.parquet")] == [
        ["anna"],
        ["anna", "ben"],
    ]


def test_a_raw_file_may_stand_for_a_store(
    log: Path, store: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A raw file is ingested on the way: the same table, faulty rows left out and counted where they are accepted."""
    monkeypatch.setenv("REGULARS_INGEST_ACCEPT_QUARANTINE", "true")
    log.write_text(LOG + FAULTY)
    ended = regulars("features", log, "--as-of", "2024-05-01", "--out", "raw.parquet")
    assert ended.code == 0
    assert ended.error.startswith(f"1 faulty row left out; `regulars ingest {log} --out STORE` lists them\n")
    regulars("features", store, "--as-of", "2024-05-01", "--out", "store.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet("raw.parquet"), pd.read_parquet("store.parquet"))


def test_several_cutoffs_make_a_folder(store: Path, regulars: Regulars) -> None:
    """A name without an ending is a folder of Parquet parts by cutoff; one file has one cutoff."""
    dates = ("--as-of", "2024-03-01", "--as-of", "2024-05-01")
    ended = regulars("features", store, *dates, "--out", "features")
    lines = [
        f"{n} known at {day}, 88 columns -> features\n"
        for n, day in (("1 customer", dates[1]), ("3 customers", dates[3]))
    ]
    assert ended.code == 0
    assert ended.error.endswith("".join(lines))
    for as_of in dates[1::2]:
        found = pd.read_parquet(f"features/as_of={as_of}/bucket=000").set_index("customer_id")
        pd.testing.assert_frame_equal(found, feature_table(open_store(store), as_of))
    ended = regulars("features", store, *dates, "--out", "features.parquet")
    assert ended.code == 2
    assert "features.parquet is one file, and there are 2 cutoffs: name a folder" in ended.error


def test_a_folder_of_something_else_is_not_replaced(store: Path, regulars: Regulars) -> None:
    """Before any work begins."""
    Path("mine").mkdir()
    Path("mine/note").touch()
    ended = regulars("features", store, "--as-of", "2024-05-01", "--out", "mine")
    assert ended.code == 2
    assert "mine has files that no run of regulars wrote: name another folder" in ended.error
    assert [path.name for path in Path("mine").iterdir()] == ["note"]


def test_visits_after_the_purchases_are_warned_of(regulars: Regulars) -> None:
    """Where the visits of a week are in the log and its purchases are not, everybody would look silent."""
    bought = [f"A,2024-01-{day:02},purchase,9.00" for day in range(1, 31)]
    Path("log.csv").write_text("\n".join(["customer_id,event_time,event_type,amount", *bought, "A,2024-02-06,visit,"]))
    ended = regulars("features", "log.csv", "--as-of", "2024-02-07", "--out", "features.parquet")
    assert ended.code == 0
    warning = "warning: the log ends on 2024-02-06, its purchases 7 days before: append those since, or they count as"
    assert warning in ended.error
    assert warning not in regulars("features", "log.csv", "--as-of", "2024-01-31", "--out", "earlier.parquet").error
