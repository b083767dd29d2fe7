"""Paths, folders and globs stand for files; what stands for none is one line with a suggestion."""

import os
import zipfile
from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_files import find_files
from features.ingestion.source_formats import Source
from features.ingestion.sources import open_sources
from features.schema import EVENT_TYPES
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
    hidden = (".c.parquet", "_d.parquet", "_temporary/0/g.parquet", "deep/.staging/h.parquet")
    for name in ("b.parquet", "a.parquet", "deep/e.parquet", "f.csv", *hidden):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [file.path.relative_to(tmp_path).as_posix() for file in find_files(str(tmp_path))]
    assert names == ["a.parquet", "b.parquet", "deep/e.parquet"]


def test_a_name_with_the_signs_of_a_glob_is_a_file(tmp_path: Path) -> None:
    """If there is one of that name."""
    path = tmp_path / "log[1].csv"
    path.touch()
    assert [file.path for file in find_files(str(path))] == [path]
    assert [file.path for file in find_files(str(tmp_path / "log*.csv"))] == [path]


def test_folders_name_columns_and_values(tmp_path: Path) -> None:
    """As Hive and Spark write them: encoded, and with a word for null; a file's own column goes first."""
    folder = tmp_path / "event_type=purchase" / "channel=a%20b" / "goal=__HIVE_DEFAULT_PARTITION__" / "shop=007"
    folder.mkdir(parents=True)
    parquet_file(folder, {"customer_id": ["A", "B"], "event_time": ["2024-01-01", None], "channel": ["x", "y"]})
    (file,) = find_files(str(tmp_path))
    assert file.partition == {"event_type": "purchase", "channel": "a b", "goal": None, "shop": "007"}
    result = read(tmp_path, map={"reference": "shop"})
    assert [event["kind"] for event in result.events] == [EVENT_TYPES.index("purchase")]
    (row,) = result.quarantine
    assert {name: row[name] for name in ("event_type", "channel", "goal", "shop")} == {
        **{"event_type": "purchase", "channel": "y", "goal": "", "shop": "007"}
    }
    csv_file(folder, "A,2024-01-01", header="customer_id,event_time")
    assert read(f"{tmp_path}/*/*/*/*/*.csv").report.kinds["purchase"] == 1
    assert "event_type=purchase/log.parquet has no column" not in said(tmp_path, constants={"event_type": "usage"})


def test_a_wrong_value_in_a_path_is_what_every_row_of_the_file_has(tmp_path: Path) -> None:
    """So its rows are in quarantine, with the reason."""
    (tmp_path / "event_type=buy" / "amount=x").mkdir(parents=True)
    parquet_file(tmp_path / "event_type=buy" / "amount=x", {"customer_id": ["A"], "event_time": ["2024-01-01"]})
    result = read(tmp_path)
    assert "event_type" in result.reasons()[1]
    assert "amount is no number" in result.reasons()[1]


def test_a_part_of_a_zip_archive_is_a_file(tmp_path: Path) -> None:
    """By its name or a pattern; what operating systems add is none."""
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("orders/1.csv", "orders/2.csv", "__MACOSX/orders/._1.csv"):
            archive.writestr(name, f"{HEADER}\n{name},2024-01-01,usage,,,,,,\n")
    assert read(f"{tmp_path}/export.zip/orders/2.csv").events[0]["customer_id"] == "orders/2.csv"
    result = read(f"{tmp_path}/export.zip/orders/*")
    assert [event["customer_id"] for event in result.events] == ["orders/1.csv", "orders/2.csv"]
    assert result.report.sources == [f"{tmp_path}/export.zip/orders/{number}.csv" for number in (1, 2)]


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("metadata/v1.metadata.json", "is a table of Iceberg, which is not read: export its current rows"),
        (".hoodie/hoodie.properties", "is a table of Hudi, which is not read: export its current rows"),
    ],
)
def test_tables_of_other_formats_are_refused(mark: str, message: str, tmp_path: Path) -> None:
    """Because their folders hold removed rows as well; naming their files is no way around it."""
    (tmp_path / mark).parent.mkdir()
    (tmp_path / mark).touch()
    (tmp_path / "data").mkdir()
    parquet_file(tmp_path / "data", {"customer_id": ["A"], "event_time": ["2024-01-01"], "event_type": ["usage"]})
    assert message in said(tmp_path)
    for source in (tmp_path / "data", f"{tmp_path}/data/*.parquet", tmp_path / "data" / "log.parquet"):
        assert f"table {tmp_path}, which hold removed rows too: name that folder" in said(source)


def test_pipes_and_broken_links_are_refused(tmp_path: Path) -> None:
    """A source is read more than once, so that a pipe would lose its first rows in silence."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.csv").symlink_to("nowhere.csv")
    assert "is a pipe or device, which can be read once only: write it to a file first" in said(tmp_path / "pipe")
    assert "is a link to nowhere.csv, which is not there: check the link" in said(tmp_path / "link.csv")
