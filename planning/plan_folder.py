"""The plan folder: one row a decision and the manifest of how it was made; written once and never changed.

    PLAN/plan.parquet     one row a decision, hold-outs and customers drawn to learn from included
    PLAN/manifest.json    cutoff, week, digests of what went in, limits with their prices, bound and gap
    PLAN/known_customers.parquet   the ids of all customers who were known at the cutoff, planned or not

None holds a clock: a plan made again from its manifest is equal to the byte. What reps and systems send back goes
into other files of the same folder. Only the erasure of a customer changes it, see `planning.erasure`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from features.atomic_file import check_before_replacing, file_digest, fsync_path
from features.encryption.parquet_files import read_parquet, write_parquet
from features.erasure.id_search import files_in
from features.errors import PlanError
from features.scratch_folders import scratch_folder

if TYPE_CHECKING:
    import pandas as pd

PLAN_FILE, MANIFEST_FILE, CUSTOMERS_FILE = "plan.parquet", "manifest.json", "known_customers.parquet"
NEXT_DIGEST = "next_plan_digest"
"""In the manifest while the erasure of a customer replaces plan.parquet: the digest of its new rows."""
PLAN_FORMAT = 1
"""The version of the folder's format, kept in the manifest."""
ARMS = ("do", "leave")
"""`do`: given to a rep; `leave`: held out, on no rep's list."""
SCHEMA = pa.schema(
    [
        pa.field("plan_id", pa.string(), nullable=False),
        pa.field("plan_item", pa.string(), nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("goal", pa.string()),
        pa.field("content", pa.string()),
        pa.field("day", pa.date32()),
        pa.field("start", pa.timestamp("us")),
        pa.field("minutes", pa.float64()),
        pa.field("rep", pa.string()),
        pa.field("territory", pa.string()),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("propensity", pa.float64()),
        pa.field("eligible_actions", pa.list_(pa.string())),
        pa.field("propensities", pa.list_(pa.float64())),
        pa.field("value_expected", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("cost_expected", pa.float64()),
        pa.field("reasons", pa.list_(pa.string())),
        pa.field("reasons_zh", pa.list_(pa.string())),
        pa.field("limit", pa.string()),
        pa.field("loyalty_score", pa.float64()),
        pa.field("expected_purchases", pa.float64()),
        pa.field("churn_probability", pa.float64()),
        pa.field("expected_spend", pa.float64()),
        pa.field("satisfaction_last", pa.float64()),
        pa.field("loyalty_last", pa.float64()),
    ]
)
"""Columns of plan.parquet. `day` and `start` are in the business time zone and null in the arm `leave`; `propensity` is
the probability of this row's action and arm, `propensities` those of all `eligible_actions` being done."""


@dataclass(frozen=True)
class Plan:
    """A plan of one week.

    Attributes
    ----------
    items : pandas.DataFrame
        One row a decision, with the columns of `SCHEMA`.
    manifest : mapping of str to Any
        How it was made; `plan_id`, `as_of`, `week` and `timezone` are always there.
    customer_ids : sequence of str
        All customers known at the cutoff, to be written; a plan that is read has none, see `unknown_customers`.
    """

    items: "pd.DataFrame"
    manifest: Mapping[str, Any]
    customer_ids: Sequence[str] = ()

    @property
    def plan_id(self) -> str:
        """The plan's id."""
        return str(self.manifest["plan_id"])

    @property
    def assigned(self) -> "pd.DataFrame":
        """The rows for reps: those of the arm `do`."""
        return self.items[self.items["arm"] == "do"]


def plan_items(plan_id: str, customer_ids: Iterable[str]) -> list[str]:
    """Return the id of each customer's row of a plan, which depends on nothing else.

    Parameters
    ----------
    plan_id : str
    customer_ids : iterable of str

    Returns
    -------
    list of str
        `P` and twelve hexadecimal digits of a BLAKE2b hash.

    Examples
    --------
    >>> plan_items("2026-W48-1f3b9c52", ["C1", "C2"])
    ['Pb42839778110', 'Pca3c41b8a76b']
    """
    texts = (f"{plan_id}\0{each}" for each in customer_ids)
    return [f"P{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}" for text in texts]


def write_plan(
    folder: str | Path, plan: Plan, write_files: Callable[[Path, Plan], object] = lambda folder, plan: None
) -> None:
    """Write a plan to a new folder, which appears whole or not at all.

    Parameters
    ----------
    folder : str or Path
        Must not exist, or be empty.
    plan : Plan
    write_files : callable, optional
        Writes the other files of the plan to the folder it is given, before that becomes the plan's.

    Raises
    ------
    PlanError
        When the folder has something in it already, or two rows share a plan item.
    """
    folder = Path(folder)
    refuse_existing(folder)
    repeated = plan.items["plan_item"][plan.items["plan_item"].duplicated()]
    if len(repeated):
        raise PlanError(f"the plan item {repeated.iloc[0]!r} stands in two rows, expected one a customer")
    items = plan.items[SCHEMA.names]
    if items.empty:  # columns of a table without rows are of no type that lists could be made of
        items = items.astype(object)
    table = pa.Table.from_pandas(items, SCHEMA, preserve_index=False).replace_schema_metadata(None)
    with scratch_folder(folder.absolute().parent, f".{folder.name}.", ".plan") as scratch:
        part = scratch / "plan"
        part.mkdir()
        write_parquet(part / PLAN_FILE, table)
        manifest = {**plan.manifest, "format": PLAN_FORMAT, "plan_digest": file_digest(part / PLAN_FILE)}
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (part / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
        ids = sorted({*map(str, plan.customer_ids), *items["customer_id"]})
        write_parquet(part / CUSTOMERS_FILE, pa.table({"customer_id": pa.array(ids, pa.string())}))
        write_files(part, read_plan(part))
        for path in (part / PLAN_FILE, part / MANIFEST_FILE, part / CUSTOMERS_FILE, part):
            fsync_path(path)
        check_before_replacing()
        try:
            part.rename(folder)  # onto an empty folder, or to a new name: refused when another plan was faster
        except OSError:
            refuse_existing(folder)
            raise
    fsync_path(folder.absolute().parent)


def unknown_customers(folder: str | Path, customer_ids: Iterable[str], others: pa.Array | None = None) -> list[str]:
    """Return the customers of whom a plan knew nothing when it was made, sorted.

    Parameters
    ----------
    folder : str or Path
        A plan folder. One of an earlier version kept no list: without `others` it can tell of nobody.
    customer_ids : iterable of str
    others : pyarrow.Array of str, optional
        Customers who are known beside those of the plan.

    Raises
    ------
    PlanError
        When the plan's list of customers cannot be read.
    """
    left = sorted(set(customer_ids))
    path = Path(folder) / CUSTOMERS_FILE
    if not left or (others is None and not path.is_file()):
        return []
    try:
        known = [read_parquet(path)["customer_id"]] if path.is_file() else []
    except (pa.ArrowException, OSError, KeyError) as error:
        raise PlanError(f"{path} cannot be read ({error}): put the original back, or remove it") from None
    for ids in (*known, *([] if others is None else [others])):
        left = pc.filter(pa.array(left, pa.string()), pc.invert(pc.is_in(pa.array(left, pa.string()), ids))).to_pylist()
    return left


def refuse_existing(folder: str | Path) -> None:
    """Raise PlanError when there is something at the path already: a plan is never changed."""
    folder = Path(folder)
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        found = "is a plan already" if (folder / MANIFEST_FILE).is_file() else "exists and is no empty folder"
        raise PlanError(f"{folder} {found}, and a plan is never changed: name a new folder")


def read_plan(folder: str | Path) -> Plan:
    """Read a plan folder.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        When it holds no plan, one of another format, or one whose rows were changed.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    try:
        if file_digest(folder / PLAN_FILE) not in (manifest.get("plan_digest"), manifest.get(NEXT_DIGEST)):
            raise PlanError(f"{folder / PLAN_FILE} was changed after the plan was made: put the original back")
        table = read_parquet(folder / PLAN_FILE)
    except FileNotFoundError:
        raise PlanError(f"{folder} has no {PLAN_FILE}: make the plan again") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise PlanError(f"{folder / PLAN_FILE} cannot be read ({error}): make the plan again") from None
    return Plan(table.to_pandas(), manifest)


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Return the manifest of a plan folder.

    Raises
    ------
    PlanError
        When the folder holds no plan, or one of another format.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise PlanError(f"{folder} is no plan: it has no {MANIFEST_FILE}; `regulars plan` makes one") from None
    except (OSError, ValueError) as error:
        raise PlanError(f"{folder / MANIFEST_FILE} cannot be read ({error}): make the plan again") from None
    if not isinstance(manifest, dict) or manifest.get("format") != PLAN_FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise PlanError(f"{folder} has format {found!r}, expected {PLAN_FORMAT}: another version of Regulars made it")
    return manifest


def plan_folders(folder: str | Path) -> list[Path]:
    """Return the plan folders directly within a folder, in the order of their weeks.

    Raises
    ------
    PlanError
        When there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PlanError(f"{folder} is no folder of plans: name the folder that holds them")
    files = (PLAN_FILE, MANIFEST_FILE)
    plans = [each for each in sorted(folder.iterdir()) if all((each / name).is_file() for name in files)]
    return sorted(plans, key=lambda each: (str(_week(each)), each.name))


def plan_folders_below(places: Iterable[Path]) -> list[Path]:
    """Return the plan folders among some folders and in them, at any depth, sorted."""
    folders = {each.parent for each in files_in(places) if each.name == PLAN_FILE}
    return sorted(each for each in folders if (each / MANIFEST_FILE).is_file())


def _week(folder: Path) -> str:
    try:
        return str(json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8")).get("week", ""))
    except (ValueError, AttributeError):
        return ""
