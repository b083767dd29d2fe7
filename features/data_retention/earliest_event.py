"""The earliest event that a store keeps: what an ingest leaves out once older events were removed.

STORE/retention.json   the moment, replaced in one step
"""

import json
from datetime import datetime
from pathlib import Path

from features.as_of import microseconds, utc
from features.atomic_file import atomic_write
from features.errors import StoreError

RETENTION_FILE = "retention.json"
KEY = "earliest_event"


def read_earliest_event(store: str | Path) -> int | None:
    """Return the earliest `event_time` that a store keeps, in microseconds since 1970-01-01 UTC.

    Parameters
    ----------
    store : str or Path
        The folder of a store, or where one will be.

    Returns
    -------
    int or None
        None where nothing was ever removed for its age.

    Raises
    ------
    StoreError
        When the file cannot be read: reading a log without it would bring old events back.
    """
    path = Path(store) / RETENTION_FILE
    if not path.exists():
        return None
    try:
        return microseconds(datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))[KEY]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read as the earliest event of a store ({error!r}): run regulars prune again, which "
            "replaces it; without it a log would bring old events back"
        ) from None


def write_earliest_event(store: Path, earliest: int) -> None:
    """Set the earliest event that a store keeps; the caller holds its lock."""
    with atomic_write(store / RETENTION_FILE) as part:
        part.write_text(json.dumps({KEY: utc(earliest).isoformat()}) + "\n")
