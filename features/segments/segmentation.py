"""The definition of RFM segments as data, checked and read from TOML (segments.toml), with the boundaries learnt."""

import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from features.definitions import FEATURE_NAMES
from features.errors import SegmentsError

MEASURES = ("recency", "frequency", "monetary")
NOTE = "# Learnt by `regulars segments --learn`; a value equal to a boundary is on its lower side."
"""Stands above the boundaries, which end a file."""
Classes = tuple[int, int, int]
"""The classes of recency, frequency and money, 1 to the highest."""


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named part of the customers.

    Attributes
    ----------
    name, zh : str
        Its name in files and answers, and in Chinese.
    recency, frequency, monetary : pair of int, optional
        The lowest and highest class; without it every class.
    """

    name: str
    zh: str = ""
    recency: tuple[int, int] | None = None
    frequency: tuple[int, int] | None = None
    monetary: tuple[int, int] | None = None

    def holds(self, classes: Classes) -> bool:
        """Return whether the ranges hold a customer's classes."""
        ranges = (self.recency, self.frequency, self.monetary)
        return all(each is None or each[0] <= value <= each[1] for each, value in zip(ranges, classes, strict=True))


class Boundaries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The values that part the classes, learnt once from a base.

    Attributes
    ----------
    as_of, data_digest : str
        The date and the log that they were learnt from.
    recency, frequency, monetary : tuple of float
        One less than there are classes, ascending; a value equal to a boundary is on its lower side.
    """

    as_of: str
    data_digest: str
    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]


class Segmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Segments, and the boundaries of their classes once these are learnt.

    Attributes
    ----------
    version : str
    classes : int
    columns : mapping of str to str
        The columns of the feature table that are `recency`, `frequency` and `monetary`.
    segments : tuple of Segment
        The first that holds a customer's classes is the customer's.
    boundaries : Boundaries, optional
    """

    version: str
    classes: int
    columns: Mapping[str, str]
    segments: tuple[Segment, ...]
    boundaries: Boundaries | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.classes <= 10:
            raise SegmentsError(f"classes is {self.classes}, expected 2 to 10")
        if set(self.columns) != set(MEASURES):
            raise SegmentsError(f"columns has {', '.join(self.columns)}, expected {', '.join(MEASURES)}")
        for name, column in self.columns.items():
            if column not in FEATURE_NAMES:
                raise SegmentsError(f"columns.{name} is {column!r}, which is no feature: docs/columns.md lists them")
        names = [segment.name for segment in self.segments]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise SegmentsError(f"segment {repeated!r} is there twice: rename one")
        for segment in self.segments:
            for measure in MEASURES:
                low, high = getattr(segment, measure) or (1, self.classes)
                if not 1 <= low <= high <= self.classes:
                    found = f"{measure} of segment {segment.name!r} is [{low}, {high}]"
                    raise SegmentsError(f"{found}, expected classes of 1 to {self.classes}")
        if missing := next((each for each, found in self.names_by_classes.items() if found is None), None):
            raise SegmentsError(
                f"no segment holds recency {missing[0]}, frequency {missing[1]}, monetary {missing[2]}: "
                "add one without ranges at the end"
            )
        if self.boundaries is not None:
            for measure in MEASURES:
                values = getattr(self.boundaries, measure)
                if len(values) != self.classes - 1 or list(values) != sorted(values):
                    raise SegmentsError(
                        f"boundaries.{measure} is {list(values)}, expected {self.classes - 1} ascending numbers: "
                        "learn them again"
                    )

    @cached_property
    def names_by_classes(self) -> dict[Classes, str | None]:
        """The segment of each combination of classes."""
        combinations: Any = product(range(1, self.classes + 1), repeat=len(MEASURES))
        return {each: next((s.name for s in self.segments if s.holds(each)), None) for each in combinations}

    def learnt(self) -> Boundaries:
        """Return the boundaries; raises SegmentsError where none are learnt."""
        if self.boundaries is None:
            raise SegmentsError(
                "the boundaries of the segments are not learnt: `regulars segments STORE --learn segments.toml` does"
            )
        return self.boundaries


def load_segmentation(path: str | Path | None = None) -> Segmentation:
    """Read and check a file of segments.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file like `features/segments/segments.toml`, which is read when no path is given.

    Raises
    ------
    SegmentsError
        When the file cannot be read or used; the message has the file and the key.

    Examples
    --------
    >>> segmentation = load_segmentation()
    >>> segmentation.names_by_classes[5, 5, 5], segmentation.names_by_classes[1, 1, 1]
    ('champions', 'lost')
    """
    file = resources.files("features.segments").joinpath("segments.toml") if path is None else Path(path)
    try:
        return msgspec.convert(tomllib.loads(file.read_bytes().decode("utf-8-sig")), Segmentation)
    except OSError as error:
        raise SegmentsError(f"{file}: {error.strerror}, expected segments in TOML; check the path") from None
    except (SegmentsError, ValueError) as error:
        message = str(error).replace("`", "").replace(" - at $.", ", in ")
        raise SegmentsError(f"{file}: {message}") from None


def with_boundaries(text: str, boundaries: Boundaries) -> str:
    """Return the text of a file of segments with these boundaries instead of any it has."""
    head = text.partition(f"\n{NOTE}\n")[0].rstrip()
    values = "".join(f"{name} = {list(getattr(boundaries, name))}\n" for name in MEASURES)
    facts = f'as_of = "{boundaries.as_of}"\ndata_digest = "{boundaries.data_digest}"\n'
    return f"{head}\n\n{NOTE}\n[boundaries]\n{facts}{values}"
