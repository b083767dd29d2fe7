"""Memory of columns that are mapped from files."""

import mmap
from collections.abc import Iterator

from features.store.event_store import EventStore


def buckets_in_turn(store: EventStore) -> Iterator[EventStore]:
    """Yield the events of each bucket, and give its memory back when the next one is asked for.

    A mapped column stays in the memory of the process as far as it was read, so a pass over all buckets would come to
    hold the whole store. What is used again later is read from the file again.
    """
    for bucket in store.buckets:
        yield bucket.store
        for column in bucket.store.columns.values():
            if isinstance(column.base, mmap.mmap):
                column.base.madvise(mmap.MADV_DONTNEED)
