"""A customer leaves the forecast log under every key that is held; the others stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import ForecastLogError
from features.key_files import keyed_hash
from serving.forecast_log.erasure import erase_from_log
from serving.forecast_log.log_files import SCHEMA, write_log_file
from serving.forecast_log.merging import merge_small
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.serving.forecast_log.written_logs import damage, log_files

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def piece(folder: Path, keys: PseudonymKeys, quarter: str, *names: str) -> None:
    """Write a piece of these customers."""
    rows = [
        {
            **dict.fromkeys(SCHEMA.names),
            **{"pseudonym": keyed_hash(name, keys.key(quarter)), "key_id": quarter, "asked_at": NOW, "as_of": NOW},
            **{"horizon_days": 90, "formula_version": "2", "role": "champion", "route": "/score"},
        }
        for name in names
    ]
    write_log_file(folder, pa.Table.from_pylist(rows, SCHEMA), NOW, 1)


def test_her_rows_go_from_every_quarter(tmp_path: Path) -> None:
    """A piece of hers alone is removed; a check counts and changes nothing; a second time there is nothing left."""
    keys, log = PseudonymKeys(tmp_path / "keys"), tmp_path / "log"
    piece(log, keys, "2026Q3", "anna", "ben")
    piece(log, keys, "2026Q4", "anna", "cleo", "anna")
    piece(log, keys, "2026Q4", "anna")
    assert erase_from_log(log, keys, ["anna"], check=True) == 4
    assert erase_from_log(log, keys, ["anna", "nobody"]) == 4
    assert erase_from_log(log, keys, ["anna"], check=True) == 0
    left = pa.concat_tables([pq.read_table(path) for path in log_files(log)])
    assert left.schema.equals(SCHEMA)
    assert sorted(left["pseudonym"].to_pylist()) == sorted(
        [keyed_hash("ben", keys.key("2026Q3")), keyed_hash("cleo", keys.key("2026Q4"))]
    )
    assert len([*log_files(log)]) == 2


def test_rows_of_a_destroyed_key_lead_to_nobody(tmp_path: Path) -> None:
    """They stay, for nobody can tell whose they are."""
    keys, log = PseudonymKeys(tmp_path / "keys"), tmp_path / "log"
    piece(log, keys, "2026Q3", "anna")
    (tmp_path / "keys" / "2026Q3.key").unlink()
    assert erase_from_log(log, PseudonymKeys(tmp_path / "keys"), ["anna"]) == 0
    assert len([*log_files(log)]) == 1


def test_a_merged_file_gives_nobody_back(tmp_path: Path) -> None:
    """Nor do those that it replaces, where a kill left them."""
    keys, log = PseudonymKeys(tmp_path / "keys"), tmp_path / "log"
    piece(log, keys, "2026Q4", "anna")
    piece(log, keys, "2026Q4", "anna", "anna")
    with patch.object(Path, "unlink", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        merge_small(log, (NOW + timedelta(days=1)).date(), set())
    assert len([*log.rglob("*.parquet")]) == 3
    assert erase_from_log(log, keys, ["anna"]) == 3
    assert not [*log.rglob("*.parquet")]


def test_a_table_of_something_else_is_named(tmp_path: Path) -> None:
    """It has nobody's pseudonym, so nobody can tell whom it names."""
    keys, log = PseudonymKeys(tmp_path / "keys"), tmp_path / "log"
    piece(log, keys, "2026Q4", "anna")
    other = log_files(log)[0].with_name("other.parquet")
    pq.write_table(pa.table({"name": ["anna"]}), other)
    with pytest.raises(
        ForecastLogError, match=rf"{other} is no piece of a forecast log \(it has no column pseudonym\)"
    ):
        erase_from_log(log, keys, ["anna"])


def test_what_a_kill_left_of_a_merged_file_goes_with_her(tmp_path: Path) -> None:
    """It may have rows of hers, and no reader looks into it; a check changes nothing."""
    keys, log = PseudonymKeys(tmp_path / "keys"), tmp_path / "log"
    piece(log, keys, "2026Q4", "ben")
    left = log / "2026-11-27" / ".merged-5f0c93ab7d21.parquet.abcd_123.part"
    left.mkdir()
    (left / "merged-5f0c93ab7d21.parquet").write_bytes(log_files(log)[0].read_bytes())
    assert erase_from_log(log, keys, ["anna"], check=True) == 0
    assert left.exists()
    assert erase_from_log(log, keys, ["anna"]) == 0
    assert not left.exists()


def test_damaged_rows_are_named(tmp_path: Path) -> None:
    """Also where the end of the file is whole, so that only the rows cannot be read."""
    keys, log = PseudonymKeys(tmp_path / "keys"), tmp_path / "log"
    piece(log, keys, "2026Q4", "anna")
    damage(log_files(log)[0])
    with pytest.raises(ForecastLogError, match=f"{log_files(log)[0]} is no piece of a forecast log") as raised:
        erase_from_log(log, keys, ["anna"])
    assert "\n" not in str(raised.value)
