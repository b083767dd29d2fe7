"""Erases customers from a plan folder, so that the effects of plans stay those of a fair draw.

A row keeps action, arm, propensity and, where the plan's horizon is over, its measured outcome, under a random name;
reasons, features, rep, day and time go. So do the customer's texts in the records. The manifest allows the rows of
before and after while they are replaced: a kill at any moment leaves a plan that can be read, and the next erasure ends
what was begun.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from features.atomic_file import atomic_write, file_digest
from features.encryption.parquet_files import read_parquet, write_parquet
from features.erasure.file_erasure import erase_from_file, without_ids
from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from features.plurals import counted
from features.store.generations import locked
from planning.erased_rows import ERASED, HORIZON, OUTCOMES, kept_name, pseudonymous
from planning.plan_folder import MANIFEST_FILE, NEXT_DIGEST, PLAN_FILE, Plan, read_plan
from planning.record_events import contract_events
from planning.record_versions import latest_records
from planning.records import EVENTS_FILE, RECORDS_FILE, read_records
from planning.records import SCHEMA as RECORDS

KEPT = (
    *("plan_id", "action", "event_type", "channel", "goal", "arm", "propensity", "eligible_actions", "propensities"),
    "cost_expected",
)
"""The columns of a plan that an erased row keeps."""
KEPT_OF_RECORDS = (
    *("status", "reason", "event_type", "channel", "outcome", "satisfaction", "loyalty", "cost"),
    *("recorded_at", "stated", "source", "row", "digest"),
)
"""Those that a record keeps. File and row of it too, so that the same file again adds nothing."""
DECISIONS = pa.schema([(HORIZON, pa.int64()), *((kept_name(name), pa.float64()) for name in OUTCOMES)])

Measure = Callable[[Plan, int], pd.DataFrame]
Rename = Callable[[str], str]


def erase_from_plan(folder: str | Path, pattern: IdPattern, measure: Measure, hash_of: Rename) -> dict[str, str]:
    """Erase customers from a plan folder and all files in it.

    Parameters
    ----------
    folder : str or Path
    pattern : IdPattern
    measure : callable
        Takes a plan and a horizon in days, and returns its rows as `planning.effects.decisions.decisions` does, none
        where the horizon is not over. It still knows the customers.
    hash_of : callable
        Returns a keyed hash of a text: the new name of a row, so that its records find it after a kill too.

    Returns
    -------
    dict of str to str
        What became of each file that named one of them, by its path below the folder.

    Raises
    ------
    PlanError
        When the folder holds no plan, or one that was changed.
    StoreError
        When another process writes to the folder.
    """
    folder = Path(folder)
    with locked(folder):
        done: dict[str, str] = {}
        plan = read_plan(folder)
        rows = sum(map(pattern.is_id, plan.items["customer_id"]))
        if rows:
            replace_plan(folder, plan, pattern.is_id, measure, hash_of, lambda manifest: without_ids(manifest, pattern))
            done[PLAN_FILE] = f"{counted(rows, 'row')} without name and features"
        else:
            end_replacement(folder, plan)
        if any(map(pattern.is_id, read_records(folder)["customer_id"].to_pylist())):
            replace_records(folder, pattern.is_id, hash_of)
            done[RECORDS_FILE] = "without name"
        for file in files_in([folder]):
            if file.name not in (PLAN_FILE, RECORDS_FILE) and names_customer(file, pattern):
                done[file.relative_to(folder).as_posix()] = erase_from_file(file, pattern)
        return done


def replace_plan(
    folder: Path,
    plan: Plan,
    leaves: Callable[[str], bool],
    measure: Measure,
    hash_of: Rename,
    clean: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> None:
    """Replace the rows of customers who leave a plan by those that stay of them; the caller holds the folder's lock.

    Parameters
    ----------
    folder : Path
    plan : Plan
    leaves : callable
        Returns whether the customer of an id leaves.
    measure, hash_of : callable
        As of `erase_from_plan`.
    clean : callable, optional
        Returns the manifest without customers.
    """
    horizon = int(plan.manifest.get("horizon_days", 90))
    table = read_parquet(folder / PLAN_FILE)
    outcomes = measure(plan, horizon).set_index("plan_item")
    rows = []
    renamed: dict[str, str] = {}
    for row in table.to_pylist():
        item = row["plan_item"]
        if leaves(row["customer_id"]):
            renamed[item] = new_name(item, hash_of)
            names = {"plan_item": renamed[item], "customer_id": f"{ERASED}{secrets.token_hex(8)}"}
            row = {**pseudonymous(row, names, KEPT), **dict.fromkeys(DECISIONS.names)}
            if item in outcomes.index:
                row |= {HORIZON: horizon, **{kept_name(name): float(outcomes.loc[item, name]) for name in OUTCOMES}}
        rows.append(row)
    schema = pa.unify_schemas([table.schema, DECISIONS])
    manifest = clean({name: each for name, each in plan.manifest.items() if name != NEXT_DIGEST})
    if "exploration" in manifest:
        manifest["exploration"] = [renamed.get(item, item) for item in manifest["exploration"]]
    with atomic_write(folder / PLAN_FILE) as part:
        write_parquet(part, pa.Table.from_pylist(rows, schema))
        digest = file_digest(part)
        _write_manifest(folder, {**manifest, NEXT_DIGEST: digest})
    _write_manifest(folder, {**manifest, "plan_digest": digest})


def end_replacement(folder: Path, plan: Plan) -> None:
    """End what a killed process began: the manifest then has the digest of the new rows alone."""
    if NEXT_DIGEST in plan.manifest:
        manifest = {name: value for name, value in plan.manifest.items() if name != NEXT_DIGEST}
        _write_manifest(folder, {**manifest, "plan_digest": file_digest(folder / PLAN_FILE)})


def new_name(plan_item: str, hash_of: Rename) -> str:
    """Return the plan item of an erased row."""
    return f"E{hash_of(plan_item)[:12]}"


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    with atomic_write(folder / MANIFEST_FILE) as part:
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8")


def replace_records(folder: Path, leaves: Callable[[str], bool], hash_of: Rename) -> None:
    """Replace the records of customers who leave a plan by what stays of them; arguments as of `replace_plan`."""
    records = []
    for row in read_records(folder).to_pylist():
        if leaves(row["customer_id"]):
            item = row["plan_item"] and new_name(row["plan_item"], hash_of)
            record_id = item or new_name(row["record_id"], hash_of)
            names = {"record_id": record_id, "plan_item": item, "customer_id": f"{ERASED}{secrets.token_hex(8)}"}
            row = pseudonymous(row, names, KEPT_OF_RECORDS)
        records.append(row)
    with atomic_write(folder / RECORDS_FILE) as part:
        write_parquet(part, pa.Table.from_pylist(records, RECORDS))
    with atomic_write(folder / EVENTS_FILE) as part:
        write_parquet(part, contract_events(records, latest_records(records)))
