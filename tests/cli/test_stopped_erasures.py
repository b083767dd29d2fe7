"""An erasure that was killed is ended by the next one, and by `regulars erase STORE` alone."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from features.erasure.suppression import read_suppression, suppress
from features.store.event_store import open_store
from features.store.generations import locked
from tests.cli.conftest import LOG, Ended

Regulars = Callable[..., Ended]
FEATURES = ("features", "store", "--as-of", "2024-06-01", "--out", "features.parquet")


@pytest.fixture
def stopped(tmp_path: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return what makes a store with an erasure of somebody that was killed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "customers.csv").write_text("customer_id,rep\nzoe,R1\n")
    assert regulars("ingest", "log.csv", "--out", "store").code == 0
    assert regulars("customers", "customers.csv", "--store", "store").code == 0

    def erased(name: str) -> Path:
        with locked(tmp_path / "store"):
            suppress(tmp_path / "store", [name])
        return tmp_path / "store"

    return erased


def test_an_erasure_without_customers_ends_one_that_was_killed(
    stopped: Callable[[str], Path], regulars: Regulars
) -> None:
    """Until then what reads the store refuses, and says how; afterwards there is nothing to do."""
    store = stopped("anna")
    refused = regulars(*FEATURES)
    assert refused.code == 1
    assert "`regulars erase store` ends it" in refused.error
    ended = regulars("erase", "store")
    assert ended.code == 0
    assert "the erasure of 1 customer has not ended: it is ended here" in ended.out + ended.error
    assert open_store(store).customer_ids.to_pylist() == ["ben", "cleo"]
    assert regulars(*FEATURES).code == 0
    assert "no customer is given" in regulars("erase", "store").error


def test_a_customer_of_the_customers_table_alone_is_found_too(
    stopped: Callable[[str], Path], regulars: Regulars
) -> None:
    """Whoever has no event is looked for there."""
    store = stopped("zoe")
    assert "customers.parquet" in regulars("erase", "store", "--customer-id", "ben").error
    assert not read_suppression(store).pending


def test_where_only_the_end_was_not_noted_it_is_noted(stopped: Callable[[str], Path], regulars: Regulars) -> None:
    """As after a kill just before the last line: nothing is searched, and a check changes nothing."""
    store = stopped("nobody")
    assert "no customer is given" in regulars("erase", "store", "--check").error
    ended = regulars("erase", "store")
    assert ended.code == 0
    assert "the erasure of 1 customer has ended: store has nothing of them any more" in ended.out + ended.error
    assert not read_suppression(store).pending
