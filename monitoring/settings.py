"""Settings of `regulars monitor`, a section of the settings file."""

from dataclasses import dataclass, field
from pathlib import Path

from features.errors import InvalidArgumentError

LONGEST_HORIZON = 3650
LOWEST_RATE, HIGHEST_RATE = 0.001, 0.5


@dataclass(frozen=True)
class MonitorSettings:
    """`regulars monitor`: what is measured, and where its files are.

    Attributes
    ----------
    horizons : tuple of int
        Lengths in days of the windows that are measured; without any 28 and those of the champion.
    false_alarm_rate : float
        The chance of a false alarm: at each look for the intake and for the columns, over two years of weekly looks for
        the forecasts.
    forecast_log : Path, optional
        The forecast log of the service; without it the champion's own forecasts are watched.
    forecast_log_keys : Path, optional
        The keys of its pseudonyms; without it those of [serve], else `FOLDER-keys` beside the log.
    out : Path, optional
        The folder for monitor.html and monitor.json; without it they are not written.
    """

    horizons: tuple[int, ...] = field(default=(), metadata={"example": (28, 90)})
    false_alarm_rate: float = 0.05
    forecast_log: Path | None = field(default=None, metadata={"example": "forecast-log"})
    forecast_log_keys: Path | None = field(default=None, metadata={"example": "forecast-log-keys"})
    out: Path | None = field(default=None, metadata={"example": "monitor"})

    def __post_init__(self) -> None:
        for days in self.horizons:
            if not 1 <= days <= LONGEST_HORIZON:
                raise InvalidArgumentError(f"horizons has {days}, expected 1 to {LONGEST_HORIZON} days")
        if not LOWEST_RATE <= self.false_alarm_rate <= HIGHEST_RATE:
            raise InvalidArgumentError(
                f"false_alarm_rate is {self.false_alarm_rate}, expected {LOWEST_RATE} to {HIGHEST_RATE}"
            )
        if self.forecast_log_keys is not None and self.forecast_log is None:
            raise InvalidArgumentError("forecast_log_keys are those of a forecast_log: name it too")
