"""Databases that are really there, each test with a table of its own."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.score_tables.table_address import TableAddress, read_table_address
from tests.postgresql import postgresql_server

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server of the tests' own."""
    with postgresql_server() as url:
        yield url


@pytest.fixture
def in_postgresql(server: str) -> TableAddress:
    """A table that is not there yet."""
    return read_table_address(f"{server}?table=scores_{next(NUMBERS)}")


@pytest.fixture
def in_sqlite(tmp_path: Path) -> TableAddress:
    """A table in a file that is not there yet."""
    return read_table_address(f"sqlite:///{tmp_path}/of%20scores.db?table=scores")


@pytest.fixture(params=[pytest.param("postgresql", marks=pytest.mark.needs_postgresql), "sqlite"])
def address(request: pytest.FixtureRequest) -> TableAddress:
    """A table of either database."""
    found: TableAddress = request.getfixturevalue(f"in_{request.param}")
    return found
