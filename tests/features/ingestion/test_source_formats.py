"""Each format is opened as it is: encodings, decimal commas, Parquet, damaged files."""

from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import AmbiguousSourceError, SourceError
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_formats import Source, stray_values
from features.ingestion.sources import open_sources
from tests.features.reading import HEADER, csv_file, parquet_file, read

GOOD = "A,2024-01-01,usage,,,,,,"


def opened(*sources: Path | str, **options: object) -> list[Source]:
    return open_sources(sources, ReadOptions(**options), Path("unused"))  # type: ignore[arg-type]


def said(*sources: Path | str, **options: object) -> str:
    """Return the one line with which sources are refused."""
    with pytest.raises(SourceError) as refusal:
        opened(*sources, **options)
    message = str(refusal.value)
    assert "\n" not in message
    assert ": " in message or ";" in message
    return message


def test_a_parquet_file_broken_in_the_middle_is_one_line_and_no_store(tmp_path: Path) -> None:
    """What was readable at first is told when it no longer is, and nothing is written."""
    many = 20_000
    columns = {
        "customer_id": [f"c{i}" for i in range(many)],
        "event_time": ["2024-01-01"] * many,
        "event_type": ["usage"] * many,
    }
    path = parquet_file(tmp_path, columns)
    data = bytearray(path.read_bytes())
    data[4:20_000] = b"\xff" * (20_000 - 4)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="cannot be read to its end") as refusal:
        read(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-be", "utf-32"])
def test_encodings_are_found(encoding: str, tmp_path: Path) -> None:
    """And reported."""
    path = csv_file(tmp_path, "Müller,2024-01-01,usage,,,,,,", "José,2024-01-01,usage,,,,,,", encoding=encoding)
    result = read(path)
    assert {event["customer_id"] for event in result.events} == {"Müller", "José"}
    assert result.report.assumed[str(path)]["encoding"]


def test_bytes_that_are_not_in_the_given_encoding_go_to_quarantine(tmp_path: Path) -> None:
    """With the line as it stands, its bytes written out."""
    path = tmp_path / "log.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\n".encode() + b"M\xfcller,2024-01-01,usage,,,,,,\n")
    result = read(path, encoding="utf-8")
    assert result.report.kept == 1
    (row,) = result.quarantine
    assert (row["row_number"], row["value"]) == ("2", "M\\xfcller,2024-01-01,usage,,,,,,")
    assert row["reason"] == "holds bytes that are not utf-8 (line 3)"


@pytest.mark.parametrize(
    ("amounts", "decimal"),
    [
        (["1,5", "2"], ","),
        (["1,500", "2,5"], ","),
        (["1.5", "2"], "."),
        (["1", "2"], "."),
        (["", " 1,5 "], ","),
    ],
)
def test_a_decimal_comma_is_found_where_it_is_certain(amounts: list[str], decimal: str, tmp_path: Path) -> None:
    """In a file with semicolons, or with quotes."""
    path = csv_file(
        tmp_path, *(f"A;2024-01-01;purchase;{a}" for a in amounts), header="customer_id;event_time;event_type;amount"
    )
    (source,) = opened(path)
    assert (source.profile.amounts.decimal or ".") == source.assumed["decimal"] == decimal
    quoted = csv_file(tmp_path, *(f'A,2024-01-01,purchase,"{a}"' for a in amounts), header=HEADER[:40])
    assert HEADER[:40].endswith("amount")
    assert opened(quoted)[0].assumed["decimal"] == decimal


@pytest.mark.parametrize("amounts", [["1,500", "2,500"], ["1,5", "2.5"]])
def test_a_mark_with_two_meanings_is_a_question(amounts: list[str], tmp_path: Path) -> None:
    """Of decimals or of thousands: the source is refused, with the option that settles it."""
    path = csv_file(
        tmp_path, *(f"A;2024-01-01;purchase;{a}" for a in amounts), header="customer_id;event_time;event_type;amount"
    )
    with pytest.raises(AmbiguousSourceError, match="--decimal"):
        opened(path)


def test_a_given_layout_is_taken(tmp_path: Path) -> None:
    """Where sniffing would say otherwise."""
    path = csv_file(tmp_path, "A;2024-01-01;purchase;1,5", header="customer_id;event_time;event_type;amount")
    assert read(path, delimiter=";", decimal=",", encoding="cp1252").events[0]["cents"] == 150
    assert read(path, decimal=".").report.quarantined == 1


def test_a_value_below_no_name_is_noted() -> None:
    """Where a few rows have one: "1,200" without quotes is an amount of 1. A column that most rows fill is one."""
    rows = pa.record_batch({"amount": ["1", "2", "3"], "column_2": [None, "200", None], "column_3": ["a", "b", None]})
    assert stray_values(rows.schema.names, rows) == {
        "column_2": "without a name, a value in 1 of 3 rows: is a delimiter within a field?"
    }
