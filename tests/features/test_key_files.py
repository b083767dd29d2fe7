"""A key is made once, for its owner alone, and what is no key is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from features.key_files import KEY_BYTES, read_key, read_or_make_key


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """Of many that ask at the same time all get the same, and nothing else is left."""
    path = tmp_path / "keys" / "a.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: read_or_make_key(path), range(16)))
    assert keys == {read_key(path)}
    assert len(read_key(path)) == KEY_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*path.parent.iterdir()] == [path]
    assert read_or_make_key(tmp_path / "b.key") != read_key(path)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    """Other lengths, no hex, and files that others may read."""
    path = tmp_path / "a.key"
    read_or_make_key(path)
    path.chmod(0o640)
    with pytest.raises(ValueError, match="others than its owner have access, 040: run chmod 600"):
        read_key(path)
    path.chmod(0o600)
    for text in ("00ff\n", "not hex\n"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"2 bytes, expected 32|non-hexadecimal"):
            read_or_make_key(path)


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    """It is not advised to change its mode."""
    with pytest.raises(IsADirectoryError):
        read_key(tmp_path)
