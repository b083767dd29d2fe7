"""The columns of a store of several buckets, in the order of all customers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.store.layout import ABSENT

if TYPE_CHECKING:
    from features.store.event_store import Bucket


class MergedColumns(Mapping[str, NDArray[Any]]):
    """Copies a column out of the buckets when it is first read, and keeps it.

    Parameters
    ----------
    dtypes : mapping of str to dtype
        The columns; a bucket that lacks one has no values in it.
    offsets : numpy.ndarray of int64, shape (customers + 1,)
        Where the rows of each customer of the whole store start.
    buckets : sequence of Bucket
    """

    def __init__(
        self, dtypes: Mapping[str, type[np.generic]], offsets: NDArray[np.int64], buckets: Sequence["Bucket"]
    ) -> None:
        self._dtypes, self._offsets, self._buckets = dtypes, offsets, buckets
        self._merged: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._merged:
            self._merged[name] = self._read(name, self._dtypes[name])
        return self._merged[name]

    def _read(self, name: str, dtype: type[np.generic]) -> NDArray[Any]:
        merged = np.full(self._offsets[-1], ABSENT.get(name, 0), dtype)
        for customers, store in self._buckets:
            stored = {**store.columns, **store.identity, **store.text_codes}
            if name in stored:
                moved = self._offsets[customers] - store.offsets[:-1]
                merged[np.arange(store.n_events) + np.repeat(moved, np.diff(store.offsets))] = stored[name]
        merged.flags.writeable = False  # as in a mapped store, so that the same machine code serves
        return merged

    def __iter__(self) -> Iterator[str]:
        return iter(self._dtypes)

    def __len__(self) -> int:
        return len(self._dtypes)
