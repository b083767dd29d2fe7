"""Pauses are learnt from who came back, and few customers move them little."""

from dataclasses import replace

import numpy as np
import pytest

from training.models.btyd.pausing_bg_nbd import PAUSE_GAPS, PAUSE_SHAPE
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.pauses import fit_pauses
from training.models.purchases.seasonality import Seasonality


@pytest.fixture(scope="module")
def drawn(windows):
    """A function from the pauses of a shop, and how often its customers are repeated, to the pauses learnt."""
    past = windows.earlier[-1]
    fit = CutoffFit.of(past, Seasonality(past.day))
    rng = np.random.default_rng(8)

    def learn(shape, gaps, copies=20, share=1.0):
        size = int(share * len(fit.rfm))
        rows = np.tile(np.arange(size), copies)
        window = replace(past, features=past.features.iloc[rows])
        many = replace(fit, rfm=fit.rfm.iloc[rows], window=window)
        none = many.paused(shape, gaps).no_purchase_probability(90)
        bought = (rng.random(len(none)) >= none).astype(int)
        return fit_pauses([(replace(many, window=replace(window, purchases={90: bought})), 90)])

    return learn


def test_without_a_past_they_are_usual_ones():
    """The prior's."""
    assert fit_pauses([]) == (PAUSE_SHAPE, PAUSE_GAPS)


def test_many_customers_tell_how_soon_they_come_back(drawn):
    """A shop whose customers return soon has the larger shape; one whose customers do not, hardly any."""
    soon, never = drawn(0.6, 3.0)[0], drawn(1e-6, 3.0)[0]
    assert soon == pytest.approx(0.6, rel=0.4)
    assert never < PAUSE_SHAPE / 2


def test_few_customers_say_little(drawn):
    """Ten of them leave the pauses near the prior's."""
    shape, gaps = drawn(0.6, 3.0, copies=1, share=10 / 400)
    assert PAUSE_SHAPE / 4 < shape < PAUSE_SHAPE * 4
    assert PAUSE_GAPS / 4 < gaps < PAUSE_GAPS * 4
