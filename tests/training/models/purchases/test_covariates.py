"""Signals: whole numbers' worth for every customer, without scale, and silent where the past cannot tell."""

import numpy as np
import pandas as pd

from training.models.purchases.covariates import COVARIATES, covariates
from training.models.purchases.cutoff_fit import CutoffFit


def named(standpoint):
    return pd.DataFrame(standpoint.covariates, standpoint.window.features.index, list(COVARIATES))


def changed(window, **columns):
    return type(window)(window.day, window.features.assign(**columns), window.purchases, window.spend)


def test_every_customer_has_every_signal(purchase_model, windows):
    """None is null or infinite, whoever it is."""
    assert np.isfinite(named(CutoffFit.of(windows.now, purchase_model.seasonality_)).to_numpy()).all()


def test_a_customer_of_one_purchase_tells_nothing_of_gaps(purchase_model, windows):
    """Gaps need two purchase days, their spread three; a stretch needs a customer who was there all through it."""
    found, customers = (
        named(CutoffFit.of(windows.now, purchase_model.seasonality_)),
        windows.now.features,
    )
    once, twice = customers["frequency"] == 0, customers["frequency"] == 1
    assert (found.loc[once, ["overdue", "gap_spread", "overdue_spread", "gap_last"]] == 0).all(axis=None)
    assert (found.loc[once, "one_time"] == 1).all()
    assert (found.loc[twice, ["gap_spread", "overdue_spread"]] == 0).all(axis=None)
    assert (found.loc[customers["T"] < 180, ["recent_180", "recent_365", "year_ago_28"]] == 0).all(axis=None)


def test_another_currency_changes_nothing(purchase_model, windows):
    """Money is told against the base's own."""
    here = windows.now
    dearer = {name: here.features[name] * 1300.0 for name in ("basket_mean", "basket_last")}
    there = CutoffFit.of(changed(here, **dearer), purchase_model.seasonality_)
    np.testing.assert_allclose(named(there), named(CutoffFit.of(here, purchase_model.seasonality_)), atol=1e-9)


def test_a_log_without_amounts_has_silent_baskets(purchase_model, windows):
    """Null amounts are no signal."""
    nothing = pd.Series(np.nan, windows.now.features.index)
    there = named(
        CutoffFit.of(changed(windows.now, basket_mean=nothing, basket_last=nothing), purchase_model.seasonality_)
    )
    assert (there[["basket", "basket_last"]] == 0).all(axis=None)


def test_one_busier_than_usual_has_higher_signals(purchase_model, windows):
    """More purchase days in the last quarter than the own rate leads to expect raise the signal of that stretch."""
    here = windows.now
    old = here.features["T"] >= 90
    raised = old & (np.arange(len(old)) % 2 == 1)
    more = here.features.assign(purchase_days_90=here.features["purchase_days_90"] + raised)
    there = CutoffFit.of(here, purchase_model.seasonality_)
    after = covariates(more, there.rfm, there.bg_nbd, there.seasonality, there.base, here.day)
    rises = pd.Series((after - there.covariates)[:, COVARIATES.index("recent_90")], here.features.index)
    assert (rises[raised] > 0).all()
    assert (rises[~raised] == 0).all()
