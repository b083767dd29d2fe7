"""Removes the scores of old cutoffs from a table."""

from datetime import datetime

from serving.score_tables import postgresql, sqlite
from serving.score_tables.table_address import TableAddress


def prune_table(address: TableAddress, earliest: datetime, *, check: bool = False) -> int:
    """Take the rows of cutoffs before a moment out of a table, in one transaction; return how many these are.

    Parameters
    ----------
    address : TableAddress
    earliest : datetime.datetime
        In UTC.
    check : bool
        Whether to count the rows only.

    Raises
    ------
    BatchScoresError
        When there is no such table, or it cannot be changed.
    ScoresUnreachableError
        When the database does not answer.
    """
    prune = sqlite.prune_rows if address.is_sqlite else postgresql.prune_rows
    return prune(address, earliest, check=check)
