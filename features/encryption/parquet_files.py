"""Reads and writes Parquet files that are encrypted where the settings have a key; plain files are read as ever."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.encryption.parquet_keys import configured_keys, decryption_properties, encryption_properties
from features.error_lines import first_line
from features.errors import SettingsError

MAGIC = b"PARE"
"""The beginning of a file whose footer is encrypted; that of a plain one is PAR1."""


def is_encrypted(source: str | Path | pa.NativeFile) -> bool:
    """Return whether a file is an encrypted Parquet file."""
    if isinstance(source, pa.NativeFile):
        beginning = source.read(len(MAGIC))
        source.seek(0)
        return bool(beginning == MAGIC)
    with Path(source).open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def parquet_writer(path: str | Path, schema: pa.Schema, **options: Any) -> pq.ParquetWriter:
    """Return a writer of a file, encrypted where there is a key; `options` as of `ParquetWriter`."""
    return pq.ParquetWriter(path, schema, **_encrypting(), **options)


def write_parquet(path: str | Path, table: pa.Table, **options: Any) -> None:
    """Write a table, encrypted where there is a key; `options` as of `pyarrow.parquet.write_table`."""
    pq.write_table(table, path, **_encrypting(), **options)


def _encrypting() -> dict[str, Any]:
    keys = configured_keys()
    return {"encryption_properties": encryption_properties(keys)} if keys else {}


def open_parquet_file(source: str | Path | pa.NativeFile, **options: Any) -> pq.ParquetFile:
    """Open a file, plain or encrypted; `options` as of `ParquetFile`.

    Raises
    ------
    SettingsError
        When it is encrypted and its key is not held.
    OSError
        When it cannot be read, also later, while rows are read of a file that was changed after it was encrypted.
    pyarrow.ArrowException
        When it is no Parquet file.
    """
    return _read(pq.ParquetFile, source, options)


def read_parquet(source: str | Path | pa.NativeFile, **options: Any) -> pa.Table:
    """Return the table of a file, plain or encrypted; `options` as of `pyarrow.parquet.read_table`.

    Raises
    ------
    SettingsError
        When it is encrypted and its key is not held.
    OSError
        When it cannot be read.
    pyarrow.ArrowException
        When it is no Parquet file, or was changed after it was encrypted.
    """
    return _read(pq.read_table, source, options)


def read_parquet_schema(source: str | Path | pa.NativeFile) -> pa.Schema:
    """Return the schema of a file, see `read_parquet`."""
    with open_parquet_file(source) as file:
        return file.schema_arrow


def _read(read: Any, source: str | Path | pa.NativeFile, options: dict[str, Any]) -> Any:
    if not is_encrypted(source):
        return read(source, **options)
    name = "an encrypted Parquet file" if isinstance(source, pa.NativeFile) else source
    keys = configured_keys()
    if not keys:
        raise SettingsError(
            f"{name} is encrypted and no key is set: name its file in [encryption] key_file, or give it in "
            "REGULARS_PARQUET_KEY"
        )
    try:
        return read(source, decryption_properties=decryption_properties(keys), **options)
    except SettingsError as error:
        raise SettingsError(f"{name} {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise pa.ArrowInvalid(f"was changed after it was encrypted ({first_line(error)})") from None
