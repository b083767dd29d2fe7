"""Erases customers from a table of scores."""

from collections.abc import Iterable

from serving.score_tables import postgresql, sqlite
from serving.score_tables.table_address import TableAddress


def erase_from_table(address: TableAddress, customer_ids: Iterable[str], *, check: bool = False) -> int:
    """Take the rows of customers out of a table, at all cutoffs; return how many these are.

    The database then frees their place: SQLite writes its file anew, PostgreSQL vacuums the table, as far as its user
    may. Its backups and write-ahead logs are beyond that.

    Parameters
    ----------
    address : TableAddress
    customer_ids : iterable of str
    check : bool
        Whether to count the rows only.

    Raises
    ------
    BatchScoresError
        When there is no such table, or it cannot be changed.
    ScoresUnreachableError
        When the database does not answer.
    """
    erase = sqlite.erase_rows if address.is_sqlite else postgresql.erase_rows
    return erase(address, list(customer_ids), check=check)
