"""The true effect of a plan: the difference between two worlds that meet the same chances."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from features.errors import InvalidArgumentError
from features.simulate.world import World


def true_effect(
    world: World | Callable[[], World],
    plan: pd.DataFrame | None,
    other: pd.DataFrame | None = None,
    horizon_days: int = 90,
    futures: int = 1,
    campaigns: bool = False,
) -> pd.DataFrame:
    """Compute what a plan changes for each customer, compared with another plan or with none.

    Parameters
    ----------
    world : World or callable
        The world at the time of the plan, which stays as it is, or a function that returns it.
    plan, other : DataFrame, optional
        As for `World.act`; none: nothing is done.
    horizon_days : int
        Outcomes of this many days from the present on.
    futures : int
        Number of futures to average over; 1: the world's own.
    campaigns : bool
        Whether the firm's campaigns go on. Then the effect is the total one under the policy that follows: campaigns
        that depend on purchases react to the plan.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`: the difference of `purchases`, `spend` (currency, returns not deducted), of the share
        `alive` at the end, and of the levels of `satisfaction` and `loyalty` at the end.

    Raises
    ------
    InvalidArgumentError
        When there is no future or no day, or the truth ends before the horizon.
    """
    if futures < 1 or horizon_days < 1:
        raise InvalidArgumentError(f"futures is {futures} and horizon_days {horizon_days}; expected at least 1 of each")
    start = world if isinstance(world, World) else world()
    total = None
    for number in range(futures):
        future = None if futures == 1 else number
        difference = _outcomes(start.copy(future), plan, horizon_days, campaigns)
        difference -= _outcomes(start.copy(future), other, horizon_days, campaigns)
        total = difference if total is None else total + difference
    assert total is not None
    return total / futures


def _outcomes(world: World, plan: pd.DataFrame | None, horizon_days: int, campaigns: bool) -> pd.DataFrame:
    if plan is not None:
        world.act(plan)
    world.until(world.day + horizon_days, campaigns=campaigns)
    table = world.truth_table()
    return pd.DataFrame(
        {
            "purchases": table["purchases"].astype(np.float64),
            "spend": table["spend"],
            "alive": table["alive_until"].isna().astype(np.float64),
            "satisfaction": table["satisfaction_level"],
            "loyalty": table["loyalty_level"],
        }
    )
