"""Takes the customers out of a plan that is too old: what effects need of each row stays, under a random name.

All rows become as those of an erased customer (see `planning.erasure`), and all files but the plan, its manifest and
its records are removed. The key of the new names lies in the folder until the records have them too, so that a kill at
any moment leaves a plan that can be read, and the next call ends what was begun; afterwards nobody can link them again.
"""

from pathlib import Path

from features.key_files import keyed_hash, read_or_make_key
from features.plurals import counted
from features.store.generations import locked
from planning.erased_rows import ERASED
from planning.erasure import Measure, end_replacement, replace_plan, replace_records
from planning.plan_folder import MANIFEST_FILE, PLAN_FILE, Plan, read_plan
from planning.records import EVENTS_FILE, RECORDS_FILE, read_records

KEY_FILE = ".retention.key"
KEPT_FILES = (PLAN_FILE, MANIFEST_FILE, RECORDS_FILE, EVENTS_FILE, KEY_FILE, ".lock")


def has_customers(folder: Path, plan: Plan) -> bool:
    """Return whether a plan, its records or another file of its folder are still those of customers."""
    return (
        bool(_others(folder))
        or any(map(_leaves, plan.items["customer_id"]))
        or any(map(_leaves, read_records(folder)["customer_id"].to_pylist()))
        or (folder / KEY_FILE).exists()
    )


def anonymise_plan(folder: str | Path, measure: Measure) -> dict[str, str]:
    """Take all customers out of a plan folder; return what became of each file, by its path below the folder.

    Parameters
    ----------
    folder : str or Path
    measure : callable
        As of `planning.erasure.erase_from_plan`; the plan's horizon should be over, else its outcomes are lost.

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
        if not has_customers(folder, plan):
            return done
        key = read_or_make_key(folder / KEY_FILE)

        def hash_of(text: str) -> str:
            return keyed_hash(text, key).hex()

        if rows := sum(map(_leaves, plan.items["customer_id"])):
            replace_plan(folder, plan, _leaves, measure, hash_of)
            done[PLAN_FILE] = f"{counted(rows, 'row')} without name and features"
        else:
            end_replacement(folder, plan)
        if (folder / RECORDS_FILE).exists():  # even without any name: the events may be those of before a kill
            rows = sum(map(_leaves, read_records(folder)["customer_id"].to_pylist()))
            replace_records(folder, _leaves, hash_of)
            done[RECORDS_FILE] = f"{counted(rows, 'record')} without name"
        for file in _others(folder):
            file.unlink()
            done[file.relative_to(folder).as_posix()] = "removed"
        for each in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
            each.rmdir()
        (folder / KEY_FILE).unlink()
        return done


def _leaves(customer_id: str) -> bool:
    return not customer_id.startswith(ERASED)


def _others(folder: Path) -> list[Path]:
    files = (each for each in sorted(folder.rglob("*")) if not each.is_dir() or each.is_symlink())
    return [each for each in files if each.relative_to(folder).as_posix() not in KEPT_FILES]
