"""Rows as columns are chosen, joined and sorted together."""

import numpy as np

from features.simulate.world_rows import in_order, join, where


def test_rows_stay_together() -> None:
    """Whatever is done to the rows, the columns of each row move with it."""
    rows = {"customer": np.array([2, 1, 1]), "time": np.array([0.5, 3.0, 2.0]), "mark": np.array([25, 13, 12])}
    assert in_order(rows)["mark"].tolist() == [12, 13, 25]
    assert where(rows, rows["customer"] == 1)["mark"].tolist() == [13, 12]
    assert join([rows, where(rows, [0])])["mark"].tolist() == [25, 13, 12, 25]
