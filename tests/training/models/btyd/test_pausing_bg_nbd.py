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


def simulated(n, T, horizon, shape, gaps, r, alpha, a, b, seed):
    """Histories at T of customers drawn from the model, purchases in the horizon, and who paused before their last."""
    rng = np.random.default_rng(seed)
    rate, pause = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    x, t_x, later, now = np.zeros((4, n))
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
    return customers(x, t_x, np.full(n, T)), later, paused_before


def test_it_forecasts_simulated_customers_by_length_of_silence():
    """Customers drawn from the model who have not paused before: P(no purchase) and counts by tenth of silence.

    The model takes no pause for ended by the last purchase, and pauses after the cutoff for endless.
    """
    truth = {"r": 1.0, "alpha": 20.0, "a": 0.8, "b": 2.4}
    X, later, paused_before = simulated(100_000, 365.0, 90.0, 0.3, 3.0, **truth, seed=5)
    fresh = ((X["frequency"] > 0) & ~paused_before).to_numpy()
    X, later = X[fresh], later[fresh]
    model_ = model(0.3, 3.0, **truth)
    table = pd.DataFrame({"expected": model_.expected_purchases(X, 90), "later": later})
    table["none"], table["came_not"] = model_.no_purchase_probability(X, 90), later == 0
    tenth = pd.qcut(X["T"] - X["recency"], 10, labels=False)
    means, size = table.groupby(tenth).mean(), table.groupby(tenth).size()
    error = 4 * np.sqrt(means["came_not"] * (1 - means["came_not"]) / size)
    assert (abs(means["none"] - means["came_not"]) < error + 0.01).all()
    assert means["expected"].to_numpy() == pytest.approx(means["later"].to_numpy(), rel=0.15)
    assert means["expected"].sum() == pytest.approx(means["later"].sum(), rel=0.03)


def test_a_customer_in_a_pause_buys_as_often_as_in_simulated_futures():
    """The rate, the next pause and the return drawn anew: the expectation is their mean, up to the time left at it."""
    rng = np.random.default_rng(2)
    n, x, t_x, T, horizon = 200_000, 6, 100.0, 160.0, 365.0
    a, b, r, alpha = (PARAMETERS[name] for name in ("a", "b", "r", "alpha"))
    given = model(0.4, 2.0)
    since = 2.0 * (alpha + t_x) / (r + x) + T - t_x
    back = since * (rng.random(n) ** (-1 / 0.4) - 1)
    rate, pause = rng.gamma(r + x, 1 / (alpha + t_x), n), rng.beta(a + 1, b + x - 1, n)
    left = np.maximum(horizon - back, 0)
    chances = rng.poisson(rate * left)  # purchases until the horizon if none began a pause
    until_pause = rng.geometric(pause)  # the return counts as the first
    simulated_mean = np.where(back < horizon, np.minimum(chances + 1, until_pause), 0).mean()
    history = customers([x], [t_x], [T])
    active = given.probability_alive(history)[0]
    plain = BGNBD()
    plain.params_ = PARAMETERS
    if_active = plain.expected_purchases(history, horizon) / plain.probability_alive(history)
    paused = (given.expected_purchases(history, horizon) - active * if_active) / (1 - active)
    assert paused[0] == pytest.approx(simulated_mean, rel=0.05)
