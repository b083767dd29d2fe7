"""A file that is read once more gives the events that the store has of it, or is refused."""

from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.ingest import append, ingest
from features.ingestion.profile import SourceProfile
from features.store.event_store import open_store

HEADER = "customer_id,event_time,event_type,amount"


def log_of(folder: Path, *lines: str, header: str = HEADER, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


@pytest.mark.parametrize("buckets", [1, 3])
@pytest.mark.parametrize(
    "sections",
    [
        {"amounts": {"unit": "cents"}},
        {"times": {"format": ("month_first",)}},
        {"ids": {"fold_case": True}},
    ],
)
def test_events_that_would_be_others_are_refused(
    sections: dict[str, dict[str, object]], buckets: int, tmp_path: Path
) -> None:
    """Each would count twice: the stored one, and the one of the new reading."""
    lines = [f"C{number},{1 + number % 9}/{1 + number % 4}/2024,purchase,{number}" for number in range(40)]
    log = log_of(tmp_path, *lines, "a,soon,purchase,1")
    profile = SourceProfile().with_values(times={"format": ("day_first",)})
    ingest(log, tmp_path / "store", profile=profile, buckets=buckets)
    with pytest.raises(SourceError, match=r"log\.csv was read before, and \d+ of its 40 events would be others"):
        append(log, tmp_path / "store", profile=profile.with_values(**sections))
    assert open_store(tmp_path / "store").n_events == 40


def test_repeated_events_are_matched_as_often_as_they_are_there(tmp_path: Path) -> None:
    """Twice the same sale of one second are two events of before, and no more."""
    log = log_of(tmp_path, *["a,2024-01-01,purchase,1"] * 2, "b,2024-01-01,sale,1")
    ingest(log, tmp_path / "store", accept_quarantine=True)
    profile = SourceProfile().with_values(event_types={"values": {"sale": "purchase"}})
    report = append(log, tmp_path / "store", profile=profile)
    assert (report.seen, report.kept) == (2, 1)


def test_a_file_whose_columns_are_mapped_otherwise_is_warned_of(tmp_path: Path) -> None:
    """Where its events are at the moments of stored ones with another amount; two kinds of rows of one file are not."""
    log = log_of(
        tmp_path, *[f"c{n},2024-01-0{n},{n},{n * 2}" for n in range(1, 9)], header="customer_id,event_time,net,back"
    )
    store, bought, back = tmp_path / "store", {"event_type": "purchase"}, {"event_type": "return"}
    ingest(log, store, constants=bought)
    [warning] = [
        text for text in append(log, store, constants=bought, map={"amount": "net"}).warnings if "before" in text
    ]
    assert warning.startswith(f"{log} was read before with other columns, and 8 of its 8 events have the customer")
    report = append(log, store, constants=back, map={"amount": "back"})
    assert (report.kept, [text for text in report.warnings if "before" in text]) == (8, [])
