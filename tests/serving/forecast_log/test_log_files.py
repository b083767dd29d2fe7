"""Pieces appear whole in a folder a day, and the oldest days go first."""

import errno
from datetime import UTC, date, datetime
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq

from serving.forecast_log import log_files as module
from serving.forecast_log.log_files import SCHEMA, keep_within, locked_day, old_days, remove_day, write_log_file
from tests.serving.forecast_log.written_logs import log_files

EMPTY = SCHEMA.empty_table()


def written(folder: Path, *days: int) -> None:
    for day in days:
        write_log_file(folder, EMPTY, datetime(2026, 11, day, 9, 30, tzinfo=UTC), 7)


def test_a_piece_is_in_the_folder_of_its_day(tmp_path: Path) -> None:
    """Two of one second have two names; nothing else is left beside them."""
    written(tmp_path, 27, 27, 26)
    assert [path.parent.name for path in log_files(tmp_path)] == ["2026-11-26", "2026-11-27", "2026-11-27"]
    assert len([*tmp_path.rglob("*")]) == 5
    assert pq.read_schema(log_files(tmp_path)[0]).equals(SCHEMA)


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
    size = log_files(tmp_path)[0].stat().st_size
    assert keep_within(tmp_path, 100, 2 * size, date(2026, 11, 27)) == 1
    assert keep_within(tmp_path, 100, 1, date(2026, 11, 27)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["2026-11-27"]
    assert keep_within(tmp_path / "none", 100, 1, date(2026, 11, 27)) == 0
    assert isinstance(EMPTY, pa.Table)


def test_a_day_is_removed_when_nobody_holds_it(tmp_path: Path) -> None:
    """The service goes on and removes it the next time, and no other day in its place."""
    written(tmp_path, 25, 26)
    held, other = tmp_path / "2026-11-25", tmp_path / "2026-11-26"
    size = log_files(tmp_path)[0].stat().st_size
    with locked_day(held) as is_held:
        assert is_held
        assert not remove_day(held, wait=False)
        assert keep_within(tmp_path, 100, size, date(2026, 11, 27)) == 0
    assert other.exists()
    assert keep_within(tmp_path, 100, size, date(2026, 11, 27)) == 1
    assert remove_day(held)
    with locked_day(held) as is_held:
        assert not is_held


def test_on_a_drive_without_locks_days_are_removed(tmp_path: Path) -> None:
    """Nobody merges there."""
    written(tmp_path, 25, 26)
    with patch.object(module, "lock_folder", side_effect=OSError(errno.ENOLCK, "No locks available")):
        assert keep_within(tmp_path, 2, 10**9, date(2026, 11, 27)) == 1
        assert remove_day(tmp_path / "2026-11-26")
    assert not [*tmp_path.iterdir()]
