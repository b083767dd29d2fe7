"""The Arrow files of a store: the ids of its customers, and the texts of its columns of text."""

from pathlib import Path

import pyarrow as pa


def write_ids(path: Path, ids: pa.StringArray) -> None:
    """Write the customers' ids to a file."""
    _write(path, "customer_id", ids)


def read_ids(folder: Path) -> pa.StringArray:
    """Return the customers' ids in a folder with arrays, memory-mapped."""
    return _read(folder / "customers.arrow", "customer_id")


def write_texts(folder: Path, name: str, texts: pa.StringArray) -> None:
    """Write the texts of a column of `layout.TEXT_DTYPES` to a data folder."""
    _write(_text_file(folder, name), name, texts)


def read_texts(folder: Path, name: str) -> pa.StringArray:
    """Return the texts of a column of `layout.TEXT_DTYPES` in a data folder, memory-mapped."""
    return _read(_text_file(folder, name), name)


def _text_file(folder: Path, name: str) -> Path:
    return folder / f"{name}_texts.arrow"


def _write(path: Path, name: str, texts: pa.StringArray) -> None:
    table = pa.table({name: texts})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _read(path: Path, name: str) -> pa.StringArray:
    with pa.memory_map(str(path)) as source:
        column = pa.ipc.open_file(source).read_all()[name]
    # One batch was written, unless it is empty; to combine a single chunk would copy it into memory.
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
