"""An old plan keeps what effects need and names nobody; the effects are what they were."""

import os
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from planning.data_retention import anonymise_plan, has_customers
from planning.effects.decisions import decisions, latest_records
from planning.plan_folder import Plan, read_plan, write_plan
from planning.records import add_records, read_records
from tests.planning.record_plans import CUSTOMERS, ITEMS, NOW, plan_folder
from tests.planning.shops import shop

EVERYBODY = IdPattern([*CUSTOMERS, *ITEMS.values()])


def unmeasured(plan: Plan, horizon_days: int) -> pd.DataFrame:
    return pd.DataFrame(columns=["plan_item"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plan with a record, and pages in folders."""
    path = plan_folder(tmp_path / "plan")
    row = {"plan_item": ITEMS["c1"], "status": "done", "done_at": "2026-11-24T10:00", "note": "met c1", "cost": "7"}
    assert not add_records(path, [row], NOW, "rep").faults
    (path / "reps").mkdir()
    (path / "reps" / "R1.html").write_text("<td>c1</td>")
    return path


def test_nobody_is_named_any_more(folder: Path) -> None:
    """Neither ids nor items; arm, propensity, status and cost stay; a second call finds nothing and no key is left."""
    assert has_customers(folder, read_plan(folder))
    done = anonymise_plan(folder, unmeasured)
    assert done == {
        "plan.parquet": "4 rows without name and features",
        "records.parquet": "1 record without name",
        "known_customers.parquet": "removed",
        "reps/R1.html": "removed",
    }
    items = read_plan(folder).items
    assert items["arm"].tolist() == list(CUSTOMERS.values())
    assert items["propensity"].tolist() == [0.8] * 4
    [record] = read_records(folder).to_pylist()
    assert (record["plan_item"], record["status"], record["cost"]) == (items["plan_item"].iloc[0], "done", 7.0)
    assert not any(names_customer(file, EVERYBODY) for file in files_in([folder]))
    assert not list(folder.glob(".*.key"))
    assert not has_customers(folder, read_plan(folder))
    assert anonymise_plan(folder, unmeasured) == {}


@pytest.mark.parametrize("calls", range(9))
def test_a_kill_leaves_a_plan_that_can_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """At whatever file it comes; the next call ends it, and the record still belongs to its row."""
    left = calls

    def stopping(function):  # type: ignore[no-untyped-def]
        def call(*arguments, **options):  # type: ignore[no-untyped-def]
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return function(*arguments, **options)

        return call

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(os, "replace", stopping(os.replace))
        patch.setattr(os, "unlink", stopping(os.unlink))
        anonymise_plan(folder, unmeasured)
    assert len(read_plan(folder).items) == len(CUSTOMERS)
    anonymise_plan(folder, unmeasured)
    assert read_records(folder)["plan_item"].to_pylist() == read_plan(folder).items["plan_item"].tolist()[:1]
    assert not any(names_customer(file, EVERYBODY) for file in files_in([folder]))
    assert not has_customers(folder, read_plan(folder))


def test_effects_stay_what_they_were(tmp_path: Path) -> None:
    """All that is measured of every row is measured before its customer leaves."""
    store, plans, _ = shop(tmp_path / "shop", 100, effect=0.4, rounds=2, seed=5)
    plans = [Plan(plan.items, {**plan.manifest, "horizon_days": 60, "rating_maximum": 10}) for plan in plans]
    folders = [tmp_path / plan.plan_id for plan in plans]
    for folder, plan in zip(folders, plans, strict=True):
        write_plan(folder, plan)

    def measure(plan: Plan, horizon_days: int) -> pd.DataFrame:
        rows = decisions(store, plans, horizon_days, records=latest_records(folders))
        return rows[rows["plan_id"] == plan.plan_id]

    before = decisions(store, plans, 60)
    for folder in folders:
        anonymise_plan(folder, measure)
    after = decisions(store, [read_plan(folder) for folder in folders], 60)
    for name in ("arm", "propensity", "purchases", "spend", "carried_out", "cost", "planned_in_horizon"):
        assert after[name].tolist() == before[name].tolist()
