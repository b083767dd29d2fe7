"""Pseudonyms of customers: keyed hashes, with another key each quarter.

The keys lie outside the log, a file a quarter. To join the log to a store its ids are hashed with each key; to end that
for good, a quarter's key is destroyed.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from features.key_files import keyed_hash, read_key, read_or_make_key

SUFFIX = ".key"


def key_id(time: datetime) -> str:
    """Return the name of the key of a moment: its quarter, in UTC.

    Examples
    --------
    >>> key_id(datetime(2026, 11, 27))
    '2026Q4'
    """
    return f"{time.year}Q{(time.month + 2) // 3}"


class PseudonymKeys:
    """The keys in a folder, made as they are needed.

    Parameters
    ----------
    folder : Path
        Outside of the log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, bytes] = {}

    def key(self, name: str) -> bytes:
        """Return a key by its name; raises OSError or ValueError when it cannot be read or made."""
        if name not in self._known:
            self._known[name] = read_or_make_key(self.folder / f"{name}{SUFFIX}")
        return self._known[name]

    def held(self) -> dict[str, bytes]:
        """Return all keys that there are, by name."""
        return {path.name.removesuffix(SUFFIX): read_key(path) for path in sorted(self.folder.glob(f"*{SUFFIX}"))}

    def unused(self, earliest: datetime) -> list[Path]:
        """Return the files of the keys of quarters that ended before a moment."""
        return [each for each in sorted(self.folder.glob(f"*{SUFFIX}")) if each.stem < key_id(earliest)]

    def pseudonyms(self, customer_ids: Iterable[str]) -> dict[tuple[str, bytes], str]:
        """Return the customer of each pair of a key's name and a pseudonym under that key."""
        ids = list(customer_ids)
        return {(name, keyed_hash(each, key)): each for name, key in self.held().items() for each in ids}
