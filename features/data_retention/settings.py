"""Settings of `regulars prune`, a section of `regulars.toml`."""

from dataclasses import dataclass, field, fields

from features.errors import InvalidArgumentError

MOST_DAYS = 36_500
"""A century: dates before it may be outside of what `AsOf` takes."""


@dataclass(frozen=True)
class DataRetentionSettings:
    """How long `regulars prune` keeps what is stored; what has no number is kept for good.

    Attributes
    ----------
    events_days : int, optional
        Events of a store, by `event_time`, with their faulty rows and duplicates.
    generations_days : int, optional
        Earlier generations of a store, by the time when they were written. The present one always stays.
    tables_days : int, optional
        Scores, features, reports and other files of a cutoff, by their `as_of`.
    plans_days : int, optional
        Customers' names and features in plans and records, by the plan's `as_of`. Arm, propensity and outcome stay.
    runs_days : int, optional
        Runs of `regulars retrain`, by the time of their start. The latest always stays.
    forecast_log_days : int, optional
        The forecast log, by day, and the keys of quarters of which nothing is left.
    """

    events_days: int | None = field(default=None, metadata={"example": 1095})
    generations_days: int | None = field(default=None, metadata={"example": 30})
    tables_days: int | None = field(default=None, metadata={"example": 400})
    plans_days: int | None = field(default=None, metadata={"example": 730})
    runs_days: int | None = field(default=None, metadata={"example": 180})
    forecast_log_days: int | None = field(default=None, metadata={"example": 365})

    def __post_init__(self) -> None:
        for name in (each.name for each in fields(self)):
            days = getattr(self, name)
            if days is not None and not 1 <= days <= MOST_DAYS:
                raise InvalidArgumentError(
                    f"{name} is {days}, expected 1 to {MOST_DAYS}: without it all of that is kept for good"
                )
