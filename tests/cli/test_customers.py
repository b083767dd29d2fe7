"""`regulars customers`: facts of customers go into the store's table, and the lines say what became of the rows."""

from collections.abc import Callable
from pathlib import Path

from planning.customers.known_customers import customers_at
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]


def test_facts_are_added_once(log: Path, regulars: Regulars) -> None:
    """The second time nothing changes; faulty rows are named with their file."""
    regulars("ingest", log, "--out", "store")
    Path("customers.csv").write_text("customer_id,rep,opted_out\nanna,R1,email\nzoe,R2,fax\nnew,R2,\n")
    ended = regulars("customers", "customers.csv", "--store", "store")
    assert ended.code == 0, ended.error
    assert "3 rows in: 2 of new customers, 0 changes, 0 known already" in ended.error
    assert "1  opted_out has 'fax'" in ended.error
    assert "1 opted out of a channel" in ended.error
    again = regulars("customers", "customers.csv", "--store", "store")
    assert "0 of new customers, 0 changes, 2 known already" in again.error
    table = customers_at("store", "2026-01-01")
    assert table is not None
    assert table.loc["anna", "opted_out"] == ["email"]


def test_there_must_be_a_store(log: Path, regulars: Regulars) -> None:
    """One line, exit code 1."""
    Path("customers.csv").write_text("customer_id\nanna\n")
    ended = regulars("customers", "customers.csv", "--store", "none")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "holds no event store" in ended.error
