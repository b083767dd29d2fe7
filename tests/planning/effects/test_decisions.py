from datetime import timedelta

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from features.errors import RecordError
from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from planning.catalogue.catalogue_file import load_catalogue
from planning.effects.decisions import COLUMNS, decisions, latest_records, ratings
from planning.effects.five_measures import five_measures
from planning.holdout import draw_arms
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of
from tests.planning.record_plans import write_records
from tests.planning.shops import START, plan_of, shop

DAY = START + timedelta(180)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("shop"), 200, rounds=2, done=0.7, seed=3)


def test_outcomes_are_those_counted_in_the_log(made):
    """Purchase days and spend in the horizon and in as many days before are those that pandas counts."""
    store, plans, log = made
    table = decisions(store, plans, 60)
    assert list(table) == COLUMNS
    assert len(table) == sum(len(plan.items) for plan in plans)
    bought = log[log["event_type"] == "purchase"]
    for row in table.sample(40, random_state=1).itertuples():
        start = pd.Timestamp(row.start)
        own = bought[bought["customer_id"] == row.customer_id]
        for first, suffix in ((start, ""), (start - pd.Timedelta(days=60), "_before")):
            inside = own[(own["event_time"] >= first) & (own["event_time"] < first + pd.Timedelta(days=60))]
            assert getattr(row, f"purchases{suffix}") == inside["event_time"].dt.date.nunique()
            assert getattr(row, f"spend{suffix}") == pytest.approx(inside["amount"].sum())


def test_what_was_done_is_in_the_log_or_in_a_record(made):
    """A contact of the row's type and channel within the week counts, and so does a record; only those cost."""
    store, plans, log = made
    table = decisions(store, plans, 60)
    contacts = log[log["event_type"].isin(["visit", "incentive"])].set_index("customer_id")["channel"]
    expected = [contacts.get(c) == channel for c, channel in zip(table["customer_id"], table["channel"], strict=True)]
    assert table["carried_out"].tolist() == expected
    assert (table["cost"] > 0).tolist() == expected
    assert not table.loc[~table["treated"], "carried_out"].any()
    item = table.loc[~table["carried_out"], "plan_item"].iloc[0]
    records = pd.DataFrame({"plan_item": [item], "status": ["done"], "cost": [7.5]})
    again = decisions(store, plans, 60, records=records).set_index("plan_item")
    assert again.loc[item, "carried_out"]
    assert again.loc[item, "cost"] == 7.5
    assert again["carried_out"].sum() == table["carried_out"].sum() + 1


def test_a_plan_whose_horizon_is_not_over_is_left_out(made):
    """Of two plans a week apart the second is not over a few days before its horizon ends; nothing later counts."""
    store, plans, _ = made
    assert set(decisions(store, plans, 62)["plan_id"]) == {"week-1"}
    assert len(decisions(store, plans, 900)) == 0
    before = pd.Timestamp(START) + pd.Timedelta(days=180 + 60)
    assert set(decisions(store, plans, 60, known_at=before.to_pydatetime())["plan_id"]) == {"week-1"}


def test_a_plan_made_before_its_week_counts_from_monday(made):
    """Made four days before: a contact of its week counts as done, and outcomes are those from Monday on."""
    store, plans, log = made
    monday = pd.Timestamp(START) + pd.Timedelta(days=182)
    early = Plan(plans[0].items, {**plans[0].manifest, "as_of": str(monday.date() - timedelta(4)), "week": "2024-W27"})
    table = decisions(store, [early], 50)
    assert set(table["start"]) == {str(monday.date())}
    contacts = log[log["event_type"].isin(["visit", "incentive"])].set_index("customer_id")["channel"]
    expected = [contacts.get(c) == channel for c, channel in zip(table["customer_id"], table["channel"], strict=True)]
    assert any(expected)
    assert table["carried_out"].tolist() == expected
    bought = log[(log["event_type"] == "purchase") & log["event_time"].between(monday, monday + timedelta(50), "left")]
    days = bought.groupby("customer_id")["event_time"].agg(lambda times: times.dt.date.nunique())
    assert table["purchases"].tolist() == table["customer_id"].map(days).fillna(0).tolist()
    first = Plan(plans[0].items, {**early.manifest, "as_of": str(monday.date() - timedelta(9)), "week": "2024-W27"})
    assert decisions(store, [first], 50)["carried_out"].tolist() == expected


def test_actions_planned_in_the_horizon_are_counted(made):
    """A second plan a week later for the same customers is one more; the one after the horizon is none."""
    store, plans, _ = made
    first = plans[0]
    later = [
        Plan(
            first.items.assign(plan_id=name),
            {**first.manifest, "plan_id": name, "as_of": str(day), "week": f"{day:%G-W%V}"},
        )
        for name, day in (("second", DAY + timedelta(7)), ("third", DAY + timedelta(50)))
    ]
    table = decisions(store, [first, *later], 50)
    own = table[table["plan_id"] == first.plan_id]
    assert own["planned_in_horizon"].tolist() == (2.0 * own["treated"]).tolist()


def test_a_redemption_is_not_what_was_carried_out(tmp_path):
    """Nor an expiry: both follow from a purchase, or from none, of something sent before."""
    _, plans, log = shop(tmp_path, 100, seed=4)
    log.loc[log["outcome"] == "sent", "outcome"] = "redeemed"
    log.to_parquet(tmp_path / "redeemed.parquet")
    ingest(tmp_path / "redeemed.parquet", tmp_path / "redeemed")
    table = decisions(open_store(tmp_path / "redeemed"), plans, 60)
    assert not table.loc[table["action"] == "coupon", "carried_out"].any()
    assert table.loc[(table["action"] == "call") & table["treated"], "carried_out"].all()


def test_customers_drawn_to_learn_from_are_no_part(tmp_path):
    """With the best buyers chosen and others drawn to learn from, a plan without any effect shows none."""
    store, _, log = shop(tmp_path, 900, done=0.0, seed=11)
    days = log[log["event_type"] == "purchase"]["customer_id"].value_counts()
    names = np.array(sorted(log["customer_id"].unique()))
    value = days.reindex(names).fillna(0).to_numpy(float)
    options = pd.DataFrame(
        {
            "customer_id": np.repeat(names, 2),
            "action": np.tile(["call", "coupon"], len(names)),
            "value_expected": np.repeat(value, 2),
        }
    )
    chosen = (options["action"] == "call") & (options["value_expected"] >= np.quantile(value, 0.7))
    catalogue = msgspec.structs.replace(load_catalogue("retail"), holdout_share=0.1, exploration_share=0.3)
    usage = sparse.csr_array(np.ones((len(options), 1)))
    rows = draw_arms(options, chosen.to_numpy(), "week-1", catalogue, usage, np.array([1e6])).join(options)
    plan = plan_of(rows["customer_id"].to_numpy(), rows["arm"].to_numpy() == "do", rows["action"].to_numpy(), DAY, 1)
    plan.items["propensity"] = rows["propensity"].to_numpy()
    exploration = plan.items.loc[rows["exploration"].to_numpy(), "plan_item"].tolist()
    explored = Plan(plan.items, {**plan.manifest, "exploration": exploration})
    table = decisions(store, [explored], 60)
    assert exploration
    assert len(table) == chosen.sum()
    assert not table["plan_item"].isin(exploration).any()
    measured = table.assign(lifetime=0.0, lifetime_before=0.0)
    found = next(each for each in five_measures(measured) if each.name == "purchases").effect
    assert found.n_control < len(exploration)
    assert found.low < 0 < found.high
    assert table.groupby("treated")["purchases_before"].mean().diff().iloc[-1] == pytest.approx(0, abs=0.5)


def test_ratings_are_means_in_the_window(made):
    """Each customer's mean rating from the cutoff to the horizon's end, and null where there is none."""
    store, plans, log = made
    start = cutoff_of(plans[0], "UTC")
    found = ratings(store, start, cutoff_of(plans[1], "UTC"))
    assert found["satisfaction"].isna().all()  # they are given after 20 days
    table = decisions(store, plans, 60)
    given = log[log["satisfaction"].notna()].groupby("customer_id")["satisfaction"].mean()
    assert np.array_equal(table["satisfaction"], table["customer_id"].map(given), equal_nan=True)


def test_the_latest_record_of_a_row_counts(tmp_path):
    """Of two records of a row the one recorded later is kept; rows without a plan item add none."""
    (tmp_path / "w1").mkdir()
    (tmp_path / "w2").mkdir()
    rows = [("P1", "done", 3.0, "2024-03-02"), ("P1", "skipped", None, "2024-03-01")]
    rows += [(None, "done", 1.0, "2024-03-01"), ("P2", "done", 2.0, "2024-03-01")]
    write_records(
        tmp_path / "w1", [dict(zip(("plan_item", "status", "cost", "recorded_at"), row, strict=True)) for row in rows]
    )
    found = latest_records([tmp_path / "w1", tmp_path / "w2"]).set_index("plan_item")
    assert found["status"].to_dict() == {"P1": "done", "P2": "done"}
    assert found.loc["P1", "cost"] == 3
    assert latest_records([tmp_path / "w2"]).empty
    (tmp_path / "w2" / "records.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(RecordError, match="cannot be read"):
        latest_records([tmp_path / "w2"])
