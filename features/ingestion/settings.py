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
    """

    rating_maximum: float = 10.0
    delimiter: str | None = field(default=None, metadata={"example": ";"})
    encoding: str | None = field(default=None, metadata={"example": "cp1252"})
    decimal: str | None = field(default=None, metadata={"example": ","})

    def __post_init__(self) -> None:
        if not 0 < self.rating_maximum <= 1e6:
            raise InvalidArgumentError(
                f"rating_maximum is {self.rating_maximum}: expected a number above 0, up to a million"
            )
        if self.delimiter is not None or self.decimal is not None:
            from features.ingestion.read_options import ReadOptions  # reads the event words

            try:
                ReadOptions(delimiter=self.delimiter, decimal=self.decimal)
            except SourceError as error:
                raise InvalidArgumentError(str(error)) from None
