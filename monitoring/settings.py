"""Settings of `regulars monitor`, a section of the settings file."""

from dataclasses import dataclass, field
from pathlib import Path

from features.errors import InvalidArgumentError

LONGEST_HORIZON = 3650
LEAST_BUDGET, LARGEST_BUDGET = 0.001, 0.5


@dataclass(frozen=True)
class MonitorSettings:
    """`regulars monitor`: what is measured, and where its files are.

    Attributes
    ----------
    horizons : tuple of int
        Lengths in days of the windows that are measured; without any 28 and those of the champion.
    budget : float
        The chance of a false alarm: at each look for the intake and for the columns, over two years of weekly looks for
        the forecasts.
    forecast_log : Path, optional
        The forecast log of the service; without it the champion's own forecasts are watched.
    keys : Path, optional
        The keys of its pseudonyms; without it those of [serve], else `FOLDER-keys` beside the log.
    out : Path, optional
        The folder for monitor.html and monitor.json; without it they are not written.
    """

    horizons: tuple[int, ...] = field(default=(), metadata={"example": (28, 90)})
    budget: float = 0.05
    forecast_log: Path | None = field(default=None, metadata={"example": "forecast-log"})
    keys: Path | None = field(default=None, metadata={"example": "forecast-log-keys"})
    out: Path | None = field(default=None, metadata={"example": "monitor"})

    def __post_init__(self) -> None:
        for days in self.horizons:
            if not 1 <= days <= LONGEST_HORIZON:
                raise InvalidArgumentError(f"horizons has {days}, expected 1 to {LONGEST_HORIZON} days")
        if not LEAST_BUDGET <= self.budget <= LARGEST_BUDGET:
            raise InvalidArgumentError(f"budget is {self.budget}, expected {LEAST_BUDGET} to {LARGEST_BUDGET}")
        if self.keys is not None and self.forecast_log is None:
            raise InvalidArgumentError("keys are those of a forecast_log: name it too")
