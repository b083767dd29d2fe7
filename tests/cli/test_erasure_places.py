"""What an erasure could not read is refused before anybody leaves: else the store would be refused afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest

from features.ingestion.ingest import ingest
from tests.cli.conftest import LOG, Ended


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("plans/week/manifest.json", b"{", "manifest.json cannot be read"),
        ("plans/week/manifest.json", b"{}", "has format None, expected 1"),
        ("plans/scores.parquet", b"PARE" + bytes(100) + b"PARE", "is encrypted and no key is set"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_everybody_in_the_store(
    tmp_path: Path,
    regulars: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    content: bytes,
    said: str,
) -> None:
    """The settings name it; the error says which, nobody is on the list, and the store is used as before."""
    (tmp_path / "log.csv").write_text(LOG)
    ingest(tmp_path / "log.csv", tmp_path / "store")
    (tmp_path / "plans" / "week").mkdir(parents=True)
    (tmp_path / "plans" / "week" / "plan.parquet").write_bytes(b"PAR1")
    (tmp_path / path).write_bytes(content)
    if not path.endswith(".json"):
        (tmp_path / "plans" / "week" / "plan.parquet").unlink()
    monkeypatch.setenv("REGULARS_SERVE_PLANS", "plans")
    ended = regulars("erase", "store", "--customer-id", "anna")
    assert (ended.code, said in ended.error) == (1, True)
    assert not (tmp_path / "store" / "suppressed.json").exists()
    assert regulars("features", "store", "--as-of", "2024-06-01", "--out", "features.parquet").code == 0
