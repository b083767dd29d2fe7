"""Writes the event store in one step: readers see the old store or the whole new one."""

import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, Self

import pyarrow as pa

from features.atomic_file import fsync_path
from features.errors import StoreError
from features.schema import RATING_MAXIMUM, WORDS
from features.store.bucket_files import bucket_folder, facts_of_buckets, joint_facts, link_arrays, write_customers
from features.store.buckets import RowsOfBuckets
from features.store.column_writer import PackedBatch, write_sorted_columns
from features.store.customer_ids import CustomerIdEncoder
from features.store.event_store import SCHEMA_VERSION, EventStore, is_store, open_store, opened_folder, words_of
from features.store.generations import generation_number, generations_before, locked, put_in_place, remove_unfinished
from features.store.merging import Merged, joint_outcome, write_merged_columns
from features.store.row_packing import optional_columns, pack_rows
from features.store.settings import StoreSettings
from features.store.text_codes import TextEncoder
from features.store.word_codes import same_codes
from features.timezones import business_timezone

Existing = Literal["replace", "refuse", "append"]
CUSTOMER_FILES = ("customers.arrow", "quarantine.csv", "duplicates.csv", "report.json")
"""The files of a data folder that name customers."""


class StoreWriter:
    """Writes a new generation of an event store; what is there stays until `commit`, and after any failure before it.

    As a context manager: holds a lock on the path, and removes what was written unless it was committed. The steps
    are `add` for each batch, `write_columns`, files of one's own into `folder`, `commit`.

    Parameters
    ----------
    path : str or Path
        The folder of the store.
    timezone : str
        The business time zone, in which days are counted.
    digest : str
        Identifies the log; kept in the manifest.
    rating_maximum : float
        The highest rating that the log may have; kept in the manifest.
    existing : {"replace", "refuse", "append"}
        What to do with a store at the path: replace it, refuse it, or add to it; then there must be one.
    keep : int
        How many generations to keep, the new one among them.
    buckets : int
        How many buckets the customers are divided into; a store that is added to keeps its number.

    Attributes
    ----------
    folder : Path
        The new data folder, inside the context.
    base : EventStore or None
        The store that is added to, inside the context.
    n_customers : int
        Customers with at least one event, after `write_columns`.
    manifest : dict
        Of the store that was written; empty if the one that is there has all.
    merged : Merged or None
        What became of rows that were added to a store, after `write_columns`.

    Raises
    ------
    StoreError
        On entering, when the path is a file, another process is writing to it, or a store is there and is to be
        refused, or is not there and is to be added to.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        timezone: str,
        digest: str,
        rating_maximum: float = RATING_MAXIMUM,
        existing: Existing = "replace",
        keep: int = StoreSettings.generations,
        buckets: int = StoreSettings.buckets,
    ) -> None:
        self.path = Path(path)
        self.n_customers = 0
        self.base: EventStore | None = None
        self.merged: Merged | None = None
        self._timezone = business_timezone(timezone)
        self._digest = digest
        self._rating_maximum = rating_maximum
        self._existing = existing
        self._keep = keep
        self._n_buckets = buckets
        self._rows: RowsOfBuckets | None = None
        self._encoder = CustomerIdEncoder()
        self._batches: list[PackedBatch] = []
        self.manifest: dict[str, Any] = {}
        self._committing = False
        self._made_path = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._existing == "append":
                open_store(self.path)  # so that no folder is made where there is no store
            self._made_path = not self.path.exists()
            stack.enter_context(locked(self.path))
            if self._existing == "append":
                self.base = open_store(self.path)
                if self.base.manifest["schema_version"] < SCHEMA_VERSION:
                    raise StoreError(
                        f"{self.path} is of schema {self.base.manifest['schema_version']}, which does not tell which "
                        "events it has: ingest the whole log once more with --replace"
                    )
            elif self._existing == "refuse":
                refuse_store(self.path)
            remove_unfinished(self.path)
            self.folder = self.path / f"events-{uuid.uuid4().hex[:12]}"
            self.folder.mkdir()
            if self.base is not None:
                self._n_buckets = len(self.base.buckets)
            self._texts = TextEncoder({} if self.base is None else self.base.texts)
            if self._n_buckets > 1:
                self._rows = stack.enter_context(RowsOfBuckets(self.folder, self._n_buckets))
            self._on_exit = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        # Once the manifest may name the folder, a failure must leave it: the next write removes it at the latest.
        if not self._committing:
            shutil.rmtree(self.folder, ignore_errors=True)
            if self._made_path and not is_store(self.path) and [*self.path.iterdir()] == [self.path / ".lock"]:
                shutil.rmtree(self.path, ignore_errors=True)  # while it is locked
        self._on_exit.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch of valid events, rows in any order.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            `customer_id` (strings, plain or dictionary-encoded) and the columns of `layout.DTYPES`, null where absent.
            The day follows from the time; `known_from`, `known_until`, `reference`, `sale_reference` and the columns
            of `layout.TEXT_DTYPES` (text) and `other_columns` (a hash) are optional.
        """
        codes = self._encoder.codes(batch["customer_id"])
        batch = self._texts.encode(batch)
        packed = PackedBatch(pack_rows(batch), codes, optional_columns(batch))
        if self._rows is None:
            self._batches.append(packed)
        else:
            self._rows.add(packed, self._encoder.new_ids())

    def write_columns(self, replace_references: bool = False, even_unchanged: bool = False) -> None:
        """Write the sorted columns, offsets and customer ids to `folder`, with those of the store that is added to.

        Parameters
        ----------
        replace_references : bool
            Whether rows replace those of the same reference in the store that is added to.
        even_unchanged : bool
            Whether to write all columns where the store that is added to has all rows already.

        Raises
        ------
        StoreError
            When a customer's amounts are too large to be summed.
        OSError
            When the disk is full.
        """
        folders = [bucket_folder(self.folder, number, self._n_buckets) for number in range(self._n_buckets)]
        merged = [self._write_bucket(number, folder, replace_references) for number, folder in enumerate(folders)]
        if self.base is not None and not even_unchanged and not any(each.facts for each in merged):
            self.merged = joint_outcome(merged, None)
            self.n_customers = self.base.n_customers
            return
        of_buckets = [
            each.facts or self._unchanged_bucket(number, folder)
            for number, (each, folder) in enumerate(zip(merged, folders, strict=True))
        ]
        write_customers(self.folder, folders)
        self.join_buckets(of_buckets)
        if self.base is not None:
            self.merged = joint_outcome(merged, self.manifest)

    def add_texts(self, texts: Mapping[str, Sequence[str]]) -> dict[str, pa.StringArray]:
        """Return the texts of the store by code, these among them, for buckets that are written elsewhere."""
        for name, new in texts.items():
            self._texts.encode(pa.record_batch({name: pa.array(new, pa.string())}))
        return {name: self._texts.texts(name) for name in texts}

    def join_buckets(self, of_buckets: Sequence[Mapping[str, Any]]) -> None:
        """Make one store of buckets, of what the manifest has of each; `write_customers` is left to the caller."""
        folders = [bucket_folder(self.folder, number, self._n_buckets) for number in range(self._n_buckets)]
        facts = joint_facts(of_buckets)
        self._texts.write(self.folder, facts.get("text_columns", ()))
        if self._n_buckets > 1:
            facts["buckets"] = [
                {"folder": folder.name, **each} for folder, each in zip(folders, of_buckets, strict=True)
            ]
        self.n_customers = facts["customers"]
        self.manifest = {
            "schema_version": SCHEMA_VERSION,
            "folder": self.folder.name,
            "timezone": self._timezone.timezone,
            "digest": self._digest,
            "rating_maximum": self._rating_maximum,
            "words": WORDS.as_dict(),
            **facts,
        }

    def _write_bucket(self, number: int, folder: Path, replace_references: bool) -> Merged:
        folder.mkdir(exist_ok=True)
        batches = self._rows.batches(number) if self._rows else self._batches
        for batch in batches:
            self._texts.settle(batch.words)
        if self.base is None:
            return Merged(write_sorted_columns(folder, batches, self._encoder, self._timezone))
        base = self.base.buckets[number].store
        if not batches:
            return Merged(None)
        return write_merged_columns(
            folder, base, batches, self._encoder, self._timezone, replace_references=replace_references
        )

    def _unchanged_bucket(self, number: int, folder: Path) -> dict[str, Any]:
        assert self.base is not None
        base = self.base.buckets[number].store
        if same_codes(words_of(base.manifest), WORDS):
            facts = facts_of_buckets(self.base.manifest)[number]
            link_arrays(base.folder, folder, facts)
            return facts
        merged = write_merged_columns(folder, base, [], self._encoder, self._timezone, even_unchanged=True)
        assert merged.facts is not None
        return merged.facts

    def opened(self) -> EventStore:
        """Return the store that was written."""
        return opened_folder(self.folder, self.manifest)

    def commit(self, sources: Sequence[Mapping[str, Any]] = ()) -> None:
        """Put the new folder in the place of the old one: flush its files, write the manifest, remove what is too old.

        Parameters
        ----------
        sources : sequence of mapping
            What the rows came from, for the manifest: name, digest, rows and time span of each.
        """
        present, before = generations_before(self.path)
        number = 1 + max([0, *map(generation_number, before)])
        if present is not None:
            self.manifest["parent"] = generation_number(present)
        written = sorted(self.folder.rglob("*"))
        files = [str(file.relative_to(self.folder)) for name in CUSTOMER_FILES for file in written if file.name == name]
        self.manifest |= {"generation": number, "sources": list(sources), "customer_files": files}
        for file in [*written, self.folder]:
            fsync_path(file)
        self._committing = True
        put_in_place(self.path, self.manifest, self._keep)


def refuse_store(path: Path) -> None:
    """Raise StoreError when there is a store at the path."""
    if is_store(path):
        raise StoreError(f"{path} holds a store already: add to it with --append, or replace it with --replace")


def write_store(
    path: str | Path, batches: Iterable[pa.RecordBatch], *, timezone: str, digest: str, buckets: int = 1
) -> EventStore:
    """Write valid events to a store at the path and open it.

    Parameters
    ----------
    path, timezone, digest, buckets
        As of `StoreWriter`, whose `add` takes the batches.

    Returns
    -------
    EventStore

    Raises
    ------
    StoreError
        When the path is a file, another process is writing to it, or a customer's amounts are too large to be summed.
    """
    with StoreWriter(path, timezone=timezone, digest=digest, buckets=buckets) as writer:
        for batch in batches:
            writer.add(batch)
        writer.write_columns()
        writer.commit()
    return open_store(path)
