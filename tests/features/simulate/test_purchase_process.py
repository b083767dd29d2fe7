"""What is measured in a simulated log is the truth it was drawn from."""

import numpy as np
import pandas as pd
import pytest

from features.simulate import Action, Truth, simulate

START = np.datetime64("2023-01-01")


def purchases_by_day(log: pd.DataFrame, truth_table: pd.DataFrame, days: int) -> np.ndarray:
    """Purchases of each customer (row) before each day (column) since the start."""
    bought = log[log["event_type"] == "purchase"]
    row = truth_table.index.get_indexer(pd.Index(bought["customer_id"]))
    day = (bought["event_time"].to_numpy().astype("datetime64[D]") - START).astype(int)
    counts = np.zeros((len(truth_table), days + 1), dtype=np.int32)
    np.add.at(counts, (row, day + 1), 1)
    return counts.cumsum(axis=1)


def test_purchase_rates_have_their_distribution() -> None:
    """Without dropout purchases in a year are NBD: mean and variance of the Poisson-gamma mixture."""
    truth = Truth.plain("none", r=0.8, alpha=60.0, days=366, acquisition_days=1)
    log, truth_table = simulate(truth, customers=20_000, seed=1)
    bought = purchases_by_day(log.to_pandas(), truth_table, 366)
    repeats = bought[:, 366] - bought[:, 1]
    mean = 0.8 / 60 * 365
    assert repeats.mean() == pytest.approx(mean, rel=0.03)
    assert repeats.var() == pytest.approx(mean + mean**2 / 0.8, rel=0.06)
    assert np.corrcoef(truth_table["rate"], repeats)[0, 1] > 0.85


@pytest.mark.parametrize("dropout", ["bg", "mbg", "pareto"])
def test_repeat_purchases_follow_the_published_models(dropout: str) -> None:
    """The share without a repeat purchase and the mean number agree with each model's own formula."""
    r, alpha, a, b, s, beta, t = 0.9, 40.0, 1.5, 4.0, 1.6, 300.0, 400
    truth = Truth.plain(dropout, r=r, alpha=alpha, a=a, b=b, s=s, beta=beta, days=t + 1, acquisition_days=1)  # type: ignore[arg-type]
    log, truth_table = simulate(truth, customers=40_000, seed=2)
    frame = log.to_pandas()
    repeats = frame.groupby("customer_id").size().reindex(truth_table.index).to_numpy() - 1
    silent = (alpha / (alpha + t)) ** r
    if dropout == "bg":
        expected = silent
    elif dropout == "mbg":
        expected = a / (a + b) + b / (a + b) * silent
    else:
        # E[X(t)] of Pareto/NBD, Schmittlein et al. 1987, eq. 17
        mean = r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + t)) ** (s - 1))
        assert repeats.mean() == pytest.approx(mean, rel=0.03)
        alive = truth_table["alive_until"].isna() | (
            truth_table["alive_until"] > truth_table["first_purchase"] + pd.Timedelta(days=200)
        )
        assert alive.mean() == pytest.approx((beta / (beta + 200)) ** s, abs=0.01)
        return
    # A first purchase may fall late on its day: half a day of 400 does not show.
    assert (repeats == 0).mean() == pytest.approx(expected, abs=0.01)
    assert truth_table["dropout_probability"].mean() == pytest.approx(a / (a + b), abs=0.005)


def differences(truth: Truth, event_type: str, by_lot: str, customers: int) -> dict[bool, tuple[float, float]]:
    """By lot or not: purchases in 29 days after an action less those without one, and the truth of it."""
    log, truth_table = simulate(truth, customers=customers, seed=4)
    frame = log.to_pandas()
    counts = purchases_by_day(frame, truth_table, truth.days)
    done = frame[frame["event_type"] == event_type]
    if event_type == "incentive":
        done = done[done["outcome"] == "sent"]
    row = truth_table.index.get_indexer(pd.Index(done["customer_id"]))
    day = (done["event_time"].to_numpy().astype("datetime64[D]") - START).astype(int)
    acted = np.full((len(truth_table), truth.days // 28 + 1), -1)
    acted[row, day // 28] = day
    first = (truth_table["first_purchase"].to_numpy().astype("datetime64[D]") - START).astype(int)
    channel = (truth.visits + truth.incentives)[0].channel
    gain = (truth_table["rate"] * truth_table[f"effect_{channel}"]).to_numpy() * 28
    rng = np.random.default_rng(0)
    workdays = np.flatnonzero((truth.start.weekday() + np.arange(28)) % 7 < 5)

    after: dict[tuple[bool, bool], list[np.ndarray]] = {}
    gains: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for number in range(1, truth.days // 28 - 2):
        # Those without an action are watched from a day like those with one.
        begin = np.where(acted[:, number] >= 0, acted[:, number], number * 28 + rng.choice(workdays, len(acted)))
        seen = counts[np.arange(len(acted)), begin + 29] - counts[np.arange(len(acted)), begin]
        for lot in (True, False):
            known = (first < number * 28) & (truth_table[by_lot].to_numpy() == lot)
            for had in (True, False):
                after.setdefault((lot, had), []).append(seen[known & ((acted[:, number] >= 0) == had)])
            gains[lot].append(gain[known & (acted[:, number] >= 0)])
    mean = {key: np.concatenate(parts).mean() for key, parts in after.items()}
    return {lot: (mean[lot, True] - mean[lot, False], np.concatenate(gains[lot]).mean()) for lot in gains}


@pytest.mark.parametrize("effect", [0.5, 0.0, -0.6])
def test_visits_by_lot_show_their_effect_and_chosen_ones_do_not(effect: float) -> None:
    """The difference in means is the given effect where a lot decided, far above it where reps chose."""
    truth = Truth.plain("none", r=1.5, alpha=30.0, visits=(Action("phone", 4.0, effect),), visit_random_share=0.5)
    shown = differences(truth, "visit", "visits_at_random", customers=10_000)
    seen, true = shown[True]
    # Harms of two visits at the same time multiply, so a second one does a little less.
    assert seen == pytest.approx(true, abs=0.04 if effect >= 0 else 0.08)
    seen, true = shown[False]
    assert seen > true + 0.4


def test_incentives_by_lot_show_their_effect_and_chosen_ones_hide_it() -> None:
    """Incentives go to those who stay away, so a useful one looks harmful unless a lot decided."""
    truth = Truth.plain(
        "none", r=1.5, alpha=30.0, incentives=(Action("coupon", 4.0, 0.4),), incentive_random_share=0.5,
        incentive_days=28,
    )  # fmt: skip
    shown = differences(truth, "incentive", "incentives_at_random", customers=10_000)
    assert shown[True][0] == pytest.approx(shown[True][1], abs=0.04)
    assert shown[False][0] < 0 < shown[False][1]


def test_actions_without_effect_add_nothing() -> None:
    """A world without effects has its visits and incentives, and no induced purchase."""
    log, truth_table = simulate(Truth().without_effects(), customers=1_000, block=1_000)
    assert {"visit", "incentive"} <= set(log["event_type"].to_pylist())
    assert (truth_table["induced_purchases"] == 0).all()
    _, with_effects = simulate(customers=1_000, block=1_000)
    assert with_effects["induced_purchases"].sum() > 100
