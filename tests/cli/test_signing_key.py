"""`regulars signing-key`: a new pair, and one line where it cannot be made."""

from collections.abc import Callable
from pathlib import Path


def test_it_makes_a_pair(tmp_path: Path, monkeypatch, regulars: Callable) -> None:
    """And says which file goes where; the second call refuses to replace it."""
    monkeypatch.chdir(tmp_path)
    ended = regulars("signing-key", "publisher.key")
    assert ended.code == 0
    assert "publisher.key.pub, for `regulars serve --trusted-key`" in ended.error
    assert Path("publisher.key").stat().st_mode & 0o777 == 0o600
    ended = regulars("signing-key", "publisher.key")
    assert ended.code == 1
    assert ended.error.splitlines() == ["regulars: publisher.key is there already: name another file, or move it away"]
    assert regulars("signing-key").code == 2
