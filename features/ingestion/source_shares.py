"""Cuts sources into shares that workers read independently of each other: a file, or row groups of a Parquet file."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from features.ingestion.source_formats import Source

SHARE_ROWS = 1_000_000
"""How many rows a share has at least, unless its source has fewer; row groups are not cut."""


class SourceShare(NamedTuple):
    """Rows that one worker reads.

    Attributes
    ----------
    source : int
        The number of their source.
    groups : range, optional
        Which row groups of a Parquet file they are; None for all rows of a source.
    """

    source: int
    groups: range | None


def source_shares(sources: Sequence[Source], rows: int = SHARE_ROWS) -> list[SourceShare]:
    """Return shares of all sources, in their order.

    Parameters
    ----------
    sources : sequence of Source
    rows : int
        How many rows a share has at least, unless it is the last of its source.
    """
    shares = []
    for number, source in enumerate(sources):
        bounds, taken = [0], 0
        for group, size in enumerate(source.row_groups, 1):
            taken += size
            if taken >= rows or group == len(source.row_groups):
                bounds.append(group)
                taken = 0
        cuts = [range(first, last) for first, last in pairwise(bounds)]
        shares += [SourceShare(number, groups) for groups in (cuts if len(cuts) > 1 else [None])]
    return shares
