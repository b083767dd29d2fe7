"""Small files become one, each row is there once at any moment, and what cannot be merged stops nothing."""

import os
import shutil
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.encryption.parquet_files import read_parquet
from features.errors import ForecastLogError
from features.scratch_folders import lock_folder
from serving.forecast_log import log_files as module
from serving.forecast_log import merging
from serving.forecast_log.log_files import SCHEMA, keep_within
from serving.forecast_log.merging import merge_small
from tests.serving.forecast_log.written_logs import log_files, numbered, rows_of

EMPTY = SCHEMA.empty_table()
TODAY = date(2026, 11, 27)


def test_small_files_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a day that is over all, batch by batch; of today as soon as there are enough; every row once, as it was."""
    monkeypatch.setattr(merging, "MERGED_FILES", 4)
    numbered(tmp_path, 26, range(7))
    numbered(tmp_path, 27, range(10, 13))
    before = rows_of(tmp_path)
    assert [merge_small(tmp_path, TODAY, set()) for _ in range(4)] == [4, 3, 0, 0]
    assert [path.parent.name[-2:] for path in log_files(tmp_path)] == ["26", "26", "27", "27", "27"]
    numbered(tmp_path, 27, range(13, 14))
    assert merge_small(tmp_path, TODAY, set()) == 4
    assert rows_of(tmp_path) == [*before, 13]
    metadata = [pq.read_schema(path).metadata[b"features"] for path in log_files(tmp_path)]
    assert {*metadata} == {(SCHEMA.metadata or {})[b"features"]}
    assert keep_within(tmp_path, 1, 10**9, TODAY) == 1


@pytest.mark.parametrize("deleted", range(4))
def test_a_kill_while_files_are_merged_leaves_each_row_once(tmp_path: Path, deleted: int) -> None:
    """Whichever of the replaced ones were removed by then; the next merge removes the rest."""
    numbered(tmp_path, 26, range(4))
    unlink, calls = Path.unlink, []

    def killed(path: Path, **options: bool) -> None:
        if path.suffix == ".parquet":
            calls.append(path)
            if len(calls) > deleted:
                raise KeyboardInterrupt
        unlink(path, **options)

    with patch.object(Path, "unlink", killed), pytest.raises(KeyboardInterrupt):
        merge_small(tmp_path, TODAY, set())
    assert rows_of(tmp_path) == [0, 1, 2, 3]
    numbered(tmp_path, 26, range(4, 6))
    merge_small(tmp_path, TODAY, set())
    assert rows_of(tmp_path) == [*range(6)]
    assert len([*tmp_path.rglob("*.parquet")]) == 2


@pytest.mark.parametrize("metadata", [None, b"x", b"5"])
def test_a_damaged_merged_file_is_named_and_stops_no_other_day(tmp_path: Path, metadata: bytes | None) -> None:
    """Nobody knows what it replaces, so its day is not read, and stays as it is; the next one is merged."""
    numbered(tmp_path, 25, range(2))
    numbered(tmp_path, 26, range(2))
    damaged = tmp_path / "2026-11-25" / "merged-5f0c93ab7d21.parquet"
    if metadata is None:
        damaged.write_bytes(b"PAR1")
    else:
        pq.write_table(EMPTY.replace_schema_metadata({module.REPLACED: metadata}), damaged)
    with pytest.raises(ForecastLogError, match=f"{damaged} is no piece of a forecast log .*: put a copy of it back"):
        list(log_files(tmp_path))
    assert merge_small(tmp_path, TODAY, set()) == 2
    assert len([*damaged.parent.glob("*.parquet")]) == 3


def test_a_merged_file_that_goes_while_it_is_read_replaces_nothing(tmp_path: Path) -> None:
    """An erasure of all its rows removed it, and before it what it replaces."""
    numbered(tmp_path, 26, range(2))
    gone = tmp_path / "2026-11-26" / "merged-5f0c93ab7d21.parquet"
    gone.symlink_to(tmp_path / "nowhere")
    assert gone in module.day_files(gone.parent)


def test_where_there_are_no_locks_nobody_merges_and_the_others_go_on(tmp_path: Path) -> None:
    """As on a network drive, where a folder cannot be locked: an erasure is alone there."""
    numbered(tmp_path, 26, range(2))
    with patch.object(module, "lock_folder", side_effect=OSError(9, "Bad file descriptor")):
        assert merge_small(tmp_path, TODAY, set()) == 0
        with module.locked_day(tmp_path / "2026-11-26"):
            assert rows_of(tmp_path) == [0, 1]


def test_files_of_a_schema_become_one_whatever_stands_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the day of a release; damaged ones and one alone stay as they are, and nobody tries them again."""
    other = SCHEMA.with_metadata({"features": "[]"})
    for number in range(0, 8, 2):
        numbered(tmp_path, 26, range(number, number + 1))
        numbered(tmp_path, 26, range(number + 1, number + 2), other)
    [alone] = numbered(tmp_path, 26, range(8, 9), SCHEMA.with_metadata({"features": "[1]"}))
    damaged = alone.with_name("120000-7-5f0c93ab7d21.parquet")
    damaged.write_bytes(b"PAR1")
    left_out: set[Path] = set()
    assert merge_small(tmp_path, TODAY, left_out) == 8
    assert left_out == {alone, damaged}
    assert len([*alone.parent.iterdir()]) == 4
    monkeypatch.setattr(merging, "locked_day", None)
    assert merge_small(tmp_path, TODAY, left_out) == 0
    damaged.unlink()
    assert rows_of(tmp_path) == [*range(9)]


def test_a_day_with_a_damaged_merged_file_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the service starts again, or somebody mends it."""
    numbered(tmp_path, 26, range(2))
    (tmp_path / "2026-11-26" / "merged-5f0c93ab7d21.parquet").write_bytes(b"PAR1")
    left_out: set[Path] = set()
    assert merge_small(tmp_path, TODAY, left_out) == 0
    monkeypatch.setattr(merging, "locked_day", None)
    assert merge_small(tmp_path, TODAY, left_out) == 0


def test_what_a_kill_left_of_a_merged_file_is_removed(tmp_path: Path) -> None:
    """By the next merge, also on a day with nothing to merge; what another process writes to stays."""
    [file] = numbered(tmp_path, 26, range(1))
    left, written = (file.parent / f".merged-{end}.part" for end in ("1.parquet.abcd_123", "2.parquet.abcd_124"))
    for folder in (left, written):
        folder.mkdir()
        (folder / "x.parquet").write_bytes(file.read_bytes())
    lock = lock_folder(written)
    merge_small(tmp_path, TODAY, set())
    os.close(lock)
    assert sorted(file.parent.iterdir()) == sorted([file, written])


def test_a_day_that_is_removed_meanwhile_does_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even by somebody who does not ask for its lock."""
    day = numbered(tmp_path, 26, range(3))[0].parent
    read, calls = read_parquet, []

    def removing(file: Path) -> pa.Table:
        calls.append(file)
        table = read(file)
        if len(calls) == 3:
            shutil.rmtree(day)
        return table

    monkeypatch.setattr(merging, "read_parquet", removing)
    assert merge_small(tmp_path, TODAY, set()) == 0
    assert not day.exists()


def test_the_latest_day_is_merged_first(tmp_path: Path) -> None:
    """The earliest one is the next to be removed."""
    for day in (24, 25, 26):
        numbered(tmp_path, day, range(2))
    assert merge_small(tmp_path, TODAY, set()) == 2
    assert [file.parent.name[-2:] for file in log_files(tmp_path)] == ["24", "24", "25", "25", "26"]
