"""Reads JSON lines, and an array of objects, as rows of text; numbers stay as they are written.

Objects within an object become columns with a dot in their names (`customer.id`), and lists stay JSON. Of JSON lines
a line that is no object is reported as it is in the file, and reading goes on with the next one.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa

from features.errors import UnreadableSourceError
from features.ingestion.csv_reader import LINE_LIMIT, CsvRows, UnreadableRow
from features.ingestion.packed_files import Openable
from features.ingestion.text_encoding import detect_encoding, is_utf8, utf8_blocks

BATCH_ROWS = 50_000
COLUMN_LIMIT = 2_000
BETWEEN = re.compile(r"[ \t\r\n,]*")

Record = dict[str, str | None]


class JsonFormat(NamedTuple):
    """How a file is written: its encoding, whether it is one array, the columns of all its objects."""

    encoding: str
    is_array: bool
    header: tuple[str, ...]


class _Item(NamedTuple):
    """An object of the file: the line it starts on, its columns, or its text and why it cannot be read."""

    line: int
    record: Record | None
    text: str = ""
    reason: str = ""


def sniff_json_format(file: Openable, encoding: str | None = None) -> JsonFormat:
    """Return how a file is written, which takes a pass over the whole of it.

    Raises UnreadableSourceError for a file without an object, a damaged array, or with another encoding than named.
    """
    encoding = encoding or detect_encoding(file)
    start = next(utf8_blocks(file, encoding), b"").lstrip()
    is_array = start.startswith(b"[")
    header: dict[str, None] = {}
    for item in _items(file, JsonFormat(encoding, is_array, ())):
        header.update(dict.fromkeys(item.record or ()))
        if len(header) > COLUMN_LIMIT:
            raise UnreadableSourceError(f"has more than {COLUMN_LIMIT:,} different keys: expected the columns of a log")
    if not header:
        what = "an empty JSON array" if is_array else "JSON without an object on a line of its own"
        raise UnreadableSourceError(
            f"is {what}: expected one object a line, or an array of objects (`jq -c` writes the first)"
        )
    return JsonFormat(encoding, is_array, tuple(header))


def read_json_rows(file: Openable, json_format: JsonFormat) -> Iterator[CsvRows]:
    """Yield the objects in order, as rows of text.

    Raises UnreadableSourceError when an array is damaged or the encoding does not fit.
    """
    row = 1
    items = _items(file, json_format)
    while batch := list(islice(items, BATCH_ROWS)):
        rows = [(row + place, item) for place, item in enumerate(batch)]
        good = [(number, item.line, item.record) for number, item in rows if item.record is not None]
        records = [record for _, _, record in good]
        columns = [pa.array([record.get(name) for record in records], pa.string()) for name in json_format.header]
        yield CsvRows(
            pa.RecordBatch.from_arrays(columns, list(json_format.header)),
            np.array([number for number, _, _ in good], np.int64),
            np.array([line for _, line, _ in good], np.int64),
            [UnreadableRow(n, item.line, item.text, item.reason) for n, item in rows if item.record is None],
        )
        row += len(batch)


def _items(file: Openable, json_format: JsonFormat) -> Iterator[_Item]:
    blocks = utf8_blocks(file, json_format.encoding)
    return _array_items(blocks) if json_format.is_array else _line_items(blocks, json_format.encoding)


def _line_items(blocks: Iterable[bytes], encoding: str) -> Iterator[_Item]:
    rest, line = b"", 0
    for block in chain(blocks, [b"\n"]):
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > LINE_LIMIT:
            raise UnreadableSourceError(f"has a line of more than {LINE_LIMIT >> 20} MB (line {line + 1})")
        for data in lines:
            line += 1
            if not data.strip():
                continue
            if not is_utf8(data):
                text = data.decode("utf-8", "backslashreplace")
                yield _Item(line, None, text, f"holds bytes that are not {encoding}")
                continue
            text = data.decode().removesuffix("\r")
            try:
                yield _as_item(line, DECODER.decode(text), text)
            except (ValueError, RecursionError) as error:
                reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep"
                yield _Item(line, None, text, f"is not JSON ({reason})")


def _array_items(blocks: Iterable[bytes]) -> Iterator[_Item]:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text, line, begun, ended = "", 1, False, False
    for block in blocks:
        text += decoder.decode(block)
        at = 0
        while not ended and (token := cast(re.Match[str], BETWEEN.match(text, at)).end()) < len(text):
            if not begun or text[token] == "]":
                ended, begun, end = begun, True, token + 1
            else:
                try:
                    value, end = DECODER.raw_decode(text, token)
                except (ValueError, RecursionError):
                    break  # its end may be in the next block
                yield _as_item(line + text.count("\n", at, token), value, text[token:end])
            line += text.count("\n", at, end)
            at = end
        text = text[at:]
        if len(text) > LINE_LIMIT:
            break
    if not ended or text.strip():
        raise UnreadableSourceError(f"is a JSON array that is damaged or cut off after line {line}: export it again")


class _RepeatedKey(str):
    """Stands for an object that has a key, named by the text, more than once."""


def _as_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _RepeatedKey:
    """Return the keys and values of an object, those of objects within it under names with a dot."""
    values: dict[str, Any] = {}
    for key, value in pairs:
        if isinstance(value, _RepeatedKey):
            return value
        flat = {f"{key}.{name}": inner for name, inner in value.items()} if isinstance(value, dict) else {key: value}
        if repeated := values.keys() & flat.keys():
            return _RepeatedKey(min(repeated))
        values |= flat
    return values


DECODER = json.JSONDecoder(object_pairs_hook=_as_dict, parse_int=str, parse_float=str, parse_constant=str)


def _as_item(line: int, value: Any, text: str) -> _Item:
    if isinstance(value, _RepeatedKey):
        return _Item(line, None, text, f"has the key {value} more than once")
    if not isinstance(value, dict):
        return _Item(line, None, text, "is no JSON object")
    return _Item(line, {name: _as_text(inner) for name, inner in value.items()})


def _as_text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        # Half of a surrogate pair, which JSON can write, is no text.
        return value.encode("utf-8", "backslashreplace").decode()
    return json.dumps(value, ensure_ascii=False)
