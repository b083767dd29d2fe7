"""Which RFM segments are in use, a section of `regulars.toml`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from features.settings_file import read_settings

if TYPE_CHECKING:
    from features.segments.segmentation import Segmentation


@dataclass(frozen=True)
class SegmentSettings:
    """RFM segments in files of scores and in the service's answers.

    Attributes
    ----------
    file : Path, optional
        The segments with their boundaries, as `regulars segments --learn` writes them; without it there are none.
    """

    file: Path | None = field(default=None, metadata={"example": "segments.toml"})


def segments_file() -> Path | None:
    """Return the file of the settings, or None."""
    return read_settings("segments", SegmentSettings).file


def segmentation_of_settings() -> "Segmentation | None":
    """Return the segments of the settings, or None where they name no file.

    Raises
    ------
    SegmentsError
        When the file cannot be used, or has no boundaries.
    """
    from features.segments.segmentation import load_segmentation  # the features, which checking settings needs not

    path = segments_file()
    if path is None:
        return None
    segmentation = load_segmentation(path)
    segmentation.learnt()
    return segmentation
