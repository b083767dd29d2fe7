import numpy as np
import pandas as pd
import pytest

from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from planning.observational import observational_effects
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
    return open_store(folder / "chased"), plans, visited


def test_good_customers_who_are_visited_do_not_pass_for_an_effect(chased):
    """The plain difference is far above 0 where there is no effect; the doubly robust interval holds 0."""
    store, plans, visited = chased
    found = observational_effects(store, [cutoff_of(plans[0], "UTC")], 60)
    assert set(found) == {"visit"}
    effect = found["visit"].effect
    assert effect.low < 0 < effect.high
    assert found["visit"].robustness_of_interval == 0
    assert found["visit"].balance["before"].abs().max() > 0.5
    assert found["visit"].overlap["treated"].sum() == len(visited)


def test_without_contacts_nothing_is_estimated(tmp_path):
    """A log without visits in the week has no observational effect, and neither has one without dates."""
    store, plans, _ = shop(tmp_path, 150, seed=8, done=0.0)
    assert observational_effects(store, [cutoff_of(plans[0], "UTC")], 60) == {}
    assert observational_effects(store, [], 60) == {}
