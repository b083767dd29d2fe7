"""Hashes are spread evenly and always the same."""

import numpy as np

from planning.splitmix import splitmix64, uniform


def test_hashes_are_spread_and_fixed() -> None:
    """Uniform to a thousandth, different for another seed, the same on every machine."""
    drawn = uniform(splitmix64(1, np.arange(100_000)))
    assert abs(drawn.mean() - 0.5) < 0.005
    assert abs(drawn.std() - 12**-0.5) < 0.003
    assert abs(np.corrcoef(drawn, uniform(splitmix64(2, np.arange(100_000))))[0, 1]) < 0.02
    assert splitmix64(0, np.array([0, 1])).tolist() == splitmix64(0, np.array([1, 0])).tolist()[::-1]
    assert int(splitmix64(0, np.array([0]))[0]) == 0xE220A8397B1DCDAF  # the first output of SplitMix64 with seed 0
