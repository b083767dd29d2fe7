"""Searches files for customers' ids: the proof that an erasure left nothing, as far as the files can be opened.

Parquet and Arrow are read, archives and compressed files unpacked, SQLite asked; all others, models too, are searched
as bytes in UTF-8, UTF-16 and UTF-32. An id of up to three digits is found as a whole cell of a table alone.
"""

import bz2
import csv
import gzip
import html
import io
import json
import lzma
import re
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from features.encryption.parquet_files import MAGIC, open_parquet_file
from features.erasure.file_erasure import ID_COLUMN, ids_as_text, is_number, is_text
from features.erasure.id_patterns import IdPattern
from features.error_lines import first_line
from features.errors import StoreError
from features.sql_names import quoted

HEAD = 256
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""The beginnings of compressed parts of a joblib file."""
COMPRESSED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ\x00": lzma.decompress}
DAMAGES = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)
ARROW_STREAM = b"\xff\xff\xff\xff"
CELL_TEXT = re.compile(r"<t(?:\s[^>]*)?>([^<]*)</t>")
"""The texts of a workbook's cells."""


def files_in(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Yield the files at some paths and in folders below them, links to folders not followed.

    Each comes once, as the first of the paths spells it, however many paths lead to its folder.
    """
    seen: set[Path] = set()
    real_folder = cache(Path.resolve)
    for path in map(Path, paths):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            place = real_folder(file.parent) / file.name
            if file.is_file() and place not in seen:
                seen.add(place)
                yield file


def names_customer(path: Path, pattern: IdPattern) -> bool:
    """Return whether a file holds one of the ids, in its content or its name.

    Parameters
    ----------
    path : Path
    pattern : IdPattern

    Raises
    ------
    OSError
        When the file cannot be read.
    StoreError
        When it is encrypted and damaged: its bytes prove nothing.
    SettingsError
        When it is encrypted and its key is not held.
    """
    if pattern.in_text(path.name):
        return True
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(MAGIC):
        with _refused_if_damaged(path):
            return _parquet_has(path, pattern)
    return not _is_array_of_numbers(head) and _content_has(path.name, path.read_bytes(), pattern)


def check_readable(path: Path) -> None:
    """Raise what `names_customer` raises for a file that cannot be read; only what is encrypted is read whole."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
    with _refused_if_damaged(path), open_parquet_file(path) as encrypted:
        for _ in encrypted.iter_batches():
            pass


@contextmanager
def _refused_if_damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:  # removed meanwhile
        raise
    except (pa.ArrowException, OSError) as error:
        raise StoreError(
            f"{path} is encrypted and damaged, so nobody can tell whom it names ({first_line(error)}): "
            "remove it, or put a copy of it back"
        ) from None


def _is_array_of_numbers(head: bytes) -> bool:
    """Return whether a file of NumPy holds no text: among its bytes an id would be there by chance."""
    return head[:6] == b"\x93NUMPY" and re.search(rb"'descr': '[<>|=][biufcmM]\d", head) is not None


def _content_has(name: str, content: bytes, pattern: IdPattern) -> bool:
    ending = Path(name).suffix.lower()
    if _is_array_of_numbers(content[:HEAD]):
        return False
    try:
        if content[:4] in (b"PAR1", MAGIC):
            return _parquet_has(pa.BufferReader(content), pattern)
        if content[:6] == b"\x93NUMPY":  # texts of one length, with nothing between them
            texts = np.load(io.BytesIO(content), allow_pickle=False).ravel().astype(str).tolist()
            return any(pattern.is_id(text) or pattern.in_text(text) for text in texts)
        if content[:6] == b"ARROW1":
            with ipc.open_file(pa.BufferReader(content)) as file:
                return _table_has(file.read_all(), pattern)
        if content[:4] == ARROW_STREAM:
            with ipc.open_stream(pa.BufferReader(content)) as stream:
                return _table_has(stream.read_all(), pattern)
        if content[:16] == b"SQLite format 3\0":
            return pattern.in_bytes(content) or _sqlite_has(content, pattern)
        if content[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return any(_content_has(each, archive.read(each), pattern) for each in archive.namelist())
        for beginning, decompress in COMPRESSED.items():
            if content.startswith(beginning):
                return _content_has(name.removesuffix(Path(name).suffix), decompress(content), pattern)
        if ending == ".tar":
            with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                parts = ((each.name, tar.extractfile(each)) for each in tar.getmembers() if each.isfile())
                return any(_content_has(part, file.read(), pattern) for part, file in parts if file)
        if content[:2] in ZLIB:
            return pattern.in_bytes(zlib.decompressobj().decompress(content))
        if ending == ".csv":
            return _csv_has(content, pattern)
        if ending == ".json":
            return _json_has(json.loads(content), pattern)
        if ending == ".xml" and any(pattern.is_id(html.unescape(cell)) for cell in CELL_TEXT.findall(content.decode())):
            return True
    except (pa.ArrowException, ValueError, OSError, EOFError, *DAMAGES):
        pass  # damaged, or something else behind such a beginning: it is searched as it is
    return pattern.in_bytes(content)


def _parquet_has(source: Path | pa.NativeFile, pattern: IdPattern) -> bool:
    with open_parquet_file(source) as file:
        metadata = file.schema_arrow.metadata or {}
        if any(pattern.in_bytes(value) for value in metadata.values()):
            return True
        return any(_table_has(pa.Table.from_batches([batch]), pattern) for batch in file.iter_batches())


def _table_has(table: pa.Table, pattern: IdPattern) -> bool:
    if ID_COLUMN in table.column_names:
        place = table.column_names.index(ID_COLUMN)
        table = table.set_column(place, ID_COLUMN, ids_as_text(table[ID_COLUMN]))
    return any(_column_has(chunk, pattern) for column in table.columns for chunk in column.chunks)


def _column_has(column: pa.Array, pattern: IdPattern) -> bool:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _column_has(column.dictionary, pattern)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _column_has(column.flatten(), pattern)
    if pa.types.is_map(kind):
        return _column_has(column.keys, pattern) or _column_has(column.items, pattern)
    if pa.types.is_struct(kind):
        return any(_column_has(each, pattern) for each in column.flatten())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return any(pattern.in_bytes(value) for value in column.drop_null().to_pylist())
    if not is_text(kind):
        return False
    texts = pc.unique(column.cast(pa.string()))
    if pc.any(pc.is_in(texts, pattern.array)).as_py():
        return True
    return any(pattern.is_id(text) or pattern.in_text(text) for text in texts.drop_null().to_pylist())


def _csv_has(content: bytes, pattern: IdPattern) -> bool:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig", "replace"), newline="")))
    places = {at for at, name in enumerate(rows[0] if rows else []) if name == ID_COLUMN}
    return any(
        pattern.is_id(cell) if not places or at in places else not is_number(cell) and pattern.in_text(cell)
        for row in rows
        for at, cell in enumerate(row)
    ) or (not places and pattern.in_bytes(content))


def _json_has(value: Any, pattern: IdPattern) -> bool:
    if isinstance(value, dict):
        return any(
            _json_has(name, pattern) or _json_has(str(each) if name == ID_COLUMN else each, pattern)
            for name, each in value.items()
        )
    if isinstance(value, list):
        return any(_json_has(each, pattern) for each in value)
    return isinstance(value, str) and (pattern.is_id(value) or pattern.in_text(value))


def _sqlite_has(content: bytes, pattern: IdPattern) -> bool:
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            rows = database.execute(f"select * from {quoted(table)}")
            names = [name for name, *_ in rows.description]
            for row in rows:
                if any(
                    pattern.is_id(str(cell) if name == ID_COLUMN else cell)
                    for name, cell in zip(names, row, strict=True)
                ):
                    return True
    return False
