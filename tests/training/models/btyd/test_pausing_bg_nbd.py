"""BG/NBD with pauses: BG/NBD where nobody returns, the mean over simulated customers, and never a buried buyer."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.pausing_bg_nbd import PausingBGNBD

PARAMETERS = {"r": 0.6, "alpha": 20.0, "a": 0.5, "b": 4.0}


def model(shape: float, gaps: float = 3.0, **parameters: float) -> PausingBGNBD:
    """A model with given parameters."""
    given = PausingBGNBD(pause_shape=shape, pause_gaps=gaps)
    given.params_ = PARAMETERS | parameters
    return given


def customers(x: object, t_x: object, T: object) -> pd.DataFrame:
    """Histories."""
    return pd.DataFrame({"frequency": x, "recency": t_x, "T": T}, dtype=float)


HISTORIES = customers([0, 1, 3, 53, 200], [0, 10, 150, 137, 300], [300, 300, 200, 273, 301])


def test_with_a_shape_of_zero_it_is_bg_nbd():
    """Nobody comes back."""
    plain = BGNBD()
    plain.params_ = PARAMETERS
    for horizon in (0, 1, 90, 2000):
        for method in ("expected_purchases", "no_purchase_probability", "probability_alive"):
            arguments = (HISTORIES,) if method == "probability_alive" else (HISTORIES, horizon)
            assert getattr(model(0.0), method)(*arguments) == pytest.approx(
                getattr(plain, method)(*arguments), abs=1e-12
            )


@given(
    shape=st.floats(0, 0.95),
    gaps=st.floats(0.01, 1000),
    a=st.floats(0.01, 50),
    b=st.floats(0.01, 50),
    x=st.integers(0, 300),
    share=st.floats(0, 1),
    T=st.floats(1, 3000),
)
def test_the_laws_in_the_horizon_hold(shape, gaps, a, b, x, share, T):
    """Counts never fall, P(no purchase) never rises, and at least P(any purchase) is expected."""
    history = customers([x], [max(share * T, 0.1) if x else 0.0], [T])
    given = model(shape, gaps, a=a, b=b)
    horizons = (0, 1e-3, 1, 30, 365, 5000)
    expected = np.array([given.expected_purchases(history, t)[0] for t in horizons])
    none = np.array([given.no_purchase_probability(history, t)[0] for t in horizons])
    assert np.isfinite(expected).all()
    assert (np.diff(expected) >= -1e-9).all()
    assert (np.diff(none) <= 1e-12).all()
    assert ((none >= -1e-12) & (none <= 1)).all()
    assert (expected >= 1 - none - 1e-9).all()


def test_a_long_silence_of_a_frequent_buyer_does_not_end_the_forecast():
    """53 purchases in 137 days, then a silence: the forecast falls ever more slowly, that of BG/NBD to nothing."""
    silences = np.array([30.0, 136.0, 500.0, 2000.0])
    history = customers([53] * 4, [137] * 4, 137 + silences)
    plain = BGNBD()
    plain.params_ = PARAMETERS
    expected = model(0.1).expected_purchases(history, 90)
    assert (plain.expected_purchases(history, 90)[1:] < 1e-3).all()
    assert (np.diff(expected) < 0).all()
    assert (expected[1:] > [0.3, 0.1, 0.01]).all()


def test_it_forecasts_simulated_customers_who_pause():
    """Customers drawn from the model, silent for 40 to 60 days: who comes back, and how often, within its error.

    Up to the approximation that a pause before the last purchase leaves the rate as it was.
    """
    rng = np.random.default_rng(3)
    shape, gaps, n = 0.5, 2.0, 60_000
    rate, pause = rng.gamma(2.0, 1 / 10.0, n), rng.beta(0.5, 6.0, n)
    T, horizon = 100.0, 90.0
    x, t_x, later, now = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    paused_before = np.zeros(n, bool)
    live = np.ones(n, bool)
    while live.any():
        pauses = live & (rng.random(n) < pause) & (now > 0)
        length = gaps / rate * (rng.random(n) ** (-1 / shape) - 1)
        now = now + np.where(pauses, length, rng.exponential(1 / rate))
        live &= now < T + horizon
        paused_before |= live & pauses & (now < T)
        x += live & (now < T)
        t_x = np.where(live & (now < T), now, t_x)
        later += live & (now >= T)
    given = model(shape, gaps, r=2.0, alpha=10.0, a=0.5, b=6.0)
    silent = (T - t_x > 40) & (T - t_x < 60) & (x > 4) & ~paused_before
    history = customers(x[silent], t_x[silent], np.full(silent.sum(), T))
    none = given.no_purchase_probability(history, horizon)
    assert silent.sum() > 300
    assert none.mean() == pytest.approx((later[silent] == 0).mean(), abs=0.08)
    plain = BGNBD()
    plain.params_ = given.params_
    assert plain.no_purchase_probability(history, horizon).mean() > none.mean() + 0.1
    assert given.expected_purchases(history, horizon).mean() == pytest.approx(later[silent].mean(), rel=0.25)
