"""An encrypted file has nothing of its rows, names or metadata in any byte, and is read with its key alone."""

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.encryption.parquet_files import (
    is_encrypted,
    open_parquet_file,
    parquet_writer,
    read_parquet,
    read_parquet_schema,
    write_parquet,
)
from features.encryption.parquet_keys import KEY_VARIABLE, key_name
from features.errors import SettingsError

KEY, OTHER = bytes(range(32)), bytes(32)
TABLE = pa.table({"customer_id": [f"planted-{n}" for n in range(1000)], "x": range(1000)}).replace_schema_metadata(
    {"facts": "planted"}
)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], None]:
    """Sets the key of this process."""
    monkeypatch.setenv("REGULARS_CONFIG", "")

    def use(key: bytes | None) -> None:
        monkeypatch.setenv(KEY_VARIABLE, key.hex() if key else "")

    use(KEY)
    return use


def test_no_byte_tells_anything(tmp_path: Path, use: Callable[[bytes | None], None]) -> None:
    """Neither values nor columns nor metadata; two files of the same rows differ."""
    for name in ("a", "b"):
        write_parquet(tmp_path / name, TABLE, compression="none")
    content = (tmp_path / "a").read_bytes()
    assert re.search(rb"planted|customer_id|facts", content) is None
    assert KEY not in content
    assert content != (tmp_path / "b").read_bytes()
    assert is_encrypted(tmp_path / "a")
    assert key_name(KEY).encode() in content


def test_with_the_key_it_is_read(tmp_path: Path, use: Callable[[bytes | None], None]) -> None:
    """Whole, in pieces, from memory, some columns, some rows; without one, one line."""
    with parquet_writer(tmp_path / "a", TABLE.schema) as writer:
        writer.write_table(TABLE, 300)
    assert read_parquet(tmp_path / "a").equals(TABLE, check_metadata=True)
    assert read_parquet_schema(tmp_path / "a").equals(TABLE.schema, check_metadata=True)
    assert read_parquet(tmp_path / "a", columns=["x"], filters=pa.compute.field("x") < 3)["x"].to_pylist() == [0, 1, 2]
    with open_parquet_file(pa.BufferReader((tmp_path / "a").read_bytes())) as file:
        assert pa.Table.from_batches(file.iter_batches(100)).equals(TABLE)
    use(None)
    with pytest.raises(SettingsError, match=r"a is encrypted and no key is set: name its file in \[encryption\]"):
        read_parquet(tmp_path / "a")


def test_another_key_is_named(tmp_path: Path, use: Callable[[bytes | None], None]) -> None:
    """By the short hash that the file has of its own."""
    write_parquet(tmp_path / "a", TABLE)
    use(OTHER)
    with pytest.raises(SettingsError, match=f"needs the key {key_name(KEY)}, found {key_name(OTHER)}"):
        open_parquet_file(tmp_path / "a")


def test_plain_files_are_read_and_written_as_ever(tmp_path: Path, use: Callable[[bytes | None], None]) -> None:
    """With a key plain ones can be read; without one they are written to the byte as PyArrow does."""
    pq.write_table(TABLE, tmp_path / "plain")
    assert read_parquet(tmp_path / "plain").equals(TABLE)
    use(None)
    write_parquet(tmp_path / "ours", TABLE)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "plain").read_bytes()


@pytest.mark.parametrize("place", [0.02, 0.5, 0.98])
def test_a_changed_file_is_refused(tmp_path: Path, use: Callable[[bytes | None], None], place: float) -> None:
    """Whichever byte it is; encryption covers that too."""
    write_parquet(tmp_path / "a", TABLE)
    content = bytearray((tmp_path / "a").read_bytes())
    content[int(len(content) * place)] ^= 1
    (tmp_path / "a").write_bytes(content)
    with pytest.raises((pa.ArrowInvalid, SettingsError), match=r"was changed after it was encrypted|needs the key"):
        read_parquet(tmp_path / "a")
