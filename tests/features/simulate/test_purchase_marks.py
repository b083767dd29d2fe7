"""Purchases have sizes of mean one, and some are returned."""

import numpy as np
import pytest

from features.simulate import Truth
from features.simulate.keyed_random import KeyedRandom, Purpose
from features.simulate.purchase_marks import draw_marks, returns


def test_sizes_and_returns_are_those_of_the_truth() -> None:
    """Sizes have mean one; the share of returns is the truth's; a return gives back at most the amount, later."""
    truth = Truth(return_share=0.2)
    marks = draw_marks(truth, KeyedRandom((1,)), Purpose.PURCHASES, (3,), 20_000)
    assert marks["size"].mean() == pytest.approx(1, abs=0.01)
    rows, days, back = returns(truth, np.full(20_000, 10.0), marks["chance"])
    assert len(rows) / 20_000 == pytest.approx(0.2, abs=0.01)
    assert (days >= 1).all()
    assert days.mean() == pytest.approx(11, abs=0.5)
    assert ((back > 0) & (back <= 10)).all()
    assert (back == 10).mean() == pytest.approx(0.6, abs=0.03)
