"""Signals: whole numbers' worth for every customer, without scale, and silent where the past cannot tell."""

import numpy as np
import pandas as pd

from training.models.purchases.covariates import NAMES, signals
from training.models.purchases.cutoff_fit import Standpoint


def named(standpoint):
    return pd.DataFrame(standpoint.signals, standpoint.window.features.index, list(NAMES))


def changed(window, **columns):
    return type(window)(window.day, window.features.assign(**columns), window.purchases, window.spend)


def test_every_customer_has_every_signal(count_model, lesson):
    """None is null or infinite, whoever it is."""
    assert np.isfinite(named(Standpoint.of(lesson.now, count_model.clock_)).to_numpy()).all()


def test_a_customer_of_one_purchase_tells_nothing_of_gaps(count_model, lesson):
    """Gaps need two purchase days, their spread three; a stretch needs a customer who was there all through it."""
    found, customers = named(Standpoint.of(lesson.now, count_model.clock_)), lesson.now.features
    once, twice = customers["frequency"] == 0, customers["frequency"] == 1
    assert (found.loc[once, ["overdue", "gap_spread", "overdue_spread", "gap_last"]] == 0).all(axis=None)
    assert (found.loc[once, "one_time"] == 1).all()
    assert (found.loc[twice, ["gap_spread", "overdue_spread"]] == 0).all(axis=None)
    assert (found.loc[customers["T"] < 180, ["recent_180", "recent_365", "year_ago_28"]] == 0).all(axis=None)


def test_another_currency_changes_nothing(count_model, lesson):
    """Money is told against the base's own."""
    here = lesson.now
    dearer = {name: here.features[name] * 1300.0 for name in ("basket_mean", "basket_last")}
    there = Standpoint.of(changed(here, **dearer), count_model.clock_)
    np.testing.assert_allclose(named(there), named(Standpoint.of(here, count_model.clock_)), atol=1e-9)


def test_a_log_without_amounts_has_silent_baskets(count_model, lesson):
    """Null amounts are no signal."""
    nothing = pd.Series(np.nan, lesson.now.features.index)
    there = named(Standpoint.of(changed(lesson.now, basket_mean=nothing, basket_last=nothing), count_model.clock_))
    assert (there[["basket", "basket_last"]] == 0).all(axis=None)


def test_one_busier_than_usual_has_higher_signals(count_model, lesson):
    """More purchase days in the last quarter than the own rate leads to expect raise the signal of that stretch."""
    here = lesson.now
    old = here.features["T"] >= 90
    raised = old & (np.arange(len(old)) % 2 == 1)
    more = here.features.assign(purchase_days_90=here.features["purchase_days_90"] + raised)
    there = Standpoint.of(here, count_model.clock_)
    after = signals(more, there.histories, there.model, there.clock, there.base, here.day)
    rises = pd.Series((after - there.signals)[:, NAMES.index("recent_90")], here.features.index)
    assert (rises[raised] > 0).all()
    assert (rises[~raised] == 0).all()
