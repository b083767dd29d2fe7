"""A plan expects what earlier plans have shown: guesses after what was seen, and nothing known only later."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store
from planning.catalogue.catalogue_file import load_catalogue
from planning.causal_inference.randomised_effect import Effect
from planning.effects.effects_by_action import effects_by_action, pooled_rounds
from planning.effects.posterior_effects import CustomerEffects, posterior, posterior_catalogue, posterior_effects
from planning.plan_folder import SCHEMA, Plan, plan_items
from tests.planning.effects.test_five_measures import rows

CATALOGUE = load_catalogue("retail")
END = date(2026, 6, 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """200 customers who were called on 2 February buy twice in the horizon, 50 who were left alone once."""
    events = []
    for number in range(250):
        days = ["2026-01-10", "2026-03-01", *(["2026-04-01"] if number < 200 else [])]
        # Some variation, without which no error can be told.
        days += ["2026-04-15"] if number % 7 == 0 else []
        events += [(f"C{number:03d}", day, "purchase", 10.0) for day in [*days, END.isoformat()]]
    folder: Path = tmp_path_factory.mktemp("store")
    table = pd.DataFrame(events, columns=["customer_id", "event_time", "event_type", "amount"])
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
    found = posterior_effects(store, [plan()], CATALOGUE, AsOf.parse(END, "UTC"))
    guess = CATALOGUE.action("phone")
    assert list(found) == ["phone"]
    assert found["phone"].source == "posterior"
    assert guess.effect < float(found["phone"].change) < 3
    assert float(found["phone"].width) < guess.effect_width


def test_nothing_before_the_horizon_is_over(store: EventStore) -> None:
    """Nor of an action that the catalogue does not have, nor without plans."""
    assert posterior_effects(store, [plan()], CATALOGUE, AsOf.parse("2026-04-20", "UTC")) == {}
    assert posterior_effects(store, [plan("fax")], CATALOGUE, AsOf.parse(END, "UTC")) == {}
    assert posterior_effects(store, [], CATALOGUE, AsOf.parse(END, "UTC")) == {}


def test_a_copy_and_a_replaced_plan_teach_nothing(store: EventStore) -> None:
    """A plan that replaces one counts from its own cutoff on."""
    cutoff = AsOf.parse(END, "UTC")
    once = posterior_effects(store, [plan()], CATALOGUE, cutoff)
    assert posterior_effects(store, [plan(), plan()], CATALOGUE, cutoff) == once
    manifest = {"plan_id": "q", "week": "2026-W06", "as_of": "2026-02-02", "replaces": ["p"], "horizon_days": 90}
    nothing = Plan(plan().items.iloc[:0], manifest)
    assert posterior_effects(store, [plan(), nothing], CATALOGUE, cutoff) == {}
    late = Plan(nothing.items, {**manifest, "as_of": "2026-06-02"})
    assert posterior_effects(store, [plan(), late], CATALOGUE, cutoff) == once


def test_the_posterior_is_that_of_many_draws():
    """Mean and width are those of guesses that are weighted by how well they predict what was seen."""
    rng = np.random.default_rng(1)
    guesses = rng.normal(0.1, 0.2, 400_000)
    weights = np.exp(-0.5 * ((0.3 - guesses) / 0.1) ** 2)
    mean = np.average(guesses, weights=weights)
    width = np.sqrt(np.average((guesses - mean) ** 2, weights=weights))
    assert posterior(0.1, 0.2, 0.3, 0.1) == pytest.approx((mean, width), rel=0.02)


def test_a_precise_observation_replaces_the_guess_and_a_vague_one_does_not():
    """Effects are relative changes while the action acts; other actions keep their guesses."""
    catalogue = load_catalogue("retail")
    first, other = catalogue.actions[:2]
    share = first.acts_days / 90
    sure = {first.name: Effect(0.4 * share, 1e-4, 0, 0, 1000, 200, 2 + 0.4 * share, 2.0)}
    learned = posterior_catalogue(catalogue, sure, 90)
    assert learned.action(first.name).effect == pytest.approx(0.2, abs=0.001)
    assert learned.action(first.name).effect_width < 0.01
    assert learned.action(other.name) == other
    vague = {first.name: Effect(0.4, 50.0, 0, 0, 1000, 200, 2.4, 2.0)}
    assert posterior_catalogue(catalogue, vague, 90).action(first.name).effect == pytest.approx(first.effect, abs=0.01)


def test_a_wrong_guess_is_mended_round_by_round():
    """With a guess three times too high, three rounds bring it nearer the truth in most of 20 seeds."""
    catalogue = load_catalogue("retail")
    first = catalogue.actions[0]
    nearer = 0
    for seed in range(20):
        table = pd.concat(
            rows(np.random.default_rng([seed, k]), 3000, gain=first.effect / 3).assign(plan_id=f"week-{k}")
            for k in range(3)
        ).assign(action=first.name)
        learned = posterior_catalogue(catalogue, effects_by_action(table), first.acts_days).action(first.name)
        nearer += abs(learned.effect - first.effect / 3) < abs(first.effect - first.effect / 3)
        assert learned.effect_width < first.effect_width
    assert nearer >= 15


def test_a_customers_effect_is_the_actions_and_what_differs() -> None:
    """In purchases: the action's change of what is bought while it acts, and a difference shared by actions planned."""

    class Differences:
        def beside_proportional(self, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
            return np.array([0.3, 0.0, 0.3]), np.array([0.1, 0.0, 0.1])

    phone = CATALOGUE.action("phone")
    effects = CustomerEffects(phone, Differences(), 2.0, 90)  # type: ignore[arg-type]
    table = pd.DataFrame({"expected_purchases": [3.0, 3.0, np.nan]})
    change, width = effects(table)
    bought = 3.0 * phone.acts_days / 90
    assert change[0] * bought == pytest.approx(phone.effect * bought + 0.3 / 2)
    assert change[1:].tolist() == [phone.effect] * 2
    assert width[0] == pytest.approx(np.hypot(phone.effect_width, 0.1 / 2 / bought))
    assert width[1] == phone.effect_width


def test_rounds_that_differ_move_a_guess_less() -> None:
    """What four rounds show together counts with the spread between them, for the next round is one of its own."""
    phone = CATALOGUE.action("phone")

    def learned(gains: list[float]) -> float:
        parts = [rows(np.random.default_rng([5, k]), 3000, gain=gain) for k, gain in enumerate(gains)]
        table = pd.concat([part.assign(plan_id=f"w{k}", action="phone") for k, part in enumerate(parts)])
        seen = effects_by_action(table)
        return posterior_catalogue(CATALOGUE, seen, 28, pooled_rounds(table)).action("phone").effect_width

    assert learned([0.0, 1.5, 0.0, 1.5]) > 2 * learned([0.75] * 4)
    assert learned([0.0, 1.5, 0.0, 1.5]) < phone.effect_width
