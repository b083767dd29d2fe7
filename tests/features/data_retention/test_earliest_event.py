"""The earliest event of a store is read as it was written, and a damaged file is no permission."""

from pathlib import Path

import pytest

from features.data_retention.earliest_event import RETENTION_FILE, read_earliest_event, write_earliest_event
from features.errors import StoreError


@pytest.mark.parametrize("moment", [0, 1_700_000_000_123_456, -86_400_000_000])
def test_what_is_written_is_read(tmp_path: Path, moment: int) -> None:
    """To the microsecond."""
    write_earliest_event(tmp_path, moment)
    assert read_earliest_event(tmp_path) == moment


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"earliest_event": 3}', '{"earliest_event": "2024-01-01"}'])
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    """A log that is read without it would bring old events back."""
    (tmp_path / RETENTION_FILE).write_text(text)
    with pytest.raises(StoreError, match="would bring old events back"):
        read_earliest_event(tmp_path)
