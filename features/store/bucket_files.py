"""The files of the buckets of a store: where they are, what the store has of all, and buckets left as they are."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.store.column_writer import write_array
from features.store.event_store import BUCKETS_FILE
from features.store.layout import DTYPES, IDENTITY_DTYPES, TEXT_DTYPES
from features.store.text_files import read_ids, write_ids

SUMS = ("events", "customers", "priced_events")
COLUMN_LISTS = {"columns": DTYPES, "identity_columns": IDENTITY_DTYPES, "text_columns": TEXT_DTYPES}
FACTS = (*COLUMN_LISTS, *SUMS, "first_time", "last_time")
"""What a manifest has about columns, see `column_writer.column_facts`."""


def bucket_folder(folder: Path, bucket: int, buckets: int) -> Path:
    """Return the folder of a bucket in a data folder, which of a store that is not divided is the data folder."""
    return folder / f"bucket-{bucket:03d}" if buckets > 1 else folder


def facts_of_buckets(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a manifest has about the columns of each bucket."""
    return [{name: facts[name] for name in FACTS if name in facts} for facts in manifest.get("buckets", [manifest])]


def joint_facts(of_buckets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a manifest has about the columns of all buckets together."""
    facts: dict[str, Any] = {
        key: [name for name in dtypes if any(name in each.get(key, ()) for each in of_buckets)]
        for key, dtypes in COLUMN_LISTS.items()
        if any(key in each for each in of_buckets)
    }
    facts |= {key: sum(each[key] for each in of_buckets) for key in SUMS}
    for key, choose in (("first_time", min), ("last_time", max)):
        facts[key] = choose((each[key] for each in of_buckets if each[key] is not None), default=None)
    return facts


def write_customers(folder: Path, of_buckets: Sequence[Path]) -> None:
    """Write the ids of all customers, sorted, and the bucket of each, to the data folder of a store of several."""
    if len(of_buckets) == 1:
        return
    ids = [read_ids(each) for each in of_buckets]
    numbers = np.repeat(np.arange(len(ids), dtype=np.uint16), [len(each) for each in ids])
    joint = pa.concat_arrays(ids)
    order = pc.sort_indices(joint)
    write_ids(folder / "customers.arrow", joint.take(order))
    write_array(folder / BUCKETS_FILE, numbers[order.to_numpy()])


def link_arrays(source: Path, folder: Path, facts: Mapping[str, Any]) -> None:
    """Give a folder the arrays of another: links to the same files, or copies where the file system has no links."""
    names = [f"{name}.npy" for key in COLUMN_LISTS for name in facts.get(key, ())] + ["offsets.npy"]
    for name in (*names, "customers.arrow"):
        try:
            os.link(source / name, folder / name)
        except OSError:
            shutil.copyfile(source / name, folder / name)
