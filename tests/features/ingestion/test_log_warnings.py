"""What may be wrong with a log as a whole is said with its figure and what to do."""

from features.ingestion.event_versions import EventRows
from features.ingestion.log_warnings import log_warnings
from features.ingestion.row_counts import RowCounts


def test_parts_are_warned_of() -> None:
    """A log whose rows all have their own reference has nothing to say."""
    counts = RowCounts()
    assert log_warnings(counts) == []
    counts.by_reference = EventRows(parts=1416)
    assert log_warnings(counts)[0].startswith("1,416 rows share customer, type and reference")
