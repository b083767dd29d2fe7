"""Leaves out the rows of customers who were erased, before any of them could reach a store or a quarantine file."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa

from features.erasure.suppression import Suppression
from features.ingestion.batches import SourceBatch
from features.ingestion.casting import RowErrors, cast_text, strip_whitespace
from features.ingestion.id_rules import read_ids
from features.ingestion.interpretation import rows_of_batch
from features.ingestion.source_formats import Source

CELL_ENDS = re.compile(r'[,;\t|"\r\n]')
"""What ends a cell in a row that could not be split."""


def without_erased(source: Source, batch: SourceBatch, suppression: Suppression) -> tuple[SourceBatch, int]:
    """Return a batch without the rows of erased customers, and how many these are.

    Parameters
    ----------
    source : Source
    batch : SourceBatch
        A row that could not be split into fields is left out when one of its cells is such an id.
    suppression : Suppression
    """
    if not suppression:
        return batch, 0
    unreadable = [row for row in batch.unreadable if not _names_erased(row.text, suppression)]
    erased = len(batch.unreadable) - len(unreadable)
    batch = replace(batch, unreadable=unreadable)
    if "customer_id" in source.constants:
        ids = pa.repeat(source.constants["customer_id"], len(batch.numbers))
    else:
        column = read_ids(batch.log["customer_id"], source.profile.ids, RowErrors())
        ids = strip_whitespace(cast_text("customer_id", column, RowErrors()))
    of_erased = suppression.rows(ids)
    if "customer_id" not in source.constants:  # as the log spells them, whatever rule for ids this ingest has
        spelled = strip_whitespace(cast_text("customer_id", batch.log["customer_id"], RowErrors()))
        of_erased |= suppression.rows(spelled)
    if not of_erased.any():
        return batch, erased
    return rows_of_batch(batch, np.flatnonzero(~of_erased)), erased + int(of_erased.sum())


def _names_erased(text: str, suppression: Suppression) -> bool:
    return any(suppression.has(cell.strip()) for cell in CELL_ENDS.split(text) if cell.strip())
