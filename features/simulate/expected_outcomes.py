"""The true expectations of simulated customers: what a perfect model would forecast, and the true uplift."""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import InvalidArgumentError
from features.simulate.seasonal_time import Floats, seasonal_clock, to_days
from features.simulate.state_expectations import Living, expectations_from, state_at
from features.simulate.truth import Truth


def expected_in(
    truth_table: pd.DataFrame,
    truth: Truth,
    as_of: str | date,
    horizon_days: int,
    action: str | None = None,
    last_purchase: pd.Series | None = None,
) -> pd.DataFrame:
    """Compute each customer's true expectations in [as_of, as_of + horizon_days), given their state at `as_of`.

    Only the state decides the future: alive or not, paused or not, purchase rate, dropout and mean spend, and with
    `gap_phases` the time since the last purchase. Actions are not included,
    neither earlier ones that still act nor later ones. To compare forecasts with a log that has actions, simulate
    `Truth.without_effects()`. The difference between the results with and without an `action` is its true uplift.

    Parameters
    ----------
    truth_table : DataFrame
        As returned by `simulate`.
    truth : Truth
        The parameters it was simulated with.
    as_of : str, datetime.date or datetime.datetime
        Wall-clock time of the log; an offset is ignored.
    horizon_days : int
        At least 1.
    action : str, optional
        Channel of one visit or incentive that every customer gets at `as_of`; not with phases or pauses.
    last_purchase : pandas.Series, optional
        Timestamps of the last purchase before `as_of`, indexed by `customer_id`; needed with `gap_phases` above 1.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`, the customers with a purchase before `as_of`, with the columns `alive` (at `as_of`),
        `expected_purchases` (days with a purchase), `churn_probability` (of no purchase) and `expected_spend`
        (currency, returns not deducted).

    Raises
    ------
    InvalidArgumentError
        When the horizon is below one day, `as_of` is after the end of the log, the truth has no such action, or
        an argument does not fit its phases and pauses.

    Notes
    -----
    With purchase rate l, weight w of the day, dropout probability p after a purchase and dropout rate m per day, a
    customer who is alive in the morning buys that day with probability l w g(l w + m), is alive the next morning with
    probability exp(-l w p - m), and makes l w g(l w p + m) purchases, where g(x) = (1 - exp(-x)) / x (thinned Poisson
    processes; one of p and m is 0).
    """
    if horizon_days < 1:
        raise InvalidArgumentError(f"horizon_days is {horizon_days}; expected at least 1")
    cutoff = pd.Timestamp(as_of).tz_localize(None)
    if to_days(truth, cutoff.to_pydatetime()) > truth.days:
        raise InvalidArgumentError(f"as_of is {cutoff}; expected a time in the {truth.days} days from {truth.start}")
    acts_days = _days_of(truth, action)
    table = truth_table[truth_table["first_purchase"] < cutoff]
    alive = (table["alive_until"].isna() | (table["alive_until"] > cutoff)).to_numpy()

    start = to_days(truth, cutoff.to_pydatetime())
    end = start + horizon_days
    inner = np.arange(np.floor(start) + 1, np.ceil(end))
    edges = np.concatenate([[start], inner, [end]])
    clock = seasonal_clock(truth, int(np.ceil(end)) + 1)
    weights = np.diff(clock.at(edges))
    lifted = np.diff(clock.at(np.minimum(edges, start + acts_days)))

    living_table = table[alive]
    rate = living_table["rate"].to_numpy()
    effect = np.zeros(len(rate)) if action is None else living_table[f"effect_{action}"].to_numpy()
    probability = living_table["dropout_probability"].to_numpy()
    leaving = living_table["dropout_rate"].to_numpy()
    if truth.has_states:
        if action is not None or (truth.gap_phases > 1 and last_purchase is None):
            raise InvalidArgumentError(
                f"action is {action!r} with phases or pauses; expected none, and last_purchase if gap_phases is above 1"
            )
        last = np.zeros(len(rate))
        if last_purchase is not None:
            times = pd.to_datetime(last_purchase.reindex(living_table.index))
            last = np.array([to_days(truth, time.to_pydatetime()) for time in times])
        states = state_at(truth, living_table, clock, start, last)
        days, none, purchases = expectations_from(
            truth, Living(rate, probability, leaving), states, weights, np.diff(edges)
        )
        return _outcome(table, alive, days, none, purchases)
    living, silent = np.ones(len(rate)), np.ones(len(rate))
    left_silent, days, purchases = np.zeros(len(rate)), np.zeros(len(rate)), np.zeros(len(rate))
    for weight, lift, length in zip(weights, lifted, np.diff(edges), strict=True):
        expected = rate * (weight + effect * lift)
        leaves = leaving * length
        any_purchase = _mean_decay(expected + leaves)
        days += living * expected * any_purchase
        left_silent += silent * leaves * any_purchase
        silent = silent * np.exp(-expected - leaves)
        purchases += living * expected * _mean_decay(expected * probability + leaves)
        living = living * np.exp(-expected * probability - leaves)
    return _outcome(table, alive, days, silent + left_silent, purchases)


def _outcome(
    table: pd.DataFrame, alive: NDArray[np.bool_], days: Floats, none: Floats, purchases: Floats
) -> pd.DataFrame:
    """Return the expectations of all customers; churned ones buy nothing."""
    outcome = pd.DataFrame({"alive": alive}, index=table.index).assign(
        expected_purchases=0.0, churn_probability=1.0, expected_spend=0.0
    )
    outcome.loc[alive, "expected_purchases"] = days
    outcome.loc[alive, "churn_probability"] = none
    outcome.loc[alive, "expected_spend"] = purchases * table.loc[alive, "mean_spend"].to_numpy()
    return outcome


def _mean_decay(x: Floats) -> Floats:
    """Return (1 - exp(-x)) / x, and 1 at 0."""
    safe = np.maximum(x, 1e-300)
    return np.where(x > 1e-300, -np.expm1(-safe) / safe, 1.0)


def _days_of(truth: Truth, action: str | None) -> int:
    if action is None:
        return 0
    if action in [visit.channel for visit in truth.visits]:
        return truth.visit_days
    if action in [incentive.channel for incentive in truth.incentives]:
        return truth.incentive_days
    channels = [known.channel for known in truth.visits + truth.incentives]
    raise InvalidArgumentError(f"action is {action!r}; expected one of this truth's {channels}")
