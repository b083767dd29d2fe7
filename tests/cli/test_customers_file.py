"""A file for the customers' table is reported alike by `regulars customers` and `regulars plan --customers`."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_two_verbs_report_an_update_alike(log: Path, regulars: Callable[..., Ended]) -> None:
    """Rows, faults with their file, and the table's size."""
    Path("customers.csv").write_text("customer_id,rep,opted_out\nanna,R1,email\nzoe,R2,fax\n")
    regulars("ingest", log, "--out", "store")
    regulars("ingest", log, "--out", "other")
    lines = regulars("customers", "customers.csv", "--store", "store").error.splitlines()
    assert any(line.startswith("2 rows in: 1 of new customers") for line in lines)
    ended = regulars("plan", "other", "--out", "plans/a", "--customers", "customers.csv", "--home", "none")
    printed = ended.error.replace("other/", "store/").splitlines()
    assert set(lines) <= set(printed), ended.error
