"""Looks up the latest scores of single customers in a table, over a few connections that are kept open."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from features.errors import BatchScoresError, ScoresUnreachableError
from serving.api.turns import outside_turn
from serving.batch_lookup import BatchLookup
from serving.score_tables import postgresql, sqlite
from serving.score_tables.layout import FactsAndRows
from serving.score_tables.table_address import TableAddress

if TYPE_CHECKING:
    import psycopg

CONNECTIONS = 4
"""Connections of a worker at most."""
WAIT_SECONDS = 1.0
"""How long a look-up waits for a connection that others use."""
STATEMENT_SECONDS = 5.0
REST_SECONDS = 1.0
"""After a failed connection none is tried for so long: look-ups fail at once instead of waiting one after the other."""
CHECK_SECONDS = 10.0
"""A table that was not asked for so long is tried, for readiness."""
UNREACHABLE = "the database of the batch scores does not answer: the log says why"


class TableLookup:
    """The scores of a table; called with ids, from any thread.

    Parameters
    ----------
    address : TableAddress
    on_change : callable, optional
        Receives a reason in one line when the database no longer answers, None when it does again.

    Attributes
    ----------
    trouble : str or None
        What readiness says while the database does not answer.
    """

    def __init__(self, address: TableAddress, on_change: Callable[[str | None], None] = lambda reason: None) -> None:
        self._address, self._on_change = address, on_change
        self._idle: deque[psycopg.Connection] = deque()
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        self._failed: tuple[float, str] | None = None
        self._asked = 0.0
        self.trouble: str | None = None

    @outside_turn()
    def __call__(self, customer_ids: Sequence[str]) -> BatchLookup:
        """Return the scores of customers by the run written last at the latest cutoff; see `lookup_batch_scores`.

        Raises
        ------
        BatchScoresError
            When there are none, or they cannot be read.
        ScoresUnreachableError
            When the database does not answer, now or in time.
        """
        self._asked, ids = time.monotonic(), list(dict.fromkeys(customer_ids))
        try:
            facts, rows = self._read(ids)
        except ScoresUnreachableError as error:
            self._note(str(error))
            raise
        except BatchScoresError:
            self._note(None)
            raise
        self._note(None)
        return BatchLookup.of_rows(rows, ids, facts)

    def check(self) -> None:
        """Try whether the database answers, if nobody has asked it for a while."""
        if time.monotonic() - self._asked > CHECK_SECONDS:
            try:
                self([])
            except BatchScoresError:  # noted
                return

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _note(self, reason: str | None) -> None:
        was, self.trouble = self.trouble, UNREACHABLE if reason else None
        if was != self.trouble:
            self._on_change(reason)

    def _read(self, ids: list[str]) -> FactsAndRows:
        if self._address.is_sqlite:
            return sqlite.read_scores(self._address, ids, STATEMENT_SECONDS)
        with self._place():
            while self._idle:
                connection = self._idle.pop()
                try:
                    return self._read_over(connection, ids)
                except ScoresUnreachableError:
                    if not connection.closed:  # it was too slow, not gone
                        raise
            return self._read_over(self._connected(), ids)

    def _read_over(self, connection: "psycopg.Connection", ids: list[str]) -> FactsAndRows:
        try:
            return postgresql.read_scores(connection, self._address, ids)
        finally:
            if not connection.closed:
                self._idle.append(connection)

    def _connected(self) -> "psycopg.Connection":
        if self._failed and time.monotonic() - self._failed[0] < REST_SECONDS:
            raise ScoresUnreachableError(self._failed[1])
        try:
            connection = postgresql.connect_reader(self._address, STATEMENT_SECONDS)
        except ScoresUnreachableError as error:
            self._failed = time.monotonic(), str(error)
            raise
        self._failed = None
        return connection

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise ScoresUnreachableError(f"{self._address}: all {CONNECTIONS} connections are in use: try again")
        try:
            yield
        finally:
            self._places.release()
