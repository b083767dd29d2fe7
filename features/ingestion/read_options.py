"""How sources are to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.errors import SourceError
from features.schema import LOG_COLUMN_NAMES


@dataclass(frozen=True)
class ReadOptions:
    """How to read sources.

    Attributes
    ----------
    query : str or None
        The SELECT statement for database URLs.
    map : mapping of str to str
        Log column to the sources' name of it.
    constants : mapping of str to str
        Values for log columns that a source lacks.
    delimiter, encoding, decimal : str or None
        How CSV files are written; None: detected, for each file.
    """

    query: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        for name in [*self.map, *self.constants]:
            if name not in LOG_COLUMN_NAMES:
                expected = ", ".join(LOG_COLUMN_NAMES)
                raise SourceError(f"{name!r} is no column of the contract: expected one of {expected}")
        if self.delimiter is not None and (
            len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0'
        ):
            raise SourceError(f"{self.delimiter!r} is not a delimiter: give one ASCII character, such as ',' or ';'")
        if self.decimal not in (None, ".", ","):
            raise SourceError(f"{self.decimal!r} is not a decimal mark: expected '.' or ','")
