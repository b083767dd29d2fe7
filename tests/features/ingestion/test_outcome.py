"""A log of which nothing is kept, or too much is faulty, does not replace a store; its faulty rows lie beside it."""

import re
from pathlib import Path
from typing import Any

import pytest

from features.errors import FaultyRowsError
from features.ingestion.id_rules import IS_TOTAL
from features.ingestion.ingest import append, ingest
from features.ingestion.outcome import quarantine_beside, unexpected_rows
from features.ingestion.profile import QuarantineProfile, SourceProfile, parse_profile
from features.store.event_store import open_store
from tests.features.reading import csv_file

HEADER = "customer_id,event_time,event_type,amount"
GOOD = [f"c{i % 30},2024-01-{1 + i % 28:02} 10:{i % 60:02},purchase,20" for i in range(95)]
FAULTY = "c1,soon,purchase,20"
NOBODY = ",2024-01-01,purchase,20"


def refused(tmp_path: Path, *lines: str, **options: Any) -> str:
    """Return why a log is refused; the store that was there stays."""
    store = tmp_path / "store"
    ingest(csv_file(tmp_path, *GOOD, header=HEADER), store, existing="replace")
    before = open_store(store).manifest
    with pytest.raises(FaultyRowsError) as refusal:
        ingest(csv_file(tmp_path, *lines, header=HEADER, name="new.csv"), store, existing="replace", **options)
    assert open_store(store).manifest == before
    assert str(refusal.value).endswith("stays as it was")
    assert " in: " in refusal.value.report[0]
    return str(refusal.value)


def test_a_log_of_which_nothing_is_kept_is_refused(tmp_path: Path) -> None:
    """Also where quarantine is accepted; the message says why, and where the rows are."""
    message = refused(tmp_path, FAULTY, accept_quarantine=True)
    beside = quarantine_beside(tmp_path / "store")
    assert message.startswith("none of 1 rows is kept: 1 event_time is no time")
    assert str(beside) in message
    assert "soon" in beside.read_text(encoding="utf-8-sig")
    left_out = SourceProfile().with_values(rows={"keep": {"amount": ("1",)}})
    assert "95 are left out by the profile" in refused(tmp_path, *GOOD, profile=left_out)


def test_without_a_store_there_is_none_afterwards(tmp_path: Path) -> None:
    """Only the faulty rows."""
    with pytest.raises(FaultyRowsError, match=r"no store was made at .*store$"):
        ingest(csv_file(tmp_path, FAULTY, header=HEADER), tmp_path / "store")
    assert not (tmp_path / "store").exists()
    assert quarantine_beside(tmp_path / "store").is_file()


def test_more_than_a_twentieth_of_faulty_rows_is_refused(tmp_path: Path) -> None:
    """Unless the share is raised, or quarantine is accepted."""
    message = refused(tmp_path, *GOOD, *[FAULTY] * 6)
    assert "6 of 101 rows (5.9%) are faulty, more than 5.0%: 6 event_time is no time" in message
    assert "--accept-quarantine" in message
    log = tmp_path / "new.csv"
    assert ingest(log, tmp_path / "store", existing="replace", accept_quarantine=True).quarantined == 6
    assert ingest(log, tmp_path / "store", existing="replace", maximum_quarantined=0.06).quarantined == 6
    raised = SourceProfile().with_values(quarantine={"maximum_share": 0.06})
    assert ingest(log, tmp_path / "store", existing="replace", profile=raised).quarantined == 6
    assert (
        ingest(
            csv_file(tmp_path, *GOOD, *[FAULTY] * 5, header=HEADER), tmp_path / "store", existing="replace"
        ).quarantined
        == 5
    )


def test_a_broken_file_is_not_hidden_by_good_ones(tmp_path: Path) -> None:
    """The limit holds for each source too, and the message names it; one faulty row of a small file is not too many."""
    good = csv_file(tmp_path, *GOOD * 2, header=HEADER, name="good.csv")
    broken = csv_file(tmp_path, *GOOD[:3], *[FAULTY] * 4, header=HEADER, name="broken.csv")
    with pytest.raises(FaultyRowsError, match=r"4 of 7 rows of \S*broken\.csv \(57\.1%\) are faulty, more than 5\.0%"):
        ingest([good, broken], tmp_path / "store")
    assert ingest([good, broken], tmp_path / "store", accept_quarantine=True).quarantined == 4
    one = csv_file(tmp_path, *GOOD[:3], FAULTY, header=HEADER, name="one.csv")
    assert ingest([good, one], tmp_path / "store", existing="replace").quarantined == 1
    usual = SourceProfile().with_values(quarantine={"maximum_share": 0.6})
    profiles = {"broken.csv": usual}
    assert ingest([good, broken], tmp_path / "store", existing="replace", profile=profiles).quarantined == 4


def test_what_the_profile_expects_does_not_count(tmp_path: Path) -> None:
    """Receipts without a customer are usual in some shops; unreadable times are not."""
    usual = SourceProfile().with_values(quarantine={"expected": ("customer_id is empty",)})
    log = csv_file(tmp_path, *GOOD, *[NOBODY] * 50, header=HEADER)
    assert ingest(log, tmp_path / "store", existing="replace", profile=usual).quarantined == 50
    refused(tmp_path, *GOOD, *[NOBODY] * 50, *[FAULTY] * 9, profile=usual)
    reasons = {"customer_id is empty": 3, "customer_id stands for nobody: x": 2, "amount is negative": 1}
    assert unexpected_rows(reasons, QuarantineProfile(expected=("customer_id",))) == 1
    assert unexpected_rows(reasons, QuarantineProfile()) == 6


def test_warnings_refuse_a_log_under_strict(tmp_path: Path) -> None:
    """And name themselves; without it they are in the report."""
    assert "1 warnings under --strict: 2 of 97 events are equal in full" in refused(
        tmp_path, *GOOD, GOOD[0], GOOD[0], strict=True
    )
    report = ingest(tmp_path / "new.csv", tmp_path / "store", existing="replace")
    assert report.lines()[-1].startswith("warning: 2 of 97 events are equal")


def test_files_that_were_read_before_are_no_fault(tmp_path: Path) -> None:
    """A glob that names them again passes under strict, and what is wrong with the new ones is refused."""
    log = csv_file(tmp_path, *GOOD, header=HEADER)
    ingest(log, tmp_path / "store")
    report = append(log, tmp_path / "store", strict=True)
    assert (report.rows_in, report.warnings) == (0, [])
    assert "was read before" in report.lines()[-1]
    twice = csv_file(tmp_path, *["zoe,2024-01-03,purchase,7"] * 2, header=HEADER, name="new.csv")
    with pytest.raises(FaultyRowsError, match=r"^1 warnings under --strict: 1 rows without a reference"):
        append([log, twice], tmp_path / "store", strict=True)


def test_totals_below_the_rows_are_no_reason_to_refuse(tmp_path: Path) -> None:
    """They are named and quarantined, and however many there are, nothing is lost."""
    lines = [*GOOD[:3], "Total,,,60", "Summe:,2024-12-31,purchase,60"]
    report = ingest(csv_file(tmp_path, *lines, header=HEADER), tmp_path / "store")
    assert (report.kept, report.quarantined_by_reason) == (3, {f"customer_id {IS_TOTAL}": 2})


def test_the_refusal_can_be_put_into_a_profile(tmp_path: Path) -> None:
    """The line that it gives makes the reason a usual one."""
    message = refused(tmp_path, *GOOD[:9], NOBODY)
    found = re.search(r"\[quarantine\] expected = .*?\]", message)
    assert found
    profile = parse_profile(found[0].replace("] ", "]\n", 1), "it")
    assert ingest(csv_file(tmp_path, *GOOD[:9], NOBODY, header=HEADER), tmp_path / "new", profile=profile).kept == 9
