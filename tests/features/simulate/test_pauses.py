"""Pauses of simulated customers."""

import numpy as np
import pandas as pd

from features.simulate import Truth
from features.simulate.pauses import draw_pauses, read_pauses

TRUTH = Truth.plain(active_days=30.0, pause_days=60.0, days=400, acquisition_days=200)


def test_active_and_paused_times_have_their_means():
    """Two thirds of the time is paused, pauses follow each other without overlap, and last 60 days on average."""
    pauses = draw_pauses(TRUTH, np.zeros(3_000), (1, 0))
    known = np.isfinite(pauses.ends)
    assert abs((pauses.ends[known] - pauses.begins[known]).mean() - 60) < 3
    assert (pauses.begins[:, 1:] >= pauses.ends[:, :-1]).all()
    customer = np.repeat(np.arange(3_000), 3)
    paused = pauses.include(customer, np.tile([200.0, 300.0, 400.0], 3_000))
    assert abs(paused.mean() - 60 / 90) < 0.02
    assert not pauses.include(np.arange(3_000), np.zeros(3_000)).any()


def test_what_is_written_is_read():
    """The text of the truth table gives the same pauses to the second."""
    pauses = draw_pauses(TRUTH, np.linspace(0, 150, 40), (2, 0))
    again = read_pauses(TRUTH, pd.Series(pauses.text(TRUTH)))
    width = again.begins.shape[1]
    known = np.isfinite(again.ends)
    assert (known == np.isfinite(pauses.ends[:, :width])).all()
    assert np.abs(again.begins[known] - pauses.begins[:, :width][known]).max() < 1e-3
    assert np.abs(again.ends[known] - pauses.ends[:, :width][known]).max() < 1e-3
