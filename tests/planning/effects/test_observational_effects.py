import numpy as np
import pandas as pd
import pytest

from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from planning.effects.observational_effects import observational_effects
from planning.plans_in_force import cutoff_of
from tests.planning.shops import shop


@pytest.fixture(scope="module")
def chased(tmp_path_factory):
    """A shop whose visits go to those who bought most lately, without any effect."""
    folder = tmp_path_factory.mktemp("chased")
    _, plans, log = shop(folder, 1500, seed=6, done=0.0)
    start = pd.Timestamp(plans[0].manifest["as_of"])
    bought = log[(log["event_type"] == "purchase") & (log["event_time"] < start)]["customer_id"].value_counts()
    names = np.array(sorted(log["customer_id"].unique()))
    rng = np.random.default_rng(7)
    score = bought.reindex(names).fillna(0).to_numpy() + rng.normal(0, 2, len(names))
    visited = names[score > np.quantile(score, 0.8)]
    visits = pd.DataFrame(
        {
            "customer_id": visited,
            "event_type": "visit",
            "channel": "phone",
            "outcome": "neutral",
            "event_time": start + pd.Timedelta(days=2),
        }
    )
    pd.concat([log, visits]).to_parquet(folder / "chased.parquet")
    ingest(folder / "chased.parquet", folder / "chased")
    return open_store(folder / "chased"), plans, visited, folder / "chased.parquet"


def test_good_customers_who_are_visited_do_not_pass_for_an_effect(chased):
    """The plain difference is far above 0 where there is no effect; the doubly robust interval holds 0."""
    store, plans, visited, _ = chased
    found = observational_effects(store, [cutoff_of(plans[0], "UTC")], 50)
    assert set(found) == {"visit"}
    effect = found["visit"].effect
    assert effect.low < 0 < effect.high
    assert found["visit"].robustness_of_interval == 0
    assert found["visit"].balance["before"].abs().max() > 0.5
    assert found["visit"].overlap["treated"].sum() == len(visited)


def test_what_a_purchase_brings_about_is_no_effect_of_a_contact(chased, tmp_path):
    """A redemption is no contact, and a purchase in the week of the contacts, which may be their reason, no outcome."""
    store, plans, visited, file = chased
    start = cutoff_of(plans[0], "UTC")
    log = pd.read_parquet(file)
    monday = pd.Timestamp(plans[0].manifest["as_of"])
    bought = pd.DataFrame({"customer_id": visited, "event_type": "purchase", "amount": 10.0})
    bought["event_time"] = monday + pd.Timedelta(days=1)
    redeemed = bought.assign(event_type="incentive", amount=np.nan, channel="coupon", outcome="redeemed")
    pd.concat([log, bought, redeemed]).to_parquet(tmp_path / "more.parquet")
    ingest(tmp_path / "more.parquet", tmp_path / "more")
    effects = observational_effects(open_store(tmp_path / "more"), [start], 50)
    assert set(effects) == {"visit"}
    assert effects["visit"].effect == observational_effects(store, [start], 50)["visit"].effect


def test_without_contacts_nothing_is_estimated(tmp_path):
    """A log without visits in the week has no observational effect, and neither has one without dates."""
    store, plans, _ = shop(tmp_path, 150, seed=8, done=0.0)
    assert observational_effects(store, [cutoff_of(plans[0], "UTC")], 50) == {}
    assert observational_effects(store, [], 60) == {}
