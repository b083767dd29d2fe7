"""JSON lines and arrays of objects are read as rows of text, as they are written; faulty lines are rows too."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UnreadableSourceError
from features.ingestion import json_reader, text_encoding
from features.ingestion.json_reader import JsonFormat, read_json_rows, sniff_json_format
from tests.features.reading import read

EVENT = {"customer_id": "A", "event_time": "2024-01-01", "event_type": "purchase"}


def json_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "log.json").write_bytes(text.encode(encoding))
    return folder / "log.json"


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [row for part in read_json_rows(path, sniff_json_format(path)) for row in part.table.to_pylist()]


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(
    objects=st.lists(st.dictionaries(st.sampled_from("abcde"), VALUES, min_size=1), min_size=1, max_size=8),
    is_array=st.booleans(),
    indent=st.sampled_from([None, 1]),
    block=st.integers(1, 40),
)
def test_every_value_comes_back_as_it_is_written(
    objects: list[dict[str, Any]],
    is_array: bool,
    indent: int | None,
    block: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Wherever the blocks of the file end; numbers keep their digits, blank and null are null."""
    path = tmp_path_factory.getbasetemp() / "hypothesis.json"
    lines = "".join(json.dumps(value) + "\n" for value in objects)
    path.write_text(json.dumps(objects, indent=indent) if is_array else lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_encoding, "BLOCK", block)
        rows = rows_of(path)
    expected = [
        {
            key: None if value in (None, "") else value if isinstance(value, str) else json.dumps(value)
            for key, value in row.items()
        }
        for row in objects
    ]
    assert [{key: value for key, value in row.items() if value is not None} for row in rows] == [
        {key: value for key, value in row.items() if value is not None} for row in expected
    ]


def test_json_lines_become_events(tmp_path: Path) -> None:
    """Long ids and amounts keep all digits; objects within become columns with a dot."""
    lines = [
        '{"customer": {"id": 12345678901234567890}, "at": "2024-01-01T10:00:00Z", "total": 0.1, "tags": ["a", 1]}',
        "",
        '{"customer": {"id": "B"}, "at": "2024-01-02", "total": 12.50, "late": "x"}',
    ]
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    names = {"customer_id": "customer.id", "event_time": "at", "amount": "total", "content": "tags"}
    result = read(path, map=names, constants={"event_type": "purchase"})
    assert [(event["customer_id"], event["cents"]) for event in result.events] == [
        ("12345678901234567890", 10),
        ("B", 1250),
    ]
    assert result.report.assumed[str(path)]["format"] == "JSON lines"
    assert result.report.ignored_columns == ["late"]


def test_faulty_lines_go_to_quarantine_as_they_are(tmp_path: Path) -> None:
    """With their line and what is wrong; the others are events."""
    faulty = ['{"customer_id": "A"', "[1]", '{"customer_id": 1, "customer_id": 2}', '{"a": {"b": 1, "b": 2}}', "Anna"]
    path = json_file(tmp_path, "\n".join([json.dumps(EVENT), *faulty, json.dumps(EVENT | {"customer_id": "B"})]))
    result = read(path)
    assert result.report.kept == 2
    assert [(row["row_number"], row["value"]) for row in result.quarantine] == list(zip("23456", faulty, strict=True))
    reasons = [row["reason"] for row in result.quarantine]
    assert reasons[0].startswith("is not JSON (Expecting")
    assert reasons[0].endswith("(line 2)")
    assert reasons[1:4] == [
        "is no JSON object (line 3)",
        "has the key customer_id more than once (line 4)",
        "has the key b more than once (line 5)",
    ]


def test_an_array_says_on_which_line_it_is_damaged(tmp_path: Path) -> None:
    """What is no object in it is a faulty row."""
    path = json_file(tmp_path, f"[\n{json.dumps(EVENT)},\n7,\n{json.dumps(EVENT)}\n]")
    result = read(path)
    assert result.report.kept == 2
    assert [(row["value"], row["reason"]) for row in result.quarantine] == [("7", "is no JSON object (line 3)")]
    for end in ('{"customer_id": ', "] x", '{"a": 1} ', "]]"):
        with pytest.raises(UnreadableSourceError, match="is a JSON array that is damaged or cut off after line 2"):
            sniff_json_format(json_file(tmp_path, f"[\n{json.dumps(EVENT)} {end}"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_encodings_are_found(encoding: str, tmp_path: Path) -> None:
    """As of CSV files."""
    path = json_file(tmp_path, json.dumps(EVENT | {"customer_id": "Müller"}, ensure_ascii=False) + "\n", encoding)
    assert read(path).events[0]["customer_id"] == "Müller"


def test_bytes_that_are_not_in_the_encoding_are_a_faulty_row(tmp_path: Path) -> None:
    """The line stands with its bytes written out."""
    path = tmp_path / "log.json"
    path.write_bytes(json.dumps(EVENT).encode() + b'\n{"customer_id": "M\xfcller"}\n')
    (row,) = read(path, encoding="utf-8").quarantine
    assert (row["value"], row["reason"]) == ('{"customer_id": "M\\xfcller"}', "holds bytes that are not utf-8 (line 2)")


def test_a_key_for_every_row_is_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object of thousands of keys, such as one customer each."""
    monkeypatch.setattr(json_reader, "COLUMN_LIMIT", 3)
    with pytest.raises(UnreadableSourceError, match="has more than 3 different keys: expected the columns of a log"):
        sniff_json_format(json_file(tmp_path, json.dumps({f"c{number}": 1 for number in range(4)})))


def test_the_format_has_the_keys_of_all_objects(tmp_path: Path) -> None:
    """In the order in which they come."""
    path = json_file(tmp_path, '{"b": 1}\n{"a": 1, "b": 2}\n')
    assert sniff_json_format(path) == JsonFormat("utf-8", False, ("b", "a"))
