"""Random numbers depend on their key alone."""

import numpy as np

from features.simulate.keyed_random import KeyedRandom, Purpose


def test_the_key_decides() -> None:
    """The same seed, purpose and day give the same numbers in any order; another of them gives others."""
    chances = KeyedRandom((3,))
    later = chances.generator(Purpose.USAGE, 9).random(4)
    first = chances.generator(Purpose.USAGE, 8).random(4)
    np.testing.assert_array_equal(KeyedRandom((3,)).generator(Purpose.USAGE, 8).random(4), first)
    others = [later, KeyedRandom((4,)).generator(Purpose.USAGE, 8).random(4)]
    others += [chances.generator(Purpose.VISITS, 8).random(4), chances.generator(Purpose.USAGE, 8, 0).random(4)]
    assert all(not np.intersect1d(first, other).size for other in others)


def test_purposes_differ() -> None:
    """No two purposes share their numbers."""
    assert len({purpose.value for purpose in Purpose}) == len(Purpose)
