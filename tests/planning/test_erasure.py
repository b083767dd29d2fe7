"""An erased customer leaves a plan and its records; the effects of plans stay what they were."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from planning import erasure
from planning.effects.decisions import decisions, latest_records
from planning.effects.effects_of_plans import effects_of_plans
from planning.erasure import erase_from_plan
from planning.plan_folder import Plan, read_plan, unknown_customers, write_plan
from planning.records import add_records, read_records
from tests.planning.record_plans import CUSTOMERS, ITEMS, NOW, plan_folder
from tests.planning.shops import shop


def hash_of(text: str) -> str:
    return f"{abs(hash(text)):032x}"


def unmeasured(plan: Plan, horizon_days: int) -> pd.DataFrame:
    return pd.DataFrame(columns=["plan_item"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plan with a record of a customer's visit, a page and a list that name her."""
    path = plan_folder(tmp_path / "plan")
    row = {"plan_item": ITEMS["c1"], "status": "done", "done_at": "2026-11-24T10:00", "note": "met c1", "cost": "7"}
    added = add_records(path, [row], NOW, "rep")
    assert not added.faults
    (path / "plan.html").write_text("<td>cust-1</td>")
    return path


def test_a_row_keeps_arm_and_propensity_alone(folder: Path) -> None:
    """Plan item and customer are others, reasons and day are gone; the other rows stay to the last value."""
    before = read_plan(folder)
    done = erase_from_plan(folder, IdPattern(["c1"]), unmeasured, hash_of)
    assert set(done) == {"plan.parquet", "records.parquet", "known_customers.parquet"}
    after = read_plan(folder)
    assert after.manifest["plan_digest"] != before.manifest["plan_digest"]
    row = after.items.iloc[0]
    assert row["customer_id"].startswith("erased:")
    assert row["plan_item"] != ITEMS["c1"]
    assert (row["arm"], row["propensity"], row["channel"]) == ("do", 0.8, "phone")
    for name in ("day", "start", "rep", "content", "reasons", "expected_purchases"):
        assert row[name] is None or pd.isna(row[name])
    pd.testing.assert_frame_equal(after.items.iloc[1:][list(before.items)], before.items.iloc[1:])
    assert unknown_customers(folder, CUSTOMERS) == ["c1"]


def test_her_record_keeps_status_and_cost(folder: Path) -> None:
    """It belongs to the row's new name; texts and times are gone, and no event for the log is left."""
    erase_from_plan(folder, IdPattern(["c1"]), unmeasured, hash_of)
    [record] = read_records(folder).to_pylist()
    assert record["plan_item"] == read_plan(folder).items["plan_item"].iloc[0]
    assert (record["status"], record["cost"], record["note"], record["done_at"]) == ("done", 7.0, None, None)
    import pyarrow.parquet as pq

    assert pq.read_table(folder / "events.parquet").num_rows == 0
    assert not any(names_customer(file, IdPattern(["c1", ITEMS["c1"]])) for file in files_in([folder]))


def test_later_records_of_others_are_taken(folder: Path) -> None:
    """The folder is a plan as before, and the erased customer's event does not come back with the next record."""
    erase_from_plan(folder, IdPattern(["c1"]), unmeasured, hash_of)
    row = {"plan_item": ITEMS["c2"], "status": "done", "done_at": "2026-11-24T11:00"}
    assert not add_records(folder, [row], NOW, "rep").faults
    import pyarrow.parquet as pq

    assert pq.read_table(folder / "events.parquet")["customer_id"].to_pylist() == ["c2"]
    assert erase_from_plan(folder, IdPattern(["c1"]), unmeasured, hash_of) == {}


@pytest.mark.parametrize("calls", range(6))
def test_a_kill_leaves_a_plan_that_can_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """At whatever file it comes; the next erasure ends it, and the record still belongs to its row."""
    replace, left = os.replace, calls

    def stop(source: object, target: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(os, "replace", stop)
        erase_from_plan(folder, IdPattern(["c1"]), unmeasured, hash_of)
    assert len(read_plan(folder).items) == len(CUSTOMERS)
    erase_from_plan(folder, IdPattern(["c1"]), unmeasured, hash_of)
    items = read_plan(folder).items
    assert read_records(folder)["plan_item"].to_pylist() == items["plan_item"].tolist()[:1]
    assert "next_plan_digest" not in json.loads((folder / "manifest.json").read_text())
    assert not any(names_customer(file, IdPattern(["c1", ITEMS["c1"]])) for file in files_in([folder]))


def test_effects_stay_what_they_were(tmp_path: Path) -> None:
    """Outcomes measured before the erasure count as before; without the covariates the effect hardly moves."""
    store, plans, _ = shop(tmp_path / "shop", 300, effect=0.4, rounds=2, seed=5)
    plans = [Plan(plan.items, {**plan.manifest, "horizon_days": 60, "rating_maximum": 10}) for plan in plans]
    folders = [tmp_path / plan.plan_id for plan in plans]
    for folder, plan in zip(folders, plans, strict=True):
        write_plan(folder, plan)
    gone = [*plans[0].items["customer_id"][:20], *plans[1].items["customer_id"][:20]]

    def measure(plan: Plan, horizon_days: int) -> pd.DataFrame:
        rows = decisions(store, plans, horizon_days, records=latest_records(folders))
        return rows[rows["plan_id"] == plan.plan_id]

    before = decisions(store, plans, 60)
    effect = effects_of_plans(store, plans, 60).measures[2].effect
    for folder in folders:
        erase_from_plan(folder, IdPattern(gone), measure, hash_of)
    erased = [read_plan(folder) for folder in folders]
    after = decisions(store, erased, 60)
    for name in ("arm", "propensity", "purchases", "spend", "carried_out", "cost", "planned_in_horizon"):
        assert after[name].tolist() == before[name].tolist()
    again = effects_of_plans(store, erased, 60).measures[2].effect
    assert effect is not None
    assert again is not None
    assert abs(again.estimate - effect.estimate) < 0.3 * effect.standard_error
    assert not any(names_customer(file, IdPattern(gone)) for file in files_in(folders))
    assert erasure.new_name("P1", hash_of) == erasure.new_name("P1", hash_of)
