"""Ingest by workers: each checks sources, sends their rows to the bucket of the customer once, and writes buckets.

The functions are those of the ingest on one machine, and so are the results. What travels is the event batches
themselves, cut by bucket: no type is converted on the way. A row of a reference meets all others of it in its bucket,
so versions are resolved there, with the same statement. Workers keep their counts, faulty rows and events in a folder
of the store that is being written, which all machines must see at the same path.
"""

import pickle
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from features.atomic_file import atomic_write
from features.erasure.suppression import Suppression
from features.errors import SourceError
from features.ingestion.event_pieces import Pieces, joined, pieces_of, stream_of
from features.ingestion.event_versions import EventVersions, write_duplicates
from features.ingestion.log_warnings import log_warnings
from features.ingestion.profile import RowProfile
from features.ingestion.quarantine import Quarantine
from features.ingestion.row_counts import RowCounts
from features.ingestion.source_formats import Source
from features.ingestion.source_shares import SourceShare, source_shares
from features.ingestion.validated_batches import validated_batches
from features.ingestion.validation import ValidationRules
from features.store.bucket_files import bucket_folder, write_customers
from features.store.column_writer import PackedBatch, write_sorted_columns
from features.store.customer_ids import CustomerIdEncoder
from features.store.event_store import opened_folder
from features.store.layout import TEXT_DTYPES
from features.store.row_packing import optional_columns, pack_rows, widened
from features.store.text_codes import TextEncoder
from features.store.writer import StoreWriter


class Shuffle(Protocol):
    """Brings pieces to their buckets."""

    def __call__(
        self, check: Callable[[int], Pieces], sources: int, take: Callable[[int, Iterator[bytes]], None], buckets: int
    ) -> None:
        """Call `check` for each number up to `sources`, and `take` with the pieces of each bucket that has any."""


class Workers(NamedTuple):
    """What computes an ingest.

    Attributes
    ----------
    shuffle : Shuffle
    run : callable
        Calls a function for each number up to a limit, see `features.partitions.runners.Runner`.
    write_table : callable
        Takes the name of a table that the workers know and a folder; writes the rows there as Parquet files.
    """

    shuffle: Shuffle
    run: Callable[[Callable[[int], int], int], Iterator[int]]
    write_table: Callable[[str, Path], None]


class _Checked(NamedTuple):
    """What a worker found in a share of the sources."""

    counts: RowCounts
    reasons: Mapping[str, int]


class _Resolved(NamedTuple):
    """What a worker found in a bucket."""

    counts: RowCounts
    optional: set[str]
    texts: Mapping[str, list[str]]


@dataclass(frozen=True)
class DistributedIngest:
    """The steps of an ingest that workers compute.

    Attributes
    ----------
    sources : tuple of Source
    rules : ValidationRules
    suppression : Suppression
        Who was erased.
    row_rule : RowProfile
        How rows of one reference belong together.
    recorded, names_sales, texts, memory_limit
        As of `EventVersions`.
    buckets : int
    folder : Path
        Where workers keep what they found.
    """

    sources: tuple[Source, ...]
    rules: ValidationRules
    suppression: Suppression
    row_rule: RowProfile
    recorded: bool
    names_sales: bool
    texts: tuple[str, ...]
    memory_limit: str
    buckets: int
    folder: Path

    @cached_property
    def shares(self) -> list[SourceShare]:
        """What workers read one by one."""
        return source_shares(self.sources)

    def check(self, number: int) -> Pieces:
        """Yield the valid rows of a share of the sources, and keep its faulty ones and its counts."""
        share, counts = self.shares[number], RowCounts()
        source = self.sources[share.source]
        with tempfile.TemporaryDirectory(prefix="regulars-ingest-") as scratch:
            quarantine = Quarantine(Path(scratch, "quarantine.csv"), list(self.sources))
            with quarantine:
                batches = ((share.source, source, batch) for batch in source.batches(share.groups))
                for batch in validated_batches(batches, self.rules, quarantine, counts, None, self.suppression):
                    counts.add_source(batch)
                    yield from pieces_of(batch, self.buckets)
            if quarantine.rows:
                self._quarantine(number).write_bytes(quarantine.path.read_bytes())
        self._keep("source", number, _Checked(counts, quarantine.reasons))

    def take(self, bucket: int, pieces: Iterable[bytes]) -> None:
        """Resolve the versions of a bucket's events, and keep the events."""
        counts, optional, texts = RowCounts(), set[str](), {name: set[str]() for name in TEXT_DTYPES}
        with (
            tempfile.TemporaryDirectory(prefix="regulars-ingest-") as scratch,
            atomic_write(self._events(bucket)) as part,
            pa.OSFile(str(part), "wb") as file,
        ):
            versions = EventVersions(
                *(Path(scratch), self.recorded, self.memory_limit, 1, self.row_rule),
                *(self.names_sales, self.texts, self.rules.timezone),
            )

            def keep(batch: pa.RecordBatch) -> None:
                counts.add(batch)
                optional.update(optional_columns(batch))
                for name in set(texts).intersection(batch.schema.names):
                    texts[name].update(pc.unique(batch[name].drop_null()).to_pylist())
                file.write(stream_of(batch))

            for batch in joined(pieces):
                (versions.add if "reference" in batch.schema.names else keep)(batch)
            counts.by_reference = versions.find(self._duplicates(bucket))
            for batch in versions.events():
                keep(batch)
        self._keep("bucket", bucket, _Resolved(counts, optional, {name: sorted(each) for name, each in texts.items()}))

    def write(self, bucket: int, *, texts: Mapping[str, pa.StringArray], optional: set[str], out: Path) -> int:
        """Write the arrays of a bucket to the data folder of the store, and keep what the manifest has of them."""
        encoder, encoded_texts, batches = CustomerIdEncoder(), TextEncoder(texts), []
        for batch in self._batches(bucket):
            codes = encoder.codes(batch["customer_id"])
            words = pack_rows(encoded_texts.encode(batch))
            batches.append(PackedBatch(widened(words, optional), codes, optional))
        folder = bucket_folder(out, bucket, self.buckets)
        folder.mkdir(exist_ok=True)
        self._keep("facts", bucket, write_sorted_columns(folder, batches, encoder, self.rules.timezone))
        return bucket

    def finish(self, number: int, *, manifest: Mapping[str, Any], counts: RowCounts, out: Path) -> int:
        """Write the ids of all customers, once all buckets are written, and keep the warnings about the log."""
        write_customers(out, [bucket_folder(out, bucket, self.buckets) for bucket in range(self.buckets)])
        self._keep("warnings", number, log_warnings(opened_folder(out, manifest), counts))
        return number

    def _batches(self, bucket: int) -> Iterator[pa.RecordBatch]:
        if not self._events(bucket).exists():  # a bucket without customers
            return
        with pa.OSFile(str(self._events(bucket))) as file:
            while file.tell() < file.size():
                yield from pa.ipc.open_stream(file)

    def found_in_share(self, number: int) -> tuple[_Checked, Path]:
        """Return what was found in a share of the sources, and where its faulty rows are, if it has any."""
        return self._kept("source", number), self._quarantine(number)

    def found_in_buckets(self) -> list[_Resolved]:
        """Return what was found in each bucket that has customers."""
        return [self._kept("bucket", bucket) for bucket in range(self.buckets) if self._events(bucket).exists()]

    def facts_of_buckets(self) -> list[dict[str, Any]]:
        """Return what the manifest has of each bucket, once all are written."""
        return [self._kept("facts", bucket) for bucket in range(self.buckets)]

    def warnings(self) -> list[str]:
        """Return the warnings about the log, once it is finished."""
        return list(self._kept("warnings", 0))

    def duplicates(self) -> list[Path]:
        """Return the files of replaced rows, of the buckets that have any."""
        return [file for file in map(self._duplicates, range(self.buckets)) if file.exists()]

    def _events(self, bucket: int) -> Path:
        return self.folder / f"events-{bucket:06d}"

    def _duplicates(self, bucket: int) -> Path:
        return self.folder / f"duplicates-{bucket:06d}.parquet"

    def _quarantine(self, number: int) -> Path:
        return self.folder / f"quarantine-{number:06d}.csv"

    def _keep(self, kind: str, number: int, value: object) -> None:
        with atomic_write(self.folder / f"{kind}-{number:06d}.pickle") as file:
            file.write_bytes(pickle.dumps(value))

    def _kept(self, kind: str, number: int) -> Any:
        try:
            return pickle.loads((self.folder / f"{kind}-{number:06d}.pickle").read_bytes())
        except FileNotFoundError:
            raise SourceError(
                f"what the workers wrote is not in {self.folder}: put the store where all machines see it at this path"
            ) from None


def ingest_by_workers(
    job: DistributedIngest,
    workers: Workers,
    writer: StoreWriter,
    quarantine: Quarantine,
    counts: RowCounts,
    duplicates: Path,
) -> list[str]:
    """Fill quarantine, counts, duplicates and store from what workers compute, and return the warnings about the log.

    What grows with the customers is read by workers alone.

    Raises
    ------
    SourceError
        When a source cannot be read, or the workers do not see the folder of the store.
    StoreError
        When a customer's amounts are too large to be summed.
    """
    job.folder.mkdir()
    workers.shuffle(job.check, len(job.shares), job.take, job.buckets)
    for number, share in enumerate(job.shares):
        checked, faulty = job.found_in_share(number)
        counts.merge(checked.counts)
        quarantine.add_file(job.sources[share.source], checked.reasons, faulty)
    buckets = job.found_in_buckets()
    for found in buckets:
        counts.merge(found.counts)
    write_duplicates(job.duplicates(), duplicates, [source.name for source in job.sources])
    optional = set[str]().union(*(found.optional for found in buckets))
    texts = writer.add_texts(
        {name: sorted({text for found in buckets for text in found.texts[name]}) for name in TEXT_DTYPES}
    )
    write = partial(job.write, texts=texts, optional=optional, out=writer.folder)
    deque(workers.run(write, job.buckets), 0)
    writer.join_buckets(job.facts_of_buckets())
    deque(workers.run(partial(job.finish, manifest=writer.manifest, counts=counts, out=writer.folder), 1), 0)
    warnings = job.warnings()
    shutil.rmtree(job.folder)
    return warnings
