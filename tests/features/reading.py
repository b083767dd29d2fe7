"""Ingests logs in tests: writes them to files, ingests them, and returns everything that results."""

import csv
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.ingestion.ingest import ingest
from features.ingestion.ingest_report import IngestReport
from features.store.event_store import open_store
from features.store.layout import ABSENT, SALE_COLUMNS

HEADER = "customer_id,event_time,event_type,amount,channel,goal,outcome,satisfaction,loyalty"
NONE = set(ABSENT.values())


class Read(NamedTuple):
    """The result of an ingest: the report, the store's events in its order, the rows of the two files beside it."""

    report: IngestReport
    events: list[dict[str, Any]]
    quarantine: list[dict[str, str]]
    duplicates: list[dict[str, str]]

    def reasons(self) -> dict[int, str]:
        """Return what is wrong with each quarantined row, by its number."""
        return {int(row["row_number"]): f"{row['column']} {row['reason']}".strip() for row in self.quarantine}


def read(sources: Any, **options: Any) -> Read:
    """Ingest sources into a temporary store; check what must hold for every ingest."""
    # This store need not survive a crash, and a log of faulty rows alone may be looked at too.
    refused = patch("features.ingestion.ingest.refusal", lambda *_: "")
    with TemporaryDirectory() as folder, patch.object(os, "fsync"), refused:
        report = ingest(sources, Path(folder) / "store", **options)
        store = open_store(Path(folder) / "store")
        ids = np.repeat(np.array(store.customer_ids.to_pylist(), object), np.diff(store.offsets))
        columns = {name: [None if v in NONE else v for v in column.tolist()] for name, column in store.columns.items()}
        columns |= {name: store.identity[name].tolist() for name in SALE_COLUMNS if name in store.identity}
        events = [
            {"customer_id": customer} | dict(zip(columns, values, strict=True))
            for customer, values in zip(ids, zip(*columns.values(), strict=True), strict=True)
        ]
        quarantine = _rows(store.folder / "quarantine.csv")
        duplicates = _rows(store.folder / "duplicates.csv")
        written = json.loads((store.folder / "report.json").read_text())
    assert written == json.loads(json.dumps(report.as_dict()))
    assert report.lines()
    check_accounts(report)
    assert report.quarantined == len(quarantine)
    assert report.duplicates == len(duplicates)
    assert report.customers == store.n_customers
    superseded = sum(event.get("known_until") is not None for event in events)
    assert report.kept == len(events) - superseded
    return Read(report, events, quarantine, duplicates)


def check_accounts(report: IngestReport) -> None:
    """Assert that no row is lost: rows in and added = kept + quarantined + duplicates + merged + left out."""
    assert report.rows_in + report.added == sum(
        (report.kept, report.quarantined, report.duplicates, report.merged, report.left_out)
    )
    assert report.quarantined == sum(report.quarantined_by_reason.values())
    assert report.kept == sum(report.kinds.values())


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def csv_file(folder: Path, *lines: str, header: str = HEADER, name: str = "log.csv", encoding: str = "utf-8") -> Path:
    """Write lines below a header; return the file."""
    path = folder / name
    path.write_bytes("".join(line + "\n" for line in (header, *lines)).encode(encoding))
    return path


def parquet_file(folder: Path, columns: Mapping[str, Iterable[Any] | pa.Array], name: str = "log.parquet") -> Path:
    """Write columns to a Parquet file; return it."""
    path = folder / name
    pq.write_table(pa.table({name: v if isinstance(v, pa.Array) else pa.array(v) for name, v in columns.items()}), path)
    return path
