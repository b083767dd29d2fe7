"""The suppression list of a store: who was erased, as keyed hashes, so that no later reading brings them back.

    STORE/suppressed.json   the hashes, and where their key is; `pending` are those whose events are still in the store
    STORE/suppressed.key    32 random bytes in hex, mode 600, unless the key is kept elsewhere

Without the key nobody can test whether a given id is on the list.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.atomic_file import atomic_write, checked_before_replacing
from features.errors import StoreError
from features.key_files import keyed_hash, read_key, read_or_make_key
from features.plurals import counted

LIST_FILE, KEY_FILE = "suppressed.json", "suppressed.key"
NO_LIST: tuple[str, frozenset[str], frozenset[str]] = ("", frozenset(), frozenset())


@dataclass(frozen=True)
class Suppression:
    """The erased customers of a store.

    Attributes
    ----------
    key : bytes
    hashes : frozenset of str
        Keyed BLAKE2b hashes of the ids, in hex.
    pending : frozenset of str
        Those whose erasure has not ended: the store may still have their events.
    """

    key: bytes = b""
    hashes: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.hashes)

    @property
    def digest(self) -> str:
        """SHA-256 of the list, which changes with it."""
        return hashlib.sha256("".join(sorted(self.hashes)).encode()).hexdigest()

    def hash_of(self, customer_id: str) -> str:
        """Return the hash of an id."""
        return keyed_hash(customer_id, self.key).hex()

    def has(self, customer_id: str) -> bool:
        """Return whether a customer was erased."""
        return self.hash_of(customer_id) in self.hashes

    def rows(self, customer_ids: pa.Array) -> NDArray[np.bool_]:
        """Return which rows are of erased customers, shape (rows,).

        Parameters
        ----------
        customer_ids : pyarrow.Array of str
            Null is nobody. Each distinct id is hashed once.
        """
        unique = pc.unique(customer_ids).drop_null()
        listed = unique.filter(pa.array([self.has(name) for name in unique.to_pylist()], pa.bool_()))
        if not len(listed):
            return np.zeros(len(customer_ids), bool)
        found: NDArray[np.bool_] = pc.is_in(customer_ids, listed).to_numpy(zero_copy_only=False)
        return found


def read_suppression(store: str | Path) -> Suppression:
    """Return the suppression list of a store, which is empty where nobody was erased.

    Parameters
    ----------
    store : str or Path
        The folder of a store, or where one will be.

    Raises
    ------
    StoreError
        When the list or its key cannot be read: reading a log without it would bring erased customers back.
    """
    content = _read_list(store)
    if content is None:
        return Suppression()
    key_file = Path(store) / content[0]
    try:
        return Suppression(read_key(key_file), *content[1:])
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{key_file}, the key of the erased customers of {store}, cannot be read ({error}): put it back; without "
            "it a log would bring them back"
        ) from None


def _read_list(store: str | Path) -> tuple[str, frozenset[str], frozenset[str]] | None:
    """Return where the key is, the hashes and those that are pending; None where nobody was erased."""
    path = Path(store) / LIST_FILE
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        hashes, pending = content["hashes"], content.get("pending", ())
        return str(content["key_file"]), frozenset(map(str, hashes)), frozenset(map(str, pending))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read as the list of erased customers ({error!r}): put a copy of it back"
        ) from None


@contextmanager
def refused_after_erasure(store: str | Path) -> Iterator[None]:
    """Put nothing in place during the block once somebody has been erased from a store; needs no key.

    What is made of a store that was opened before an erasure, and written after it, would bring customers back.

    Parameters
    ----------
    store : str or Path
        The folder of a store, which the block opens.

    Raises
    ------
    StoreError
        When the list of erased customers has changed since the block began, or cannot be read; at its beginning when an
        erasure has not ended, since the store may still have customers of the list.
    """
    _, before, pending = _read_list(store) or NO_LIST
    if pending:
        raise StoreError(
            f"the erasure of {counted(len(pending), 'customer')} from {store} has not ended: start again when it has; "
            f"if `regulars erase` was stopped, `regulars erase {store}` ends it; it names what it cannot read, "
            "and that can be moved away"
        )

    def check() -> None:
        if (_read_list(store) or NO_LIST)[1] != before:
            raise StoreError(
                f"customers were erased from {store} after it was opened here, so nothing is written: start again"
            )

    with checked_before_replacing(check):
        try:
            yield
        except FileNotFoundError:
            check()  # an erasure takes data folders away
            raise


def suppress(store: str | Path, customer_ids: Iterable[str], key_file: str | Path | None = None) -> Suppression:
    """Add customers to the suppression list of a store, in one step.

    Parameters
    ----------
    store : str or Path
        The folder of a store; the caller holds its lock.
    customer_ids : iterable of str
    key_file : str or Path, optional
        Where the key of a new list is kept, or a file that has one already; without it in the store. A list keeps the
        key that it has.

    Returns
    -------
    Suppression
        The list as it is now.

    Raises
    ------
    StoreError
        When the list or its key cannot be read, or the list has another key already.
    """
    store = Path(store)
    before, content = read_suppression(store), _read_list(store)
    if content is not None:
        location = content[0]
        if key_file is not None and (store / location).resolve() != Path(key_file).resolve():
            raise StoreError(
                f"the list of erased customers of {store} has its key in {store / location}: leave out {key_file}"
            )
    else:
        location = KEY_FILE if key_file is None else str(Path(key_file).resolve())
        before = Suppression(_read_or_made_key(store / location))
    new = {before.hash_of(name) for name in customer_ids} - before.hashes
    after = Suppression(before.key, before.hashes | new, before.pending | new)
    if new:
        _write_list(store, location, after)
    return after


def end_erasure(store: str | Path) -> None:
    """Note that all customers of the list have left all generations of a store; the caller holds its lock."""
    listed, content = read_suppression(store), _read_list(store)
    if content is not None and listed.pending:
        _write_list(Path(store), content[0], replace(listed, pending=frozenset()))


def _write_list(store: Path, key_file: str, listed: Suppression) -> None:
    pending = {"pending": sorted(listed.pending)} if listed.pending else {}
    content = {"key_file": key_file, "hashes": sorted(listed.hashes), **pending}
    with atomic_write(store / LIST_FILE) as part:
        part.write_text(json.dumps(content, indent=1) + "\n")


def _read_or_made_key(path: Path) -> bytes:
    try:
        return read_or_make_key(path)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read as a key ({error}): name another file") from None
