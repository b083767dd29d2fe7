"""The columns of a store of several buckets, in the order of all customers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.store.layout import ABSENT


class BucketColumns(NamedTuple):
    """The columns of some customers of a store.

    Attributes
    ----------
    customers : numpy.ndarray of int64, shape (customers,)
        Their positions in the whole store, ascending.
    offsets : numpy.ndarray of int64, shape (customers + 1,)
        Where the rows of each of them start in the bucket.
    columns : mapping of str to numpy.ndarray, shape (events,)
    """

    customers: NDArray[np.int64]
    offsets: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]


class MergedColumns(Mapping[str, NDArray[Any]]):
    """Copies a column out of the buckets when it is first read, and keeps it.

    Parameters
    ----------
    dtypes : mapping of str to dtype
        The columns; a bucket that lacks one has no values in it.
    offsets : numpy.ndarray of int64, shape (customers + 1,)
        Where the rows of each customer of the whole store start.
    buckets : sequence of BucketColumns
    """

    def __init__(
        self, dtypes: Mapping[str, type[np.generic]], offsets: NDArray[np.int64], buckets: Sequence[BucketColumns]
    ) -> None:
        self._dtypes, self._offsets, self._buckets = dtypes, offsets, buckets
        self._merged: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._merged:
            self._merged[name] = self._read(name, self._dtypes[name])
        return self._merged[name]

    def _read(self, name: str, dtype: type[np.generic]) -> NDArray[Any]:
        merged = np.full(self._offsets[-1], ABSENT.get(name, 0), dtype)
        for customers, offsets, columns in self._buckets:
            if name in columns:
                moved = self._offsets[customers] - offsets[:-1]
                merged[np.arange(offsets[-1]) + np.repeat(moved, np.diff(offsets))] = columns[name]
        merged.flags.writeable = False  # as in a mapped store, so that the same machine code serves
        return merged

    def __iter__(self) -> Iterator[str]:
        return iter(self._dtypes)

    def __len__(self) -> int:
        return len(self._dtypes)
