"""Computes the next item of an iterator in a background thread while the current one is used."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def prefetch(items: Iterator[Item], background: bool = True) -> Generator[Item]:
    """Yield the items, none of which may be None; without `background`, compute each when it is asked for.

    Closing the generator waits for the item that is being computed.
    """
    if not background:
        yield from items
        return
    with ThreadPoolExecutor(1) as thread:
        upcoming = thread.submit(next, items, None)
        while (item := upcoming.result()) is not None:
            upcoming = thread.submit(next, items, None)
            yield item
