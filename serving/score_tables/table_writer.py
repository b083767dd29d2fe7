"""Writes scores to a table: each cutoff's rows in place of those before, all in one transaction."""

from collections.abc import Iterable
from pathlib import Path

from serving.score_tables import postgresql, sqlite
from serving.score_tables.layout import ScoreRun
from serving.score_tables.table_address import TableAddress


def check_score_table(address: TableAddress) -> bool:
    """Refuse a table that cannot take scores, before any work begins; return whether it is there.

    Raises
    ------
    BatchScoresError
        When the table is not one of scores, or its file cannot be opened.
    ScoresUnreachableError
        When the database does not answer.
    """
    check = sqlite.check_table if address.is_sqlite else postgresql.check_table
    return check(address)


def write_score_table(address: TableAddress, runs: Iterable[Iterable[Path]]) -> None:
    """Put scores into a table, in place of those with the same cutoff and horizon; other rows stay as they are.

    A run that is killed or fails at any moment leaves the rows that were there. Readers see these until the new ones
    are all there. Two runs at once wait for each other.

    Parameters
    ----------
    address : TableAddress
        The table is made if it is missing, and gets the columns that it lacks.
    runs : iterable of iterables of Path
        For each cutoff, the Parquet files of `serving.batch.write_scores` or `serving.batch_parts.write_score_parts`.

    Raises
    ------
    BatchScoresError
        When the table is not one of scores, or cannot be written.
    ScoresUnreachableError
        When the database does not answer.
    """
    write = sqlite.write_runs if address.is_sqlite else postgresql.write_runs
    write(address, [ScoreRun.of_files(files) for files in runs])
