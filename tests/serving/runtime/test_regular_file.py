"""Small files that others write are read without waiting."""

import os
from pathlib import Path

import pytest

from serving.runtime.regular_file import read_regular


def test_a_regular_file_is_read_and_nothing_else(tmp_path: Path) -> None:
    """A pipe, a device, a folder and a file that is too long are errors, at once; links are followed."""
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    (tmp_path / "link").symlink_to(file)
    assert read_regular(file, 3) == read_regular(tmp_path / "link") == b"abc"
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(OSError, match="is no regular file"):
            read_regular(path)
    with pytest.raises(OSError, match="has more than 2 bytes"):
        read_regular(file, 2)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none")
