"""Histories drawn from known parameters, a simulated shop, and CDNOW where it is at hand."""

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.logs import START, simulated, stored
from tests.training.training_sets import fitted, windows_at


def _bg_nbd(r, alpha, a, b, *, T, t, seed, early_exits=0):
    """Customers followed over T days and t days more: their history, ``future`` purchases, ``alive`` at T."""
    rng = np.random.default_rng(seed)
    n = len(T)
    rate, leaves = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    clock, frequency, recency, future = np.zeros((4, n))
    alive = np.ones(n, dtype=bool)
    here = np.arange(n)
    if early_exits:
        alive[:] = rng.random(n) > leaves
        here = here[alive]
    while len(here):
        clock[here] += rng.exponential(1, len(here)) / rate[here]
        here = here[clock[here] <= T[here] + t]
        past = clock[here] <= T[here]
        frequency[here] += past
        recency[here] = np.where(past, clock[here], recency[here])
        future[here] += ~past
        ends = rng.random(len(here)) < leaves[here]
        alive[here[ends & past]] = False
        here = here[~ends]
    return pd.DataFrame(
        {"frequency": frequency, "recency": recency, "T": T, "future": future, "alive": alive}, dtype=float
    )


def _mbg_nbd(r, alpha, a, b, *, T, t, seed):
    return _bg_nbd(r, alpha, a, b, T=T, t=t, seed=seed, early_exits=1)


def _pareto_nbd(r, alpha, s, beta, *, T, t, seed):
    rng = np.random.default_rng(seed)
    n = len(T)
    rate, end = rng.gamma(r, 1 / alpha, n), rng.exponential(1, n) / rng.gamma(s, 1 / beta, n)
    frequency = rng.poisson(rate * np.minimum(end, T))
    latest = rng.random(n) ** (1 / np.maximum(frequency, 1))
    recency = np.where(frequency > 0, latest * np.minimum(end, T), 0)
    future = rng.poisson(rate * np.maximum(np.minimum(end, T + t) - T, 0))
    return pd.DataFrame(
        {"frequency": frequency, "recency": recency, "T": T, "future": future, "alive": end > T}, dtype=float
    )


@pytest.fixture(scope="session")
def draw():
    """By model name: ``draw(*parameters, T=days of each customer, t=days, seed=...)``."""
    return {"BGNBD": _bg_nbd, "MBGNBD": _mbg_nbd, "ParetoNBD": _pareto_nbd}


@pytest.fixture(scope="session")
def with_parameters():
    """A model with given parameters, as if it had been fitted."""

    def build(model, *values):
        ready = model()
        ready.params_ = dict(zip(model.PARAMETERS, values, strict=True))
        return ready

    return build


@pytest.fixture(scope="session")
def cdnow():
    """CDNOW's published sample to 1997-09-30: frequency, recency, T (days) and monetary_value, 2,357 rows."""
    shared = Path(__file__).parents[4] / "shared" / "data" / "cdnow_sample.parquet"
    lifetimes = find_spec("lifetimes")
    if shared.exists():
        purchases = pd.read_parquet(shared)[["customer_id", "event_time", "amount"]]
    elif lifetimes and lifetimes.submodule_search_locations:
        text = Path(lifetimes.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt"
        purchases = pd.read_csv(text, sep=r"\s+", header=None, usecols=[1, 2, 4])
        purchases.columns = ["customer_id", "event_time", "amount"]
        purchases["event_time"] = pd.to_datetime(purchases["event_time"].astype(str), format="%Y%m%d")
    else:
        pytest.skip("CDNOW is not at hand (it may not be shipped): install the package Lifetimes to run this")
    end = pd.Timestamp("1997-09-30")
    days = purchases[purchases["event_time"] <= end].assign(day=lambda p: p["event_time"].dt.normalize())
    days = days.groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    days["first"] = days.groupby("customer_id")["day"].transform("min")
    customers = days.groupby("customer_id").agg(first=("day", "min"), last=("day", "max"), n=("day", "size"))
    repeats = days[days["day"] > days["first"]]
    return pd.DataFrame(
        {
            "frequency": customers["n"] - 1.0,
            "recency": (customers["last"] - customers["first"]).dt.days.astype(float),
            "T": (end - customers["first"]).dt.days.astype(float),
            "monetary_value": repeats.groupby("customer_id")["amount"].mean().reindex(customers.index),
        }
    )


@pytest.fixture(scope="session")
def windows(tmp_path_factory):
    """A shop of 500 customers at 540 days, with a window a year ago; what came in the 90 days after is known."""
    return windows_at(stored(simulated(500, days=660), tmp_path_factory.mktemp("shop")), START + timedelta(540), [90])


@pytest.fixture(scope="session")
def purchase_model(windows):
    """The purchase model fitted to these windows."""
    return fitted(windows)
