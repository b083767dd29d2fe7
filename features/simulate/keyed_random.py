"""Random numbers that depend on a seed, a purpose and a time, not on what was drawn before.

Two worlds of the same seed meet the same chances on the same day, whatever happened in either; so their difference is
the effect of what was done (common random numbers).
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Purpose(IntEnum):
    """What a random number is for; the numbers belong to the seed, so they stay."""

    PREFERENCES = 1
    PLACES = 2
    OPT_OUTS = 3
    PURCHASES = 4
    VISIT_CAMPAIGN = 5
    INCENTIVE_CAMPAIGN = 6
    VISITS = 7
    INCENTIVES = 8
    INDUCED = 9
    REDEEMED = 10
    SUPPRESSED = 11
    RETENTION = 12
    USAGE = 13
    FEEDBACK = 14
    CHANNELS = 15
    RECORDED = 16
    OWN_EVENTS = 17


class KeyedRandom(NamedTuple):
    """Generators by purpose and key; customer i always finds its numbers at position i.

    Examples
    --------
    >>> chances = KeyedRandom(seed=(7,))
    >>> few, many = (chances.generator(Purpose.USAGE, 3).random(n) for n in (2, 5))
    >>> bool((few == many[:2]).all())
    True
    """

    seed: tuple[int, ...]

    def first(self) -> "KeyedRandom":
        """Return the random numbers of the world's own seed, whatever future it has."""
        return KeyedRandom(self.seed[:1])

    def generator(self, purpose: Purpose, *key: int) -> np.random.Generator:
        """Return the generator of a purpose and a key of whole numbers, such as a day."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(int(purpose), *key, 0))
        return np.random.default_rng(sequence)
