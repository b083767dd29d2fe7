"""Settings of reading event logs, a section of `regulars.toml`."""

from dataclasses import dataclass, field

from features.errors import InvalidArgumentError, SourceError


@dataclass(frozen=True)
class IngestSettings:
    """How sources of events are written.

    Attributes
    ----------
    rating_maximum : float
        The highest value of the rating scale; a higher rating is faulty.
    delimiter : str, optional
        The delimiter of CSV files; detected without it.
    encoding : str, optional
        The encoding of CSV files; detected without it.
    decimal : str, optional
        The decimal mark of CSV files, `.` or `,`; detected without it.
    maximum_quarantined : float, optional
        The share of rows that may be faulty for reasons that their profile does not expect, 0 to 1; 0.05 without it.
    accept_quarantine : bool
        Whether a log replaces the store whatever that share is.
    strict : bool
        Whether a log with warnings is refused.
    """

    rating_maximum: float = 10.0
    delimiter: str | None = field(default=None, metadata={"example": ";"})
    encoding: str | None = field(default=None, metadata={"example": "cp1252"})
    decimal: str | None = field(default=None, metadata={"example": ","})
    maximum_quarantined: float | None = field(default=None, metadata={"example": 0.05})
    accept_quarantine: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.rating_maximum <= 1e6:
            raise InvalidArgumentError(
                f"rating_maximum is {self.rating_maximum}: expected a number above 0, up to a million"
            )
        if not 0 <= (self.maximum_quarantined or 0) <= 1:
            raise InvalidArgumentError(
                f"maximum_quarantined is {self.maximum_quarantined}: expected a share of rows, 0 to 1"
            )
        if self.delimiter is not None or self.decimal is not None:
            from features.ingestion.read_options import ReadOptions  # reads the event words

            try:
                ReadOptions(delimiter=self.delimiter, decimal=self.decimal)
            except SourceError as error:
                raise InvalidArgumentError(str(error)) from None
