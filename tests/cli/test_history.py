"""`regulars history`: a table of moves, or one line where there are none."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

MOVE = {
    "when": pd.Timestamp("2024-05-01 10:30:59", tz="UTC"),
    "who": "Ada",
    "kind": "promote",
    "from": pd.NA,
    "to": 1,
    "state": "done",
    "digest": "0123456789abcdef",
    "why": "the first",
    "figures": {},
}


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_a_home_without_moves_is_one_line(regulars: Callable, tmp_path: Path) -> None:
    """It names the verb that makes a champion, and the CSV file has the columns only."""
    ended = regulars("history", "--home", tmp_path / "home", "--out", "moves.csv")
    assert ended == (0, "", "no champion yet: `regulars promote` makes one\n")
    assert (tmp_path / "moves.csv").read_text().startswith('"when","who","kind","from","to"')
    assert not (tmp_path / "home").exists()


def test_a_move_is_one_row(regulars: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time to the minute, twelve characters of the digest, and - for what is absent; the file has all of it."""
    moves = pd.DataFrame([MOVE]).astype({"from": "Int64", "to": "Int64"})
    monkeypatch.setattr("training.promote.history", lambda tracking: moves)
    monkeypatch.setattr("training.registry.mlflow_client.open_tracking", lambda home, read_only, settings: None)
    monkeypatch.setattr("cli.history.has_tracking_store", lambda home: True)
    ended = regulars("history", "--home", tmp_path / "home", "--out", "moves.csv")
    row = ["2024-05-01", "10:30", "Ada", "promote", "-", "1", "done", "0123456789ab", "the", "first"]
    assert row in [line.split() for line in ended.error.splitlines()]
    assert "0123456789abcdef" in (tmp_path / "moves.csv").read_text()
