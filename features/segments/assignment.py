"""The classes and the segment of one customer, without pandas, and of many; both are equal."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.errors import SegmentsError
from features.segments.segmentation import MEASURES, Boundaries, Classes, Segmentation

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("rfm_recency", "rfm_frequency", "rfm_monetary", "segment")
"""The columns of a file of scores."""


class Assignment(NamedTuple):
    """A customer's classes of recency, frequency and money, and their segment."""

    classes: Classes
    segment: str


def assign_one(features: Mapping[str, float], segmentation: Segmentation) -> Assignment | None:
    """Return the classes and the segment of one customer.

    Parameters
    ----------
    features : mapping of str to float
        A row of the feature table, NaN for null.
    segmentation : Segmentation
        With boundaries.

    Returns
    -------
    Assignment or None
        None for a customer who never bought, or without a value in one of the columns.

    Raises
    ------
    SegmentsError
        When the boundaries are not learnt.
    """
    boundaries = segmentation.learnt()
    values = [features[segmentation.columns[measure]] for measure in MEASURES]
    if any(math.isnan(value) for value in values):
        return None
    above = [bisect_left(getattr(boundaries, measure), value) for measure, value in zip(MEASURES, values, strict=True)]
    classes = (segmentation.classes - above[0], 1 + above[1], 1 + above[2])
    segment = segmentation.names_by_classes[classes]
    assert segment is not None  # checked when it was made
    return Assignment(classes, segment)


def assign(features: "pd.DataFrame", segmentation: Segmentation) -> "pd.DataFrame":
    """Return the classes and segments of a feature table.

    Parameters
    ----------
    features : DataFrame
        The feature table.
    segmentation : Segmentation
        With boundaries.

    Returns
    -------
    DataFrame
        Indexed as the feature table, with `COLUMNS`: Int64 classes and the segment's name; null as in `assign_one`.

    Raises
    ------
    SegmentsError
        When the boundaries are not learnt.
    """
    import pandas as pd

    boundaries = segmentation.learnt()
    values = features[[segmentation.columns[measure] for measure in MEASURES]].to_numpy(np.float64)
    known = ~np.isnan(values).any(axis=1)
    above = [np.searchsorted(getattr(boundaries, name), values[:, i], "left") for i, name in enumerate(MEASURES)]
    classes = np.stack([segmentation.classes - above[0], 1 + above[1], 1 + above[2]], axis=1)
    names = np.full((segmentation.classes + 1,) * 3, None, object)
    for each, name in segmentation.names_by_classes.items():
        names[each] = name
    clipped = np.where(known[:, None], classes, 0)
    out = pd.DataFrame(classes, features.index, list(COLUMNS[:3])).astype("Int64")
    out.loc[~known] = pd.NA
    out[COLUMNS[3]] = pd.Series(names[tuple(clipped.T)], features.index, dtype="str")
    return out


def learn_boundaries(features: "pd.DataFrame", segmentation: Segmentation, as_of: str, data_digest: str) -> Boundaries:
    """Return boundaries that part the customers who have bought into classes of equal size, as far as ties allow.

    Parameters
    ----------
    features : DataFrame
        The feature table at `as_of`.
    segmentation : Segmentation
    as_of, data_digest : str
        Kept with the boundaries.

    Raises
    ------
    SegmentsError
        When nobody has a value in a column, for instance spend in a log without amounts.
    """
    shares = np.arange(1, segmentation.classes) / segmentation.classes
    bought = features["purchase_days"] > 0
    boundaries = {}
    for measure in MEASURES:
        column = segmentation.columns[measure]
        values = features.loc[bought, column].dropna().to_numpy()
        if not len(values):
            raise SegmentsError(f"nobody has a value of {column} at {as_of}: give columns.{measure} another feature")
        # Observed values, not interpolated ones: a boundary has a meaning in the column's unit.
        boundaries[measure] = tuple(np.quantile(values, shares, method="inverted_cdf").tolist())
    return Boundaries(as_of, data_digest, **boundaries)
