"""The statement about rows of one reference, on the texts that are no part of an event."""

from pathlib import Path

import pytest

from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from features.store.text_codes import texts_of
from tests.features.reading import csv_file

HEADER = "customer_id,event_time,event_type,channel,content,reference,recorded_at,plan_item"


def stored(tmp_path: Path, *lines: str) -> list[tuple[str | None, str | None]]:
    """The content and plan item of each event of a log."""
    ingest(csv_file(tmp_path, *lines, header=HEADER), tmp_path / "store")
    store = open_store(tmp_path / "store")
    return list(zip(*(texts_of(store, name).to_pylist() for name in ("content", "plan_item")), strict=True))


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (("needs", "P1"), ("needs", "P2"), ("needs", "P2")),
        (("needs", ""), ("", "P2"), ("needs", "P2")),
        (("", "P1"), ("", ""), (None, "P1")),
    ],
)
def test_of_copies_the_greatest_text_counts(
    first: tuple[str, str], then: tuple[str, str], expected: tuple[str, str], tmp_path: Path
) -> None:
    """Rows that differ in content or plan item alone are one event, whichever of them comes first."""
    lines = [f"A,2024-01-01,visit,phone,{content},r,,{item}" for content, item in (first, then)]
    assert stored(tmp_path, "A,2024-01-01,visit,email,,q,,", *lines, "B,2024-01-01,purchase,,needs,r,,P9") == [
        expected,
        (None, None),
        (None, None),
    ]


def test_each_version_has_its_own_texts(tmp_path: Path) -> None:
    """A correction recorded later is the event, with its plan item, and the earlier one keeps what was known then."""
    lines = [f"A,2024-01-01,visit,phone,,r,2024-01-0{day},{item}" for day, item in ((3, "P2"), (2, "P1"))]
    assert stored(tmp_path, *lines) == [(None, "P1"), (None, "P2")]
