"""Looking up the last batch scores: every id is found or named, and what is no file of scores is one line."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import BatchScoresError
from features.table_files import table_writer
from serving.batch_lookup import lookup_batch_scores


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
