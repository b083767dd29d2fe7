"""A plan with everything that can go wrong in a file: formulas, markup, Chinese, no rep, a hold-out, two reps."""

from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from planning.effects.effects_of_plans import effects_of_plans
from planning.plan_folder import SCHEMA, Plan, plan_items
from tests.planning.shops import plan_of, shop

LEFT_ALONE = "HELD-OUT"
PLAN_ID = "2026-W48-x"
MANIFEST: dict[str, Any] = {
    "plan_id": PLAN_ID,
    "as_of": "2026-11-20T00:00:00+00:00",
    "as_of_date": "2026-11-20",
    "week": "2026-W48",
    "timezone": "UTC",
    "horizon_days": 90,
    "rating_maximum": 10.0,
    "customers": 6,
    "exploration": plan_items(PLAN_ID, ["learn"]),
    "catalogue": {
        "currency": "EUR",
        "margin": 0.35,
        "version": "1",
        "description": "a <shop>",
        "timezone": "Europe/Berlin",
        "actions": [
            {"name": "visit", "kind": "visit", "channel": "face_to_face"},
            {"name": "phone", "kind": "visit", "channel": "phone"},
            {"name": "coupon_5", "kind": "incentive", "channel": "coupon"},
        ],
    },
    "value": {
        **{"rows": 4, "counts": {"phone": 1, "incentive": 1, "face_to_face": 2}, "expected": 3900.0, "low": -19.0},
        **{"high": 5800.0, "cost": 1250.0, "guessed": True},
    },
    "limits": [
        {"limit": "minutes of R07", "pool": "minutes", "unit": "minutes", "rep": "R07", "capacity": 600.0,
         "used": 600.0, "price": 0.85},
        {"limit": "minutes of 王芳", "pool": "minutes", "unit": "minutes", "rep": "王芳", "capacity": 600.0,
         "used": 60.0, "price": 0.0},
        {"limit": "emails", "pool": "emails", "unit": "contacts", "rep": None, "capacity": 500.0, "used": 1.0,
         "price": 0.0},
        {"limit": "budget", "pool": "budget", "unit": "currency", "rep": None, "capacity": 1250.0, "used": 1250.0,
         "price": 4.9},
    ],
    "gap": 0.00004,
    "over_budget": 0.12,
    "holdout": {"chosen": 5, "control": 1, "minimum_detectable_lift": 0.19, "measured": True},
    "passed_over": {"opted_out": 120, "contacted_recently": 97, "without_rep": 95, "no_room": 0},
    "borderline": {
        "last_in": [{"customer_id": "<b>&", "action": "phone", "value": 3.0, "surplus": 0.1}],
        "first_out": [{"customer_id": "out", "action": "phone", "value": 2.0, "surplus": -0.1}],
    },
    "what_if": [
        {"change": "budget", "name": "budget", "factor": 1.2, "value": 4000.0, "difference": 100.0, "chosen": 6},
        {"change": "rep", "name": "R07", "factor": 0.0, "value": 900.0, "difference": -3000.0, "chosen": 2},
    ],
    "warnings": [["mind <this>", "注意"]],
    "forecasts": {"source": "champion version 3", "fitted_here": False},
    "digests": {"store": "0123456789abcdef"},
    "replaces": [],
}  # fmt: skip


def row(customer_id: str, action: str, day: int | None, rep: str | None, **given: object) -> dict[str, object]:
    """A row of the plan; a day of November 2026, at nine."""
    kinds = {"visit": ("visit", "face_to_face", 60.0), "phone": ("visit", "phone", 15.0)}
    event_type, channel, minutes = kinds.get(action, ("incentive", "coupon", 0.0))
    filled: dict[str, object] = dict.fromkeys(SCHEMA.names)
    filled |= {"plan_id": PLAN_ID, "plan_item": plan_items(PLAN_ID, [customer_id])[0], "customer_id": customer_id}
    filled |= {"action": action, "event_type": event_type, "channel": channel, "minutes": minutes, "rep": rep}
    filled |= {"goal": "satisfaction", "content": "needs", "arm": "do", "value_expected": 12.5, "low": -1.0}
    filled |= {"high": 30.0, "cost_expected": 2.0, "eligible_actions": ["visit", "phone", "coupon_5"]}
    filled |= {"reasons": ["=1+1 is a <fact>", "second"], "reasons_zh": ["事实", "其二"]}
    if day is not None:
        filled |= {"day": date(2026, 11, day), "start": datetime(2026, 11, day, 9)}
    return filled | given


@pytest.fixture
def plan() -> Plan:
    """Four rows to do and one held out."""
    rows = [
        row("=cmd|' /C calc'!A0", "visit", 24, "R07"),
        row("<b>&", "phone", 23, "R07", low=1.0),
        row("learn", "visit", 23, "王芳", content=None),
        row(LEFT_ALONE, "visit", None, "R07", arm="leave"),
        row("客户", "coupon_5", None, None),
    ]
    return Plan(pd.DataFrame(rows)[SCHEMA.names], MANIFEST)


@pytest.fixture(scope="session")
def effects_found(tmp_path_factory):
    """The effects of two plans of a shop, one action of which has a name to be careful with, and of a third to come."""
    store, plans, _ = shop(
        tmp_path_factory.mktemp("effects"), 900, effect=1.0, rounds=2, done=0.7, asked=(0.2, 0.05), seed=21
    )
    items = plans[0].items.assign(action=plans[0].items["action"].replace({"call": "=1+1<b>"}))
    late = plan_of(["C00001", "C00002"], [True, False], ["call", "call"], date(2024, 9, 1), 9)
    return effects_of_plans(store, [type(plans[0])(items, plans[0].manifest), plans[1], late], 60)
