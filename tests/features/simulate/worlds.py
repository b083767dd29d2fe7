"""Small worlds for the tests of the simulator."""

from dataclasses import replace

import pandas as pd

from features.simulate import Action, Truth, World

QUIET = replace(
    Truth.plain("none"), days=400, acquisition_days=60, r=2.0, alpha=60.0, visits=(Action("phone", 0.0, 0.5),),
    incentives=(Action("coupon", 0.0, 0.4),), visit_days=28, response_spread=0.0,
)  # fmt: skip
"""Everybody buys every month, nobody churns, and the firm does nothing by itself."""


def plan_for(world: World, day: int, channel: str = "phone", every: int = 1, **columns: object) -> pd.DataFrame:
    """Return a plan that gives every n-th customer one contact on a day."""
    event_type = "visit" if channel in ("phone", "email", "face_to_face") else "incentive"
    ids = world.truth_table().index[::every]
    return pd.DataFrame({"customer_id": ids, "day": day, "event_type": event_type, "channel": channel, **columns})
