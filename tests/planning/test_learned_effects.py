"""A plan expects what earlier plans have shown: guesses after what was seen, and nothing known only later."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store
from planning.catalogue_file import load_catalogue
from planning.learned_effects import learned_effects
from planning.plan_folder import SCHEMA, Plan, plan_items

CATALOGUE = load_catalogue("retail")
END = date(2026, 6, 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """200 customers who were called on 2 February buy twice in the horizon, 50 who were left alone once."""
    rows = []
    for number in range(250):
        days = ["2026-01-10", "2026-03-01", *(["2026-04-01"] if number < 200 else [])]
        # Some variation, without which no error can be told.
        days += ["2026-04-15"] if number % 7 == 0 else []
        rows += [(f"C{number:03d}", day, "purchase", 10.0) for day in [*days, END.isoformat()]]
    folder: Path = tmp_path_factory.mktemp("store")
    table = pd.DataFrame(rows, columns=["customer_id", "event_time", "event_type", "amount"])
    table.to_csv(folder / "log.csv", index=False)
    ingest([folder / "log.csv"], folder / "store")
    return open_store(folder / "store")


def plan(action: str = "phone") -> Plan:
    """All of them, in a plan of 1 February."""
    base = {**dict.fromkeys(SCHEMA.names), "plan_id": "p", "action": action, "event_type": "visit", "channel": "phone"}
    base |= {"expected_purchases": 1.0, "expected_spend": 10.0, "churn_probability": 0.4, "loyalty_score": 50.0}
    items = pd.DataFrame([{**base, "customer_id": f"C{number:03d}"} for number in range(250)])
    items["plan_item"] = plan_items("p", items["customer_id"])
    items["arm"] = np.where(np.arange(250) < 200, "do", "leave")
    items["propensity"] = np.where(np.arange(250) < 200, 0.8, 0.2)
    manifest = {"plan_id": "p", "week": "2026-W06", "as_of": "2026-02-01", "horizon_days": 90}
    return Plan(items[SCHEMA.names], {**manifest, "catalogue": {"actions": []}})


def test_the_guess_moves_to_what_was_seen(store: EventStore) -> None:
    """From an eighth to nearly four fifths over 90 days, times 90 / 28 while a call acts; and the width shrinks."""
    found = learned_effects(store, [plan()], CATALOGUE, AsOf.parse(END, "UTC"))
    guess = CATALOGUE.action("phone")
    assert list(found) == ["phone"]
    assert found["phone"].source == "learnt"
    assert guess.effect < float(found["phone"].change) < 3
    assert float(found["phone"].width) < guess.effect_width


def test_nothing_before_the_horizon_is_over(store: EventStore) -> None:
    """Nor of an action that the catalogue does not have, nor without plans."""
    assert learned_effects(store, [plan()], CATALOGUE, AsOf.parse("2026-04-20", "UTC")) == {}
    assert learned_effects(store, [plan("fax")], CATALOGUE, AsOf.parse(END, "UTC")) == {}
    assert learned_effects(store, [], CATALOGUE, AsOf.parse(END, "UTC")) == {}


def test_a_copy_and_a_replaced_plan_teach_nothing(store: EventStore) -> None:
    """A plan that replaces one counts from its own cutoff on."""
    cutoff = AsOf.parse(END, "UTC")
    once = learned_effects(store, [plan()], CATALOGUE, cutoff)
    assert learned_effects(store, [plan(), plan()], CATALOGUE, cutoff) == once
    manifest = {"plan_id": "q", "week": "2026-W06", "as_of": "2026-02-02", "replaces": ["p"], "horizon_days": 90}
    nothing = Plan(plan().items.iloc[:0], manifest)
    assert learned_effects(store, [plan(), nothing], CATALOGUE, cutoff) == {}
    late = Plan(nothing.items, {**manifest, "as_of": "2026-06-02"})
    assert learned_effects(store, [plan(), late], CATALOGUE, cutoff) == once
