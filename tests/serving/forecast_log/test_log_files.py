"""Pieces appear whole in a folder a day, and the oldest days go first."""

from datetime import UTC, date, datetime
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import ForecastLogError
from features.key_files import HASH_BYTES
from serving.forecast_log import log_files as module
from serving.forecast_log.log_files import SCHEMA, keep_within, log_files, merge_small, old_days, write_log_file

EMPTY = SCHEMA.empty_table()


def written(folder: Path, *days: int) -> None:
    for day in days:
        write_log_file(folder, EMPTY, datetime(2026, 11, day, 9, 30, tzinfo=UTC), 7)


def test_a_piece_is_in_the_folder_of_its_day(tmp_path: Path) -> None:
    """Two of one second have two names; nothing else is left beside them."""
    written(tmp_path, 27, 27, 26)
    assert [path.parent.name for path in log_files(tmp_path)] == ["2026-11-26", "2026-11-27", "2026-11-27"]
    assert len([*tmp_path.rglob("*")]) == 5
    assert pq.read_schema(next(log_files(tmp_path))).equals(SCHEMA)


def test_old_days_go(tmp_path: Path) -> None:
    """Of three days that are kept, today is one; what only looks like a day is no reason to fail."""
    (tmp_path / "copy-of-it").mkdir()
    written(tmp_path, 20, 24, 25, 26, 27)
    assert [each.name for each in old_days(tmp_path, 3, date(2026, 11, 27))] == ["2026-11-20", "2026-11-24"]
    assert keep_within(tmp_path, 3, 10**9, date(2026, 11, 27)) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("2026-11-25", "2026-11-26", "2026-11-27", "copy-of-it"),
    ]


def test_the_oldest_go_while_all_are_too_large(tmp_path: Path) -> None:
    """Today stays, whatever it has."""
    written(tmp_path, 25, 26, 27)
    size = next(log_files(tmp_path)).stat().st_size
    assert keep_within(tmp_path, 100, 2 * size, date(2026, 11, 27)) == 1
    assert keep_within(tmp_path, 100, 1, date(2026, 11, 27)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["2026-11-27"]
    assert keep_within(tmp_path / "none", 100, 1, date(2026, 11, 27)) == 0
    assert isinstance(EMPTY, pa.Table)


def rows_of(folder: Path) -> list[int]:
    return sorted(int(row) for path in log_files(folder) for row in pq.read_table(path)["horizon_days"].to_pylist())


def numbered(folder: Path, day: int, numbers: range) -> None:
    """Write a file a number, with one row."""
    at = datetime(2026, 11, day, 9, 30, tzinfo=UTC)
    for number in numbers:
        row = dict.fromkeys(SCHEMA.names) | {"pseudonym": bytes(HASH_BYTES), "key_id": "2026Q4", "asked_at": at}
        row |= {"as_of": at, "horizon_days": number, "formula_version": "2", "role": "champion", "route": "/score"}
        write_log_file(folder, pa.Table.from_pylist([row], SCHEMA), at, 7)


def test_small_files_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a day that is over all, batch by batch; of today as soon as there are enough; every row once, as it was."""
    monkeypatch.setattr(module, "MERGED_FILES", 4)
    numbered(tmp_path, 26, range(7))
    numbered(tmp_path, 27, range(10, 13))
    before = rows_of(tmp_path)
    assert [merge_small(tmp_path, date(2026, 11, 27)) for _ in range(4)] == [4, 3, 0, 0]
    assert [path.parent.name[-2:] for path in log_files(tmp_path)] == ["26", "26", "27", "27", "27"]
    numbered(tmp_path, 27, range(13, 14))
    assert merge_small(tmp_path, date(2026, 11, 27)) == 4
    assert rows_of(tmp_path) == [*before, 13]
    metadata = [pq.read_schema(path).metadata[b"features"] for path in log_files(tmp_path)]
    assert {*metadata} == {(SCHEMA.metadata or {})[b"features"]}
    assert keep_within(tmp_path, 1, 10**9, date(2026, 11, 27)) == 1


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
        merge_small(tmp_path, date(2026, 11, 27))
    assert rows_of(tmp_path) == [0, 1, 2, 3]
    numbered(tmp_path, 26, range(4, 6))
    merge_small(tmp_path, date(2026, 11, 27))
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
    assert merge_small(tmp_path, date(2026, 11, 27)) == 2
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
        assert merge_small(tmp_path, date(2026, 11, 27)) == 0
        with module.locked_day(tmp_path / "2026-11-26"):
            assert rows_of(tmp_path) == [0, 1]
