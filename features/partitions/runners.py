"""Where the ranges of customers are computed: by threads of this process, or by the workers of a Spark session."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from features.engines.feature_table import THREADS

Runner = Callable[[Callable[[int], int], int], Iterator[int]]
"""Calls a function for each number up to a limit, anywhere and in any order, and yields what it returns."""


def run_here(call: Callable[[int], int], count: int) -> Iterator[int]:
    """Call a function for each number from 0 to `count` - 1 by threads, and yield what it returns."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(call, range(count))
