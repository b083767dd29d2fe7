"""Memory for tables that are made one after another: fresh memory costs a page fault for every few kilobytes."""

import sys

import numpy as np
from numpy.typing import NDArray


class ReusedMemory:
    """Gives matrices on blocks of memory, a block again once nothing refers to its last matrix.

    Whoever keeps a matrix, or a frame or view of it, keeps the block, and others get another one. For one thread.

    Examples
    --------
    >>> memory = ReusedMemory()
    >>> first = memory.matrix(2, 3)
    >>> first[:] = 1
    >>> kept = first[0]
    >>> del first
    >>> memory.matrix(2, 3)[:] = 2
    >>> kept
    array([1., 1., 1.])
    """

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.float64]] = []

    def matrix(self, rows: int, columns: int) -> NDArray[np.float64]:
        """Return an uninitialised matrix, shape (rows, columns)."""
        size = rows * columns
        for place in range(len(self._blocks)):
            # The list and the call itself refer to the block; a view of it would be a third.
            if sys.getrefcount(self._blocks[place]) > 2:
                continue
            if len(self._blocks[place]) < size:
                self._blocks[place] = _block(size)
            return self._blocks[place][:size].reshape(rows, columns)
        self._blocks.append(_block(size))
        return self._blocks[-1][:size].reshape(rows, columns)


def _block(size: int) -> NDArray[np.float64]:
    """Return a block with room to grow, for later cutoffs know more customers; what is not written to costs nothing."""
    return np.empty(size + size // 2)
