"""`regulars indices` shows the indices of the base over time."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]


def test_indices_are_a_table_and_a_file(regulars: Regulars, store: Path, tmp_path: Path) -> None:
    """A row a date; where no customer gave a rating there is no index."""
    ended = regulars("indices", store, "--every", "30d", "--out", "indices.csv")
    assert ended.code == 0
    table = pd.read_csv(tmp_path / "indices.csv")
    assert table["as_of"].tolist() == ["2024-01-21", "2024-02-20", "2024-03-21"]
    assert table["customers"].tolist() == [1, 1, 3]
    assert table["purchases"].tolist() == [1 / 12, 2 / 12, 3 / 36]
    assert table["satisfaction"].isna().all()
    rows = [line.split() for line in ended.error.splitlines()]
    assert ["2024-03-21", "-", "-", "0.083", "(3)"] in rows


def test_dates_are_checked(regulars: Regulars, store: Path) -> None:
    """Before any work: a distance, a date, an ending."""
    assert (
        "'monthly' is not a number of days: write it like 30d" in regulars("indices", store, "--every", "monthly").error
    )
    assert regulars("indices", store, "--since", "soon").code == 2
    assert regulars("indices", store, "--out", "i.txt").code == 2
    ended = regulars("indices", store, "--until", "2020-01-01")
    assert (ended.code, "there is no date from" in ended.error) == (1, True)
