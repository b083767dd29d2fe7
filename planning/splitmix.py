"""Random numbers by hashes of whole numbers, so that a row has the same wherever it stands."""

import numpy as np
from numpy.typing import NDArray


def splitmix64(seed: int, *numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a hash of whole numbers (SplitMix64), the same wherever a row stands.

    References
    ----------
    Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators".
    """
    state = np.full(np.broadcast(*numbers).shape, seed % 2**64, np.uint64)
    with np.errstate(over="ignore"):
        for number in numbers:
            state = (state ^ number.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state ^= state >> np.uint64(31)
    return state


def uniform(hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return numbers above 0 and below 1 from hashes."""
    return ((hashes >> np.uint64(11)).astype(float) + 0.5) / 2.0**53
