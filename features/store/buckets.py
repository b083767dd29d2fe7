"""The rows of each bucket of a store on disk until all have been read."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

import numpy as np
import pyarrow as pa

from features.store.bucket_numbers import bucket_numbers
from features.store.column_writer import PackedBatch


class RowsOfBuckets:
    """Packed rows by bucket, in one file each, so that memory holds the rows of one bucket at a time.

    As a context manager: closes the files and removes them.

    Parameters
    ----------
    folder : Path
        Where the files go.
    buckets : int
    """

    def __init__(self, folder: Path, buckets: int) -> None:
        self._paths = [folder / f"rows-{bucket:03d}.tmp" for bucket in range(buckets)]
        self._shapes: list[list[tuple[int, int]]] = [[] for _ in range(buckets)]
        self._optional: list[set[str]] = [set() for _ in range(buckets)]
        self._of_codes = np.empty(0, np.uint16)
        with ExitStack() as stack:
            self._files: list[IO[bytes]] = [stack.enter_context(path.open("wb")) for path in self._paths]
            self._on_exit = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._on_exit.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def add(self, batch: PackedBatch, new_ids: pa.StringArray) -> None:
        """Take a batch of rows; `new_ids` are the ids of the codes that no batch before had."""
        numbers = bucket_numbers(new_ids, len(self._paths))
        self._of_codes = np.concatenate((self._of_codes, numbers))
        buckets = self._of_codes[batch.codes]
        order = np.argsort(buckets, kind="stable")
        bounds = np.searchsorted(buckets[order], np.arange(len(self._paths) + 1))
        for bucket in np.flatnonzero(np.diff(bounds)).tolist():
            rows = order[bounds[bucket] : bounds[bucket + 1]]
            self._files[bucket].write(batch.words[rows].data)
            self._files[bucket].write(batch.codes[rows].data)
            self._shapes[bucket].append((len(rows), batch.words.shape[1]))
            self._optional[bucket] |= batch.optional

    def batches(self, bucket: int) -> list[PackedBatch]:
        """Return the rows of a bucket; no more can be added."""
        self._files[bucket].close()
        return list(self._read(bucket))

    def _read(self, bucket: int) -> Iterator[PackedBatch]:
        with self._paths[bucket].open("rb") as file:
            for rows, width in self._shapes[bucket]:
                words = np.fromfile(file, np.int64, rows * width).reshape(rows, width)
                yield PackedBatch(words, np.fromfile(file, np.int32, rows), self._optional[bucket])
        self._paths[bucket].unlink()
