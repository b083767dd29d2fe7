"""Of the records of a row the one recorded last counts, and what is known adds nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from planning.record_versions import SEEN, SUPERSEDED, USED, latest_records, settle


def version(
    record_id: str, status: str, recorded_at: int, row: int, digest: str, stated: bool = True
) -> dict[str, Any]:
    """A record with what tells its versions apart."""
    return {
        **{"record_id": record_id, "status": status, "recorded_at": recorded_at, "stated": stated},
        **{"source": "crm", "row": row, "digest": digest},
    }


VERSIONS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["done", "skipped"]), st.integers(0, 3), st.booleans()), max_size=5
)


@given(st.lists(VERSIONS, max_size=4))
def test_every_record_is_accounted_for_and_a_repeat_adds_nothing(tables: list[list[Any]]) -> None:
    """What was used or superseded for the first time is kept; a table that added something adds nothing again.

    One of which every row was known leaves no digest: it cannot be told from a later change back.
    """
    known: list[dict[str, Any]] = []
    files = [
        [version(key, status, at, row, str(number), stated) for row, (key, status, at, stated) in enumerate(rows)]
        for number, rows in enumerate(tables)
    ]
    new = []
    for found in files:
        before = len(known)
        outcomes = settle(found, known)
        assert set(outcomes) <= {USED, SEEN, SUPERSEDED}
        assert len(known) - before == sum(outcome != SEEN for outcome in outcomes)
        new += [found] if len(known) > before else []
        current = latest_records(known)
        for row, outcome in zip(found, outcomes, strict=True):
            assert outcome != USED or current[row["record_id"]] is row
    number = len(known)
    for found in new:
        settle(found, known)
    assert len(known) == number


def test_an_older_version_does_not_count() -> None:
    """It is kept, and the one recorded later stays the latest, whichever comes in first."""
    early, late = version("a", "done", 1, 0, "x"), version("a", "skipped", 2, 0, "y")
    for first, second in ((early, late), (late, early)):
        known: list[dict[str, Any]] = []
        settle([first], known)
        assert settle([second], known) == [USED if second is late else SUPERSEDED]
        assert latest_records(known)["a"] is late
