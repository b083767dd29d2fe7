"""The level of past windows: learnt from many purchases in many quarters, hardly from few."""

from dataclasses import replace

import numpy as np
import pytest

from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.level_variance import LevelVariance
from training.models.purchases.past_level import LEVEL_SD, QUARTER_SD, past_level
from training.models.purchases.seasonality import Seasonality


@pytest.fixture(scope="module")
def learnt(windows):
    """The level learnt from windows in which a base, `copies` times as large, bought `factor` as much as expected."""
    fits = [CutoffFit.of(window, Seasonality(window.day)) for window in windows.earlier]
    rng = np.random.default_rng(5)

    def learn(factor, copies, quarters, often=1):
        past = []
        for start in range(quarters):
            rows = np.arange(int(copies * len(fits[0].rfm))) % len(fits[0].rfm)
            window = replace(fits[0].window, features=fits[0].window.features.iloc[rows], day=90 * start)
            fit = replace(fits[0], window=window, rfm=fits[0].rfm.iloc[rows])
            purchases = rng.poisson(factor * fit.expected_purchases(90))
            past += [(replace(fit, window=replace(window, purchases={90: purchases})), 90)] * often
        return past_level(past)

    return learn


def test_without_a_past_there_is_none():
    """The base model's total is kept, and its level is as uncertain as those of bases are."""
    assert past_level([]) == (0, LevelVariance(LEVEL_SD**2, QUARTER_SD**2))


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.5])
def test_many_quarters_of_a_large_base_teach_it_whole(learnt, factor):
    """The forecast follows what came, again and again."""
    assert learnt(factor, 40, 40)[0] == pytest.approx(np.log(factor), abs=0.03)


def test_one_quarter_may_have_been_another(learnt):
    """A large base in one quarter teaches half of it: quarters differ as much as bases do."""
    share = LEVEL_SD**2 / (LEVEL_SD**2 + QUARTER_SD**2)
    assert learnt(1.5, 20, 1)[0] == pytest.approx(share * np.log(1.5), rel=0.1)


def test_few_customers_hardly_move_it(learnt):
    """A few purchases more or less are chance, and taken for it."""
    assert learnt(1.5, 0.05, 2)[0] < 0.15 * np.log(1.5)


def test_every_quarter_leaves_less_open(learnt):
    """The variance of the lasting level falls with the quarters to the error of the expectation; a quarter's stays."""
    variances = [learnt(1.2, 20, quarters)[1] for quarters in (1, 4, 40)]
    assert [round(variance.lasting / LEVEL_SD**2, 2) for variance in variances] == [0.51, 0.23, 0.06]
    assert {variance.quarter for variance in variances} == {QUARTER_SD**2}


def test_windows_of_the_same_days_count_once(learnt):
    """The same purchases seen from three cutoffs say no more than from one."""
    assert learnt(1.5, 20, 2, often=3)[0] == pytest.approx(learnt(1.5, 20, 2)[0], rel=0.05)


def test_more_quarters_of_the_same_few_customers_do_not_teach_it_whole(learnt):
    """Of few customers the expectation itself is uncertain, and it is the same one in every quarter."""
    assert learnt(1.5, 0.05, 40)[0] < 0.6 * np.log(1.5)
    assert learnt(1.5, 0.05, 40)[1].lasting > 0.4 * LEVEL_SD**2
