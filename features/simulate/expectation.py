"""What may truly be expected of simulated customers: the limit of any model, and the true uplift."""

import numpy as np
import pandas as pd

from features.errors import InvalidArgumentError
from features.simulate.clock import Floats, clock_of, to_days
from features.simulate.truth import Truth


def expected_in(
    truth_table: pd.DataFrame, truth: Truth, as_of: object, horizon_days: int, action: str | None = None
) -> pd.DataFrame:
    """What is expected of each customer in [as_of, as_of + horizon_days), given their state at `as_of`.

    `truth_table` as `simulate` gives it, `as_of` anything pandas reads as a timestamp (wall clock of the
    log; an offset is taken off). Returns, indexed by `customer_id`, the customers with a purchase before
    `as_of`: `alive` at `as_of`; `expected_purchases`, purchase occasions (days with a purchase);
    `churn_probability`, of no purchase; `expected_spend`, in currency, returns not deducted. The state is
    all that decides the future: alive or not, rate, chance of leaving, mean spend.

    Actions at other times are not in it, neither earlier ones that still act nor later ones: to compare
    forecasts with a log that has actions take a world of `Truth.without_effects()`. `action` names one
    channel of a visit or incentive done to everybody at `as_of`; the figures with it less those without
    are its true uplift.

    With rate l, weight of the day w, chance p of leaving after a purchase and rate m of leaving a day:
    somebody alive in the morning buys that day with probability l w g(l w + m), is alive the next with
    exp(-l w p - m), and has spent l w g(l w p + m) purchases, g(x) = (1 - exp(-x)) / x (thinned Poisson
    processes; one of p and m is 0).

    Raises ValueError for a horizon below one day, an `as_of` after the end of the log, or an action the
    truth does not have.
    """
    if horizon_days < 1:
        raise InvalidArgumentError(f"horizon_days is {horizon_days}; expected at least 1")
    moment = pd.Timestamp(as_of).tz_localize(None)  # type: ignore[arg-type]
    if to_days(truth, moment.to_pydatetime()) > truth.days:
        raise InvalidArgumentError(f"as_of is {moment}; expected a time in the {truth.days} days from {truth.start}")
    acts_days = _days_of(truth, action)
    table = truth_table[truth_table["first_purchase"] < moment]
    alive = (table["alive_until"].isna() | (table["alive_until"] > moment)).to_numpy()

    start = to_days(truth, moment.to_pydatetime())
    end = start + horizon_days
    inner = np.arange(np.floor(start) + 1, np.ceil(end))
    edges = np.concatenate([[start], inner, [end]])
    clock = clock_of(truth, int(np.ceil(end)) + 1)
    weights = np.diff(clock.at(edges))
    lifted = np.diff(clock.at(np.minimum(edges, start + acts_days)))

    living_table = table[alive]
    rate = living_table["rate"].to_numpy()
    effect = np.zeros(len(rate)) if action is None else living_table[f"effect_{action}"].to_numpy()
    probability = living_table["dropout_probability"].to_numpy()
    leaving = living_table["dropout_rate"].to_numpy()
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
    # The dead buy nothing.
    outcome = pd.DataFrame({"alive": alive}, index=table.index).assign(
        expected_purchases=0.0, churn_probability=1.0, expected_spend=0.0
    )
    outcome.loc[alive, "expected_purchases"] = days
    outcome.loc[alive, "churn_probability"] = silent + left_silent
    outcome.loc[alive, "expected_spend"] = purchases * living_table["mean_spend"].to_numpy()
    return outcome


def _mean_decay(x: Floats) -> Floats:
    """(1 - exp(-x)) / x, and 1 at 0."""
    safe = np.maximum(x, 1e-300)
    return np.where(x > 1e-300, -np.expm1(-safe) / safe, 1.0)


def _days_of(truth: Truth, action: str | None) -> int:
    if action is None:
        return 0
    if action in [visit.channel for visit in truth.visits]:
        return truth.visit_days
    if action in [incentive.channel for incentive in truth.incentives]:
        return truth.incentive_days
    have = [each.channel for each in truth.visits + truth.incentives]
    raise InvalidArgumentError(f"action is {action!r}; expected one of this truth's {have}")
