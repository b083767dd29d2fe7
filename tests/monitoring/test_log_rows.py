"""Rows of a log are matched, judged and joined to outcomes as a loop over events would."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.as_of import AsOf, microseconds
from features.encryption.parquet_keys import KEY_VARIABLE
from features.errors import ForecastLogError
from features.store.event_store import EventStore
from monitoring import log_rows
from monitoring.log_rows import LogReader, made_in_advance, outcomes
from serving.forecast_log.merging import merge_small
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.serving.forecast_log.written_logs import damage, numbered
from tests.training.logs import stored

START = datetime(2024, 3, 1, tzinfo=UTC)
RNG = np.random.default_rng(3)
TIMES = [
    (f"c{number}", START + timedelta(minutes=int(minute)))
    for number in range(8)
    for minute in RNG.integers(0, 400 * 1440, 150)
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    names, times = zip(*TIMES, strict=True)
    kind, amount = ["purchase"] * len(names), [1.0] * len(names)
    log = pa.table({"customer_id": names, "event_time": times, "event_type": kind, "amount": amount})
    return stored(log, tmp_path_factory.mktemp("shop"))


def asked(days: list[float], late: float = 0.0) -> pd.DataFrame:
    """Forecasts of each customer of the shop, `as_of` so many days after its start, asked for `late` days later."""
    moments = [START + timedelta(days=day) for day in days for _ in range(8)]
    as_of = [microseconds(moment) for moment in moments]
    later = [microseconds(moment + timedelta(days=late)) for moment in moments]
    return pd.DataFrame({"customer": np.tile(np.arange(8), len(days)), "asked_at": later, "as_of": as_of})


@pytest.mark.parametrize("days", [1, 7, 90, 365])
def test_outcomes_are_those_of_a_loop(shop: EventStore, days: int) -> None:
    """Purchase days from a forecast's own moment to its end, at any horizon."""
    end = AsOf.parse("2025-06-01", "UTC")
    rows = made_in_advance(asked([0, 0.4, 3.9, 6.2]), shop, end, days)
    ids = shop.customer_ids.to_pylist()
    expected = []
    for row in rows.to_dict("records"):
        first = datetime.fromtimestamp(row["as_of"] / 1e6, UTC)
        mine = [time for name, time in TIMES if name == ids[row["customer"]]]
        expected.append(len({time.date() for time in mine if first <= time < first + timedelta(days=days)}))
    assert outcomes(shop, rows, end).tolist() == expected


def test_in_advance_is_what_was_asked_for_at_its_time(shop: EventStore) -> None:
    """Two days late is after the fact, and what is not over is not counted."""
    end = AsOf.parse("2024-04-01", "UTC")
    assert len(made_in_advance(asked([3], late=1), shop, end, 7)) == 8
    assert made_in_advance(asked([3], late=2), shop, end, 7).empty
    assert made_in_advance(asked([3], late=-2), shop, end, 7).empty
    assert made_in_advance(asked([25]), shop, end, 7).empty


def test_what_is_no_log_or_key_is_one_line(shop: EventStore, tmp_path: Path) -> None:
    """The file or the folder is named."""
    folder = tmp_path / "log" / "2024-03-01"
    folder.mkdir(parents=True)
    (folder / "a.parquet").write_bytes(b"no Parquet")
    keys = PseudonymKeys(tmp_path / "keys")
    with pytest.raises(ForecastLogError, match=r"a\.parquet is no piece of a forecast log"):
        list(LogReader(shop, tmp_path / "log", keys).days(date(2024, 3, 1), date(2024, 3, 2), ["role"]))
    keys.key("2024Q1")
    (tmp_path / "keys" / "2024Q1.key").write_text("no key")
    with pytest.raises(ForecastLogError, match="cannot be used"):
        LogReader(shop, tmp_path / "log", keys)


def test_files_that_are_merged_while_a_day_is_read_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is read again when a file is gone, which is then in the merged one."""
    numbered(tmp_path, 26, range(3))
    read, merged = log_rows._read_piece, []

    def merging(path: Path, columns: Sequence[str]) -> pa.Table:
        table = read(path, columns)
        if not merged:
            merged.append(merge_small(tmp_path, date(2026, 11, 27), set()))
        return table

    monkeypatch.setattr(log_rows, "_read_piece", merging)
    tables = log_rows._tables_of(tmp_path / "2026-11-26", ["horizon_days"], None)
    assert merged == [3]
    assert sorted(pa.concat_tables(tables)["horizon_days"].to_pylist()) == [0, 1, 2]


@pytest.mark.parametrize("key", ["", "00" * 32])
def test_damaged_rows_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Of a plain file and of an encrypted one, though it opens: its footer is whole."""
    monkeypatch.setenv(KEY_VARIABLE, key)
    [file] = numbered(tmp_path, 26, range(1))
    damage(file)
    with pytest.raises(ForecastLogError, match=f"{file} is no piece of a forecast log") as raised:
        log_rows._tables_of(file.parent, ["pseudonym", "asked_at"], None)
    assert "\n" not in str(raised.value)
