"""Paths, folders and globs stand for files; what stands for none is one line with a suggestion."""

from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_files import find_files
from features.ingestion.source_formats import Source
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


def test_files_globs_and_folders_come_to_the_same(tmp_path: Path) -> None:
    """A folder is all its Parquet files, those of its folders too; hidden ones and markers are none."""
    for month in ("01", "02"):
        (tmp_path / month).mkdir()
        columns = {"customer_id": ["A"], "event_time": [f"2024-{month}-01"], "event_type": ["usage"]}
        parquet_file(tmp_path / month, columns, "part-0.parquet")
    (tmp_path / "01" / ".part.parquet").write_bytes(b"")
    (tmp_path / "_SUCCESS").write_bytes(b"")
    folder = read(tmp_path)
    assert len(folder.events) == 2
    assert read(f"{tmp_path}/*/*.parquet").events == folder.events
    assert read([tmp_path / "01" / "part-0.parquet", tmp_path / "02" / "part-0.parquet"]).events == folder.events
    assert read(f"{tmp_path}/**/part*.parquet").report.digest == folder.report.digest


def test_csv_files_come_by_glob(tmp_path: Path) -> None:
    """Each with a delimiter of its own."""
    csv_file(tmp_path, GOOD, name="a.csv")
    csv_file(tmp_path, GOOD.replace(",", ";"), header=HEADER.replace(",", ";"), name="b.csv")
    assert read(f"{tmp_path}/*.csv").report.rows_in == 2


def test_a_misspelt_file_gets_its_neighbour_named(tmp_path: Path) -> None:
    """So does a column."""
    path = csv_file(tmp_path, GOOD)
    assert said(tmp_path / "lok.csv").endswith(f"did you mean {path}?")
    assert "did you mean --map customer_id=customer?" in said(
        csv_file(tmp_path, GOOD, header="customer,event_time,event_type")
    )


def test_a_folder_stands_for_its_parquet_files(tmp_path: Path) -> None:
    """Also those below it, sorted; hidden ones and those that begin with an underscore are left out."""
    for name in ("b.parquet", "a.parquet", ".c.parquet", "_d.parquet", "deep/e.parquet", "f.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [file.relative_to(tmp_path).as_posix() for file in find_files(str(tmp_path))]
    assert names == ["a.parquet", "b.parquet", "deep/e.parquet"]


def test_a_name_with_the_signs_of_a_glob_is_a_file(tmp_path: Path) -> None:
    """If there is one of that name."""
    path = tmp_path / "log[1].csv"
    path.touch()
    assert find_files(str(path)) == [path]
    assert find_files(str(tmp_path / "log*.csv")) == [path]
