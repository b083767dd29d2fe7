"""What a run says of itself, and the statements that make its tables."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import BatchScoresError
from serving.score_tables.layout import ScoreRun, column_statements, create_statements, read_content
from serving.score_tables.table_address import read_table_address
from tests.serving.score_tables.scored import score_file

ADDRESS = read_table_address("sqlite:///x.db?table=x")


def test_a_run_is_known_by_cutoff_and_horizon(tmp_path: Path) -> None:
    """One moment however it is written; without a model the horizon is 0; the metadata comes back as it was."""
    files = [
        score_file(tmp_path / f"{at}.parquet", ["a"], as_of=as_of, horizon_days=90)
        for at, as_of in enumerate(("2024-05-01", "2024-05-01T00:00", "2024-04-30T23:00:00+00:00"))
    ]
    runs = [ScoreRun.of_files([file]) for file in files]
    assert {run.cutoff for run in runs} == {datetime(2024, 4, 30, 23, tzinfo=UTC)}
    assert {run.horizon_days for run in runs} == {90}
    assert ScoreRun.of_files([score_file(tmp_path / "rule.parquet", ["a"])]).horizon_days == 0
    facts, columns = read_content(ADDRESS, runs[0].content)
    assert (facts["as_of"], facts["horizon_days"]) == ("2024-05-01", 90)
    assert columns == ["customer_id", "loyalty_score", "coverage", "band"]


def test_only_columns_that_are_missing_are_added() -> None:
    """Each by its type, its name quoted."""
    schema = pa.schema(
        [("customer_id", pa.string()), ('a"b', pa.float64()), ("n", pa.int8()), ("t", pa.large_string())]
    )
    assert column_statements(ADDRESS, schema, ["customer_id", "t"]) == [
        'ALTER TABLE "x" ADD COLUMN "a""b" REAL',
        'ALTER TABLE "x" ADD COLUMN "n" INTEGER',
    ]
    assert all("IF NOT EXISTS" in statement for statement in create_statements(ADDRESS))


@pytest.mark.parametrize("content", ["", "content", "[]", "{}", '{"facts": 1, "columns": ["a"]}'])
def test_a_run_that_something_else_wrote_is_a_line(content: str) -> None:
    """It says where it is."""
    with pytest.raises(BatchScoresError, match=r"shop.db\?table=scores has a run that `regulars score` did not write"):
        read_content(read_table_address("sqlite:///shop.db?table=scores"), content)
