"""The event store: a log's events as memory-mapped arrays, sorted by customer and time, with a manifest.

    STORE/manifest.json        describes the store and names its data folder; replaced in one step
    STORE/events-<id>/         one .npy file per column, offsets.npy, customers.arrow, the files of ingest, and the
                               manifest as it was when this folder was the store; the last few such generations stay

A store of several buckets has these arrays in a folder for each of them, and beside these folders customers.arrow with
all ids and buckets.npy with the bucket of each. A reader opens the folder that the manifest names, and so never sees a
half-written one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import AsOf
from features.errors import EventWordsError, StoreError
from features.event_words import BUILT_IN_WORDS, EventWords, conflict
from features.schema import RATING_MAXIMUM, WORDS
from features.store.layout import (
    ABSENT,
    DTYPES,
    IDENTITY_DTYPES,
    RECORD_COLUMNS,
    SALE_COLUMNS,
    TEXT_DTYPES,
    kernel_columns,
)
from features.store.merged_columns import BucketColumns, MergedColumns
from features.store.text_files import read_ids, read_texts
from features.store.word_codes import recoded

SCHEMA_VERSION = 2
READABLE = (1, 2)
"""Schema 1 has no `reference`, sources and generations."""
BUCKETS_FILE = "buckets.npy"


class Bucket(NamedTuple):
    """Some customers of a store.

    Attributes
    ----------
    customers : numpy.ndarray of int64, shape (customers,)
        Their positions in the whole store, ascending.
    store : EventStore
        Their events.
    """

    customers: NDArray[np.int64]
    store: "EventStore"


@dataclass(frozen=True)
class EventStore:
    """The events of a log; those of customer c are rows `offsets[c]` to `offsets[c + 1]` of every column.

    `buckets` has them a bucket at a time, which costs no memory. Of a store of several, `columns` and `identity` are
    copied into memory, each column when it is first read.

    Attributes
    ----------
    folder : Path
        The data folder.
    manifest : mapping
        What `manifest.json` says.
    offsets : numpy.ndarray of int64, shape (customers + 1,)
    columns : mapping of str to numpy.ndarray, shape (events,)
        The columns of `layout.DTYPES`, words coded as today; a customer's rows are sorted by `layout.SORT_ORDER`.
    customer_ids : pyarrow.StringArray
        The ids, sorted; customer c has the id at position c.
    identity : mapping of str to numpy.ndarray of int64, shape (events,)
        The columns of `layout.IDENTITY_DTYPES` that the store has.
    parts : tuple of Bucket
        The buckets of a store of several, else empty.
    text_codes : mapping of str to numpy.ndarray of int32, shape (events,)
        The columns of `layout.TEXT_DTYPES` that the store has, as positions in `texts`; -1 where absent.
    texts : mapping of str to pyarrow.StringArray
        The texts of each of these columns.
    """

    folder: Path
    manifest: Mapping[str, Any]
    offsets: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]
    customer_ids: pa.StringArray
    identity: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    parts: tuple[Bucket, ...] = ()
    text_codes: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    texts: Mapping[str, pa.StringArray] = field(default_factory=dict)

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """The buckets of the store; of a store that is not divided, the store itself is the only one."""
        return self.parts or (Bucket(np.arange(self.n_customers), self),)

    def by_bucket(self, customers: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Bucket]]:
        """Yield which of some customers are in each bucket, and their events.

        Parameters
        ----------
        customers : numpy.ndarray of int64, shape (n,)
            Ascending positions in the store.

        Yields
        ------
        rows : numpy.ndarray of int64
            The places in `customers` of those in the bucket.
        bucket : Bucket
            Its `customers` are their positions in its `store`.
        """
        ends = (customers[0], customers[-1] + 1) if len(customers) else (0, 0)
        for part in self.buckets:
            first, last = np.searchsorted(part.customers, ends)
            rows = np.searchsorted(customers, part.customers[first:last])
            inside = customers[rows] == part.customers[first:last]
            yield rows[inside], Bucket(first + np.flatnonzero(inside), part.store)

    @property
    def timezone(self) -> str:
        """The business time zone, in which days are counted."""
        return str(self.manifest["timezone"])

    @property
    def rating_maximum(self) -> float:
        """The highest rating that the log may have; a store that does not say so was written with the default."""
        return float(self.manifest.get("rating_maximum", RATING_MAXIMUM))

    @property
    def recorded(self) -> bool:
        """Whether the store has `known_from` and `known_until`."""
        return RECORD_COLUMNS[0] in self.columns

    @property
    def names_sales(self) -> bool:
        """Whether the store has `reference` and `sale_reference`, by which returns name their sales."""
        return self.identity.keys() >= set(SALE_COLUMNS)

    @property
    def n_customers(self) -> int:
        """The number of customers, all with at least one event."""
        return len(self.offsets) - 1

    @property
    def n_events(self) -> int:
        """The number of events; every version of a corrected one counts."""
        return int(self.offsets[-1])

    def known_events(self, known_at: AsOf | None = None) -> NDArray[np.bool_]:
        """Return which rows are events as known at a cutoff: the latest versions of those before it.

        Parameters
        ----------
        known_at : AsOf, optional
            The cutoff; without it the latest version of every event in the log.

        Returns
        -------
        numpy.ndarray of bool, shape (n_events,)
        """
        if not self.recorded:
            known = np.ones(self.n_events, bool)
        elif known_at is None:
            known = self.columns["known_until"] == ABSENT["known_until"]
        else:
            known = (self.columns["known_from"] < known_at.time) & (self.columns["known_until"] >= known_at.time)
        return known if known_at is None else known & (self.columns["time"] < known_at.time)

    def event_columns(self) -> tuple[NDArray[Any], ...]:
        """Return the columns in the order in which the kernels take them."""
        stored = {**self.columns, **self.identity}
        return tuple(stored[name] for name in kernel_columns(self.recorded, self.names_sales))


def is_store(path: str | Path) -> bool:
    """Return whether there is an event store at the path."""
    return (Path(path) / "manifest.json").is_file()


def open_store(path: str | Path) -> EventStore:
    """Open an event store; it stays readable when a new store is written to the path.

    Parameters
    ----------
    path : str or Path
        The folder of the store.

    Returns
    -------
    EventStore
        Its columns are memory-mapped.

    Raises
    ------
    StoreError
        When there is no store, it is damaged, another version of Regulars wrote it in another schema, or it has event
        words that are not known here.
    """
    path = Path(path)
    manifest = read_manifest(path)
    while True:
        try:
            return _opened(path / manifest["folder"], manifest)
        except FileNotFoundError as error:
            # A writer may have replaced the folder since the manifest was read.
            previous, manifest = manifest, read_manifest(path)
            if manifest == previous:
                raise StoreError(f"{path} is damaged ({error!r}): ingest the log again with --replace") from None
        except (KeyError, ValueError, EOFError, EventWordsError) as error:
            raise StoreError(f"{path} is damaged ({error!r}): ingest the log again with --replace") from None


def read_manifest(path: Path) -> dict[str, Any]:
    """Return what the manifest of a store says; raises StoreError as `open_store` does."""
    try:
        manifest: dict[str, Any] = json.loads((path / "manifest.json").read_text())
        version = manifest["schema_version"]
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"{path} holds no event store: make one with `regulars ingest SOURCE --out {path}`") from None
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged ({error!r}): ingest the log again with --replace") from None
    if version not in READABLE:
        raise StoreError(
            f"{path} has store schema {version}, this version reads {SCHEMA_VERSION}: ingest the log again with "
            "--replace"
        )
    return manifest


def _opened(folder: Path, manifest: Mapping[str, Any]) -> EventStore:
    stored = words_of(manifest)
    if difference := conflict(stored, WORDS):
        raise StoreError(f"{folder.parent} has {difference}, or ingest the log again with --replace")
    return opened_folder(folder, manifest, stored)


def words_of(manifest: Mapping[str, Any]) -> EventWords:
    """Return the event words that a store was written with."""
    return EventWords.from_dict(manifest["words"]) if "words" in manifest else BUILT_IN_WORDS


def opened_folder(folder: Path, manifest: Mapping[str, Any], stored: EventWords = WORDS) -> EventStore:
    """Open a data folder as its manifest describes it, written with the stored words; raises OSError or ValueError."""
    if "buckets" not in manifest:
        return opened_bucket(folder, manifest, 0, stored)
    texts = _texts(folder, manifest)
    of_customers = np.load(folder / BUCKETS_FILE)
    offsets = np.zeros(len(of_customers) + 1, np.int64)
    parts, own = [], []
    for number, facts in enumerate(manifest["buckets"]):
        store = _opened_arrays(folder / facts["folder"], manifest, facts, stored, texts)
        customers = np.flatnonzero(of_customers == number)
        offsets[1 + customers] = np.diff(store.offsets)
        parts.append(Bucket(customers, store))
        own.append(BucketColumns(customers, store.offsets, {**store.columns, **store.identity, **store.text_codes}))
    np.cumsum(offsets, out=offsets)
    columns, identity, text_codes = (
        MergedColumns({name: dtype for name, dtype in dtypes.items() if name in manifest.get(key, ())}, offsets, own)
        for key, dtypes in (("columns", DTYPES), ("identity_columns", IDENTITY_DTYPES), ("text_columns", TEXT_DTYPES))
    )
    ids = read_ids(folder)
    return EventStore(folder, manifest, offsets, columns, ids, identity, tuple(parts), text_codes, texts)


def opened_bucket(folder: Path, manifest: Mapping[str, Any], number: int, stored: EventWords = WORDS) -> EventStore:
    """Open one bucket of a data folder, and read nothing of the others, as `opened_folder` opens all."""
    texts = _texts(folder, manifest)
    if "buckets" not in manifest:  # the store itself is its only one
        return _opened_arrays(folder, manifest, manifest, stored, texts)
    facts = manifest["buckets"][number]
    return _opened_arrays(folder / facts["folder"], manifest, facts, stored, texts)


def _texts(folder: Path, manifest: Mapping[str, Any]) -> dict[str, pa.StringArray]:
    return {name: read_texts(folder, name) for name in manifest.get("text_columns", ())}


def _opened_arrays(
    folder: Path,
    manifest: Mapping[str, Any],
    facts: Mapping[str, Any],
    stored: EventWords,
    texts: Mapping[str, pa.StringArray],
) -> EventStore:
    columns, identity, text_codes = (
        {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in facts.get(key, ())}
        for key in ("columns", "identity_columns", "text_columns")
    )
    offsets = np.load(folder / "offsets.npy")
    columns = dict(recoded(columns, stored, WORDS))
    return EventStore(folder, manifest, offsets, columns, read_ids(folder), identity, (), text_codes, texts)
