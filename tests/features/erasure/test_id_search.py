"""The proof finds an id that is planted in any kind of file, and none that is not there."""

import bz2
import gzip
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer


def _parquet(path: Path, name: str) -> None:
    pq.write_table(pa.table({"customer_id": ["b", name], "x": [1, 2]}), path, compression="zstd")


def _dictionary(path: Path, name: str) -> None:
    pq.write_table(pa.table({"c": pa.array(["b", name, "b"]).dictionary_encode()}), path)


def _nested(path: Path, name: str) -> None:
    pq.write_table(pa.table({"list": [["b"], ["b", name]], "map": pa.array([[("k", "v")]] * 2, _MAP)}), path)


def _map(path: Path, name: str) -> None:
    pq.write_table(pa.table({"map": pa.array([[("k", name)]], _MAP)}), path)


def _metadata(path: Path, name: str) -> None:
    schema = pa.schema([("x", pa.int64())], {b"note": f"without {name}".encode()})
    pq.write_table(pa.table({"x": [1]}, schema=schema), path)


def _arrow(path: Path, name: str) -> None:
    table = pa.table({"customer_id": [name]})
    with ipc.new_file(str(path), table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)


def _workbook(path: Path, name: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["customer_id", name])
    book.save(path)


def _sqlite(path: Path, name: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table runs (note text)")
        database.execute("insert into runs values (?)", [f"for {name}"])
    database.close()


def _tar(path: Path, name: str) -> None:
    (path.parent / "inner.json").write_text(json.dumps({"id": name}))
    with tarfile.open(path, "w:gz") as archive:
        archive.add(path.parent / "inner.json", "inner.json")
    (path.parent / "inner.json").unlink()


def _zip(path: Path, name: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", f"about {name}")


_MAP = pa.map_(pa.string(), pa.string())
PLANTED: dict[str, Callable[[Path, str], object]] = {
    "scores.parquet": _parquet,
    "words.parquet": _dictionary,
    "lists.parquet": _nested,
    "attributes.parquet": _map,
    "metadata.parquet": _metadata,
    "customers.arrow": _arrow,
    "rep.xlsx": _workbook,
    "mlflow.db": _sqlite,
    "backup.tar.gz": _tar,
    "bento.zip": _zip,
    "quarantine.csv": lambda path, name: path.write_text(f"source,value,client\na,x,{name}\n", "utf-8-sig"),
    "crm.csv": lambda path, name: path.write_text(f"customer_id,note\n{name},x\n"),
    "notes.csv": lambda path, name: path.write_text(f"customer_id,note\nb,friend of {name}\n"),
    "report.json": lambda path, name: path.write_text(json.dumps({"largest": [{"customer_id": name}]})),
    "ids.json": lambda path, name: path.write_text(json.dumps({name: 1})),
    "page.html": lambda path, name: path.write_text(f"<td>{name}</td>"),
    "visits.ics": lambda path, name: path.write_text(f"SUMMARY:{name}\n"),
    "utf16.txt": lambda path, name: path.write_text(f"id {name} end", "utf-16"),
    "log.csv.gz": lambda path, name: path.write_bytes(gzip.compress(f"customer_id\n{name}\n".encode())),
    "ids.npy": lambda path, name: np.save(path, np.array([name, "b"])),
    "windows.npz": lambda path, name: np.savez_compressed(path, ids=np.array([name, "b"]), x=np.arange(5)),
    "model.pkl": lambda path, name: path.write_bytes(pickle.dumps({"customer": name})),
    "model.joblib": lambda path, name: joblib.dump({"customer": name}, path, compress=3),
}


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", ["anna-17", "17850", "Zoë 客"])
def test_an_id_is_found_in_every_kind_of_file(tmp_path: Path, kind: str, name: str) -> None:
    """Compressed and encoded as each kind has it; another id is not found in the same file."""
    path = tmp_path / kind
    PLANTED[kind](path, name)
    assert names_customer(path, IdPattern([name, "nobody"]))
    assert not names_customer(path, IdPattern(["nobody", "17851"]))


@pytest.mark.parametrize("kind", ["scores.parquet", "customers.arrow", "crm.csv", "quarantine.csv", "ids.json"])
def test_a_short_number_is_found_in_a_cell(tmp_path: Path, kind: str) -> None:
    """An id of one digit is looked for in whole cells."""
    PLANTED[kind](tmp_path / kind, "7")
    assert names_customer(tmp_path / kind, IdPattern(["7"]))
    assert not names_customer(tmp_path / kind, IdPattern(["8"]))


def test_a_number_of_a_table_is_no_id(tmp_path: Path) -> None:
    """An amount that reads like an id, and the bytes of an array of numbers, name nobody."""
    pq.write_table(pa.table({"customer_id": ["b"], "amount": [17850.0], "n": [17850]}), tmp_path / "scores.parquet")
    (tmp_path / "scores.csv").write_text("customer_id,amount\nb,17850\n")
    np.save(tmp_path / "x.npy", np.frombuffer(b"anna-17 ", np.int64))
    for path in files_in([tmp_path]):
        assert not names_customer(path, IdPattern(["17850", "anna-17"]))


def test_a_name_and_a_damaged_file_are_searched(tmp_path: Path) -> None:
    """A file may be named after a customer; what cannot be opened is searched as bytes."""
    (tmp_path / "anna-17.txt").touch()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 for anna-17 ...")
    (tmp_path / "broken.json").write_text("{'anna-17'")
    assert all(names_customer(path, IdPattern(["anna-17"])) for path in files_in([tmp_path]))
    assert len([*files_in([tmp_path, tmp_path / "broken.json"])]) == 3


def _stream(path: Path, table: pa.Table) -> None:
    with ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


def test_ids_are_found_as_whole_numbers_too(tmp_path: Path) -> None:
    """In columns and fields named customer_id, of any type; elsewhere a number is no id."""
    pattern = IdPattern(["123", "2000"])
    for kind in (pa.int64(), pa.int32(), pa.float64()):
        for name, value, named in (("customer_id", 2000, True), ("customer_id", 2001, False), ("events", 2000, False)):
            table = pa.table({name: pa.array([1, value], kind)})
            pq.write_table(table, tmp_path / "n.parquet")
            _stream(tmp_path / "n.stream", table)
            for file in ("n.parquet", "n.stream"):
                assert names_customer(tmp_path / file, pattern) is named
    _stream(tmp_path / "n.stream", pa.table({"c": pa.array(["1", "2000"], pa.string_view())}))
    assert names_customer(tmp_path / "n.stream", pattern)
    for content, named in (('{"customer_id": 123}', True), ('{"events": 2000}', False), ('{"at": "of 2000."}', True)):
        (tmp_path / "n.json").write_text(content)
        assert names_customer(tmp_path / "n.json", pattern) is named
    with sqlite3.connect(tmp_path / "n.db") as database:
        database.execute("create table t (customer_id integer, n integer)")
        database.execute("insert into t values (1, 123)")
        database.commit()
        assert not names_customer(tmp_path / "n.db", pattern)
        database.execute("insert into t values (123, 1)")
        database.commit()
        assert names_customer(tmp_path / "n.db", pattern)
    database.close()


@pytest.mark.parametrize("packed", [bz2, lzma, gzip])
def test_compressed_files_are_unpacked(tmp_path: Path, packed: Any) -> None:
    """Also those that no verb writes: somebody may have packed them."""
    (tmp_path / "log.csv.x").write_bytes(packed.compress(b"customer_id\n17850\n"))
    assert names_customer(tmp_path / "log.csv.x", IdPattern(["17850"]))
    assert not names_customer(tmp_path / "log.csv.x", IdPattern(["17851"]))


def test_a_short_id_is_found_in_a_workbook(tmp_path: Path) -> None:
    """As the text of a whole cell, escaped or not."""
    book = openpyxl.Workbook()
    book.active.append(["customer_id", "score"])
    book.active.append(["12", 123])
    book.save(tmp_path / "s.xlsx")
    assert names_customer(tmp_path / "s.xlsx", IdPattern(["12"]))
    assert not names_customer(tmp_path / "s.xlsx", IdPattern(["13"]))
