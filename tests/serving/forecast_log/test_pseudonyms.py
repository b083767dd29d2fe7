"""Pseudonyms are keyed, differ by quarter, and lead back to customers with the keys alone."""

from datetime import datetime
from pathlib import Path

import pytest

from features.key_files import keyed_hash
from serving.forecast_log.pseudonyms import PseudonymKeys, key_id


@pytest.mark.parametrize(("month", "name"), [(1, "2026Q1"), (3, "2026Q1"), (4, "2026Q2"), (12, "2026Q4")])
def test_a_key_is_that_of_a_quarter(month: int, name: str) -> None:
    """Of the moment of asking."""
    assert key_id(datetime(2026, month, 1)) == name


def test_keys_lead_back_and_are_gone_when_they_are_destroyed(tmp_path: Path) -> None:
    """Each quarter has another pseudonym of the same customer; without its key nobody can tell whose it is."""
    keys = PseudonymKeys(tmp_path)
    first, second = (keyed_hash("anna", keys.key(name)) for name in ("2026Q3", "2026Q4"))
    assert first != second
    assert len(first) == 16
    assert keys.pseudonyms(["anna", "ben"])["2026Q3", first] == "anna"
    assert (tmp_path / "2026Q3.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "2026Q3.key").unlink()
    assert ("2026Q3", first) not in PseudonymKeys(tmp_path).pseudonyms(["anna"])
    assert PseudonymKeys(tmp_path).pseudonyms(["anna"])["2026Q4", second] == "anna"


def test_keys_of_quarters_that_are_over_are_unused(tmp_path: Path) -> None:
    """That of the quarter of the earliest moment is still needed."""
    keys = PseudonymKeys(tmp_path)
    for name in ("2025Q4", "2026Q1", "2026Q2"):
        keys.key(name)
    assert [each.name for each in keys.unused(datetime(2026, 2, 1))] == ["2025Q4.key"]
