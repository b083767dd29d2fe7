"""The address of a table of scores: that of its database, with the table as a parameter."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from features.database_passwords import without_password
from features.errors import BatchScoresError

SCHEMES = ("postgresql", "postgres", "sqlite")
NAME = re.compile(r"(?:([a-z_][a-z0-9_]{0,62})\.)?([a-z_][a-z0-9_]{0,57})")
"""A table, with its schema or without; room is left for `_runs` among the 63 bytes that PostgreSQL keeps of a name."""
EXPECTED = "postgresql://user@host/database?table=scores or sqlite:///file.db?table=scores"


@dataclass(frozen=True)
class TableAddress:
    """Where a table of scores is.

    Attributes
    ----------
    url : str
        The database, as `regulars ingest` takes it.
    schema : str or None
        The schema, of PostgreSQL alone; None is the first one of its search path.
    table : str
    """

    url: str
    schema: str | None
    table: str

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of SQLite."""
        return self.url.startswith("sqlite:")

    @property
    def file(self) -> Path:
        """The file of SQLite."""
        return Path(unquote(self.url.removeprefix("sqlite:///")))

    @property
    def quoted(self) -> str:
        """The table as SQL names it."""
        return self._quoted(self.table)

    @property
    def quoted_runs(self) -> str:
        """The table of the runs that wrote it, as SQL names it."""
        return self._quoted(f"{self.table}_runs")

    def _quoted(self, table: str) -> str:
        return f'"{self.schema}"."{table}"' if self.schema else f'"{table}"'

    def __str__(self) -> str:
        """Return the address without a password."""
        name = f"{self.schema}.{self.table}" if self.schema else self.table
        return f"{without_password(self.url)}{'&' if '?' in self.url else '?'}table={name}"


def is_table_address(place: object) -> bool:
    """Return whether a place is the address of a table, and no path.

    Examples
    --------
    >>> is_table_address("sqlite:///shop.db?table=scores"), is_table_address("var/scores.parquet")
    (True, False)
    """
    return "://" in str(place)


def read_table_address(text: str) -> TableAddress:
    """Return the parts of an address.

    Parameters
    ----------
    text : str
        `postgresql://user@host:port/database?table=schema.name`, with libpq's own parameters beside `table`, such as
        `sslmode=verify-full`; or `sqlite:///relative.db?table=name`, `sqlite:////absolute.db?table=name`.

    Raises
    ------
    BatchScoresError
        For another scheme, and for a table that is missing or has a name that is not taken.

    Examples
    --------
    >>> read_table_address("postgresql://ann:secret@db/shop?table=crm.scores&sslmode=verify-full")
    TableAddress(url='postgresql://ann:secret@db/shop?sslmode=verify-full', schema='crm', table='scores')
    >>> print(read_table_address("postgresql://ann:secret@db/shop?table=scores"))
    postgresql://ann:***@db/shop?table=scores
    """
    scheme = text.partition("://")[0]
    shown = without_password(text)
    base, _, query = text.rpartition("?") if "?" in text else (text, "", "")
    if scheme not in SCHEMES or (scheme == "sqlite" and not base.startswith("sqlite:///")):
        raise BatchScoresError(f"{shown} is no table of scores: write it like {EXPECTED}")
    parameters = query.split("&") if query else []
    names = [unquote(each.removeprefix("table=")) for each in parameters if each.startswith("table=")]
    others = "&".join(each for each in parameters if not each.startswith("table="))
    if len(names) != 1:
        raise BatchScoresError(f"{shown} names {'no table' if not names else 'two tables'}: write it like {EXPECTED}")
    match = NAME.fullmatch(names[0])
    if not match or (scheme == "sqlite" and (match[1] or others)):
        expected = "a name" if scheme == "sqlite" else "a name, or a schema, a dot and a name,"
        raise BatchScoresError(
            f"{shown} names the table {names[0]!r}: expected {expected} of lower-case letters, digits and _"
            f"{', and no other parameter' if scheme == 'sqlite' else ''}"
        )
    return TableAddress(f"{base}?{others}" if others else base, match[1], match[2])
