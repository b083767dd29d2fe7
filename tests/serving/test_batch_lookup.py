"""Looking up the last batch scores: every id is found or named, and what is no file of scores is one line."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import BatchScoresError
from features.loyalty.formula import load_formula
from features.partitions.folder import CONTENT_FILE, date_folder
from features.table_files import table_writer
from serving import batch_lookup
from serving.batch_lookup import lookup_batch_scores
from serving.batch_parts import write_score_parts
from tests.training.logs import simulated, stored


@given(st.lists(st.text(max_size=3), max_size=5))
@settings(max_examples=30)
def test_every_id_asked_for_is_found_or_named(ids: list[str]) -> None:
    """Found and unknown together are the ids asked for, whatever they are and however the file is cut."""
    people = sorted({*ids[::2], "a", "é", "客"})
    table = pa.table({"customer_id": people, "loyalty_score": [1.0] * len(people)})
    with TemporaryDirectory() as folder:
        table = table.replace_schema_metadata({"regulars": "{}"})
        for name in ("scores.parquet", "scores.arrow"):
            with table_writer(Path(folder) / name, table.schema, 2) as writer:
                writer.write_table(table.slice(0, 2))
                writer.write_table(table.slice(2))
            found = lookup_batch_scores(Path(folder) / name, ids)
            assert {row["customer_id"] for row in found.rows} == set(ids) & set(people)
            assert set(found.unknown) == set(ids) - set(people)


@pytest.mark.parametrize("name", ["scores.parquet", "scores.arrow"])
@pytest.mark.parametrize("content", [None, b"", b"PAR1 and no more"])
def test_scores_that_cannot_be_read_are_one_line(tmp_path: Path, name: str, content: bytes | None) -> None:
    """No file, an empty one, a broken one: the error says what to do or what is wrong, in a line."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BatchScoresError, match="batch scores") as caught:
        lookup_batch_scores(path, ["a"])
    assert "\n" not in str(caught.value)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    """A Parquet file that `regulars score` did not write is no file of scores."""
    pq.write_table(pa.table({"customer_id": ["a"]}), tmp_path / "features.parquet")
    with pytest.raises(BatchScoresError, match="holds no batch scores: write them with `regulars score`"):
        lookup_batch_scores(tmp_path / "features.parquet", ["a"])


@pytest.mark.parametrize("name", ["scores.csv", "scores.XLSX"])
def test_a_format_without_metadata_is_refused(tmp_path: Path, name: str) -> None:
    """It cannot say as of when and by which versions the scores are."""
    (tmp_path / name).write_text("customer_id,loyalty_score")
    with pytest.raises(BatchScoresError, match=r"write them to a \.parquet or \.arrow file"):
        lookup_batch_scores(tmp_path / name, ["a"])


# Folders of parts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scores of a small base in five buckets at two cutoffs, the later one not the last by name."""
    folder = tmp_path_factory.mktemp("folder")
    store = stored(simulated(60), folder, buckets=5)
    write_score_parts(store, ["2024-05-01T00:00:00+00:00", "2024-05-01T00:00:00-05:00"], load_formula(), folder / "out")
    return folder / "out"


def test_a_folder_answers_with_the_latest_cutoff(folder: Path) -> None:
    """Every customer of that cutoff is found, whatever the bucket; the others are named."""
    latest = "2024-05-01T00:00:00-05:00"
    expected = pq.read_table(date_folder(folder, latest), partitioning=None).to_pylist()
    ids = [row["customer_id"] for row in expected]
    assert len(ids) > 20
    found = lookup_batch_scores(folder, ["nobody", *ids, "nobody"])
    assert sorted(found.rows, key=lambda row: row["customer_id"]) == sorted(
        expected, key=lambda row: row["customer_id"]
    )
    assert found.unknown == ["nobody"]
    assert found.facts["as_of"] == latest
    assert lookup_batch_scores(folder, []).facts["as_of"] == latest


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """One that Regulars did not write, and one of features."""
    (tmp_path / "mine").mkdir()
    with pytest.raises(BatchScoresError, match="mine holds no batch scores: write them with `regulars score`"):
        lookup_batch_scores(tmp_path / "mine", ["a"])
    (tmp_path / "mine" / CONTENT_FILE).write_text('{"verb": "features"}')
    with pytest.raises(BatchScoresError, match="mine holds no batch scores"):
        lookup_batch_scores(tmp_path / "mine", ["a"])
    (tmp_path / "mine" / CONTENT_FILE).write_text("[")
    with pytest.raises(BatchScoresError, match="cannot be read as batch scores"):
        lookup_batch_scores(tmp_path / "mine", ["a"])


def test_a_folder_replaced_meanwhile_is_read_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are of the new run where another took the place of the one that was being read."""
    shutil.copytree(folder, tmp_path / "out")
    ids = [row["customer_id"] for row in pq.read_table(folder, partitioning=None).slice(0, 20).to_pylist()]
    read, reads = batch_lookup._rows_of_parts, []

    def replaced(path: Path, wanted: list[str]) -> pa.Table:
        reads.append(path)
        table = read(path, wanted)
        if len(reads) == 1:
            shutil.rmtree(path)
            shutil.copytree(folder, path)
            (path / CONTENT_FILE).write_text((folder / CONTENT_FILE).read_text())
        return table

    monkeypatch.setattr(batch_lookup, "_rows_of_parts", replaced)
    assert lookup_batch_scores(tmp_path / "out", ids).rows == lookup_batch_scores(folder, ids).rows
    assert len(reads) == 3
