"""The compiled engine: equal to plain Python where it sorts by other code, and cached on disk."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from features.as_of import AsOf
from features.engines.codegen import scratch_rows
from features.engines.feature_table import feature_table
from features.engines.numba_engine import _cached_source, numba_kernel
from tests.features.logs import DAY, KIND, Event, Log, plain_table, same_bits, shelved


def test_a_long_rhythm_has_the_same_median_compiled() -> None:
    """Customers of few and of many gaps, all sorts of gaps, by the compiled function and the plain one."""
    dice = np.random.default_rng(1)
    events = [
        Event(f"{size:03}", int(day) * DAY, KIND["purchase"], cents=1)
        for size in (1, 2, 3, 64, 65, 66, 200)
        for day in np.cumsum(dice.integers(1, 30, size + 1))
    ]
    cutoff = AsOf.parse("2024-06-10", "UTC")
    store = shelved(Log(events, "UTC", datetime(2024, 6, 10).date()))
    same_bits(feature_table(store, "2024-06-10"), plain_table(store, cutoff.time, cutoff.day))


def test_the_kernel_is_compiled_once_in_a_process() -> None:
    """Each form, with and without times of record, is made once; the two are different functions."""
    assert numba_kernel(False) is numba_kernel(False)
    assert numba_kernel(True) is not numba_kernel(False)
    assert numba_kernel(True).__name__ == "feature_matrix"
    assert scratch_rows() == 5  # of the median, of `followed`, and of sales


def test_a_cache_folder_that_cannot_be_written_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generated text then goes to a temporary folder."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("REGULARS_CACHE", str(tmp_path / "file"))
    path = _cached_source("name", "text")
    assert path.read_text() == "text"
    assert not path.is_relative_to(tmp_path)
    monkeypatch.setenv("REGULARS_CACHE", str(tmp_path / "folder"))
    assert _cached_source("name", "text") == _cached_source("name", "text") == tmp_path / "folder" / "name.py"
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["name.py"]
