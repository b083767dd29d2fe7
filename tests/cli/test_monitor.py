"""`regulars monitor`: what was found in words, as JSON, and as an exit code."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_a_log_without_a_champion_is_looked_at(regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """No line is longer than the terminal; the last one says what to do."""
    assert regulars("simulate", "--customers", "250", "--out", "log.parquet").code == 0
    ended = regulars("monitor", "log.parquet", "--as-of", "2025-06-01", "--out", "seen")
    assert ended.code in (0, 5)
    found = json.loads((tmp_path / "seen" / "monitor.json").read_text())
    assert found["exit_code"] == ended.code
    assert "there is no champion, so only the intake and the columns are looked at" in ended.error
    assert ended.error.splitlines()[-1] == f"2025-06-01: {found['recommendation']} -> seen/monitor.json"


def test_what_is_not_possible_is_refused(regulars: Callable[..., Ended]) -> None:
    """In one line, before any work."""
    ended = regulars("monitor", "nowhere")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert regulars("monitor", "nowhere", "--budget", "2").code == 2
