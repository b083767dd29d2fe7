"""Settings of the service, from the environment, so that they are the same however it is started."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from features.errors import RateLimitError, SettingsError
from features.schema import RATING_MAXIMUM, RATING_SCALE_LIMIT
from serving.runtime.rate_limits import parse_rate


@dataclass(frozen=True)
class Settings:
    """Settings of a worker.

    Attributes
    ----------
    keys : Path, optional
        File of API keys; None admits requests without a key.
    rate : str, optional
        Rate limit of clients without one of their own, like `100/second`.
    timezone : str
        Business time zone while there is no model.
    rating_maximum : float
        Highest rating of the scale while there is no model.
    scores, report : Path, optional
        Files that `regulars score` and `regulars compare` write.
    watch_seconds : float
        Pause between two checks for a new version, new keys.
    """

    keys: Path | None = None
    rate: str | None = None
    timezone: str = "UTC"
    rating_maximum: float = RATING_MAXIMUM
    scores: Path | None = None
    report: Path | None = None
    watch_seconds: float = 1.0


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings from the `REGULARS_...` variables; raises SettingsError for values that cannot be used."""
    get = environment.get
    rate, timezone = get("REGULARS_RATE") or None, get("REGULARS_TIMEZONE") or "UTC"
    try:
        if rate:
            parse_rate(rate)
        ZoneInfo(timezone)
    except RateLimitError as error:
        raise SettingsError(f"REGULARS_RATE: {error}") from None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"REGULARS_TIMEZONE is {timezone!r}, expected a zone like Europe/London") from None
    return Settings(
        _path(get("REGULARS_KEYS")),
        rate,
        timezone,
        _number("REGULARS_RATING_MAXIMUM", get("REGULARS_RATING_MAXIMUM"), RATING_MAXIMUM, 1e-6, RATING_SCALE_LIMIT),
        _path(get("REGULARS_SCORES")),
        _path(get("REGULARS_REPORT")),
        _number("REGULARS_WATCH_SECONDS", get("REGULARS_WATCH_SECONDS"), 1.0, 0.05, 3600),
    )


def worker_count(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of workers, from REGULARS_WORKERS; 1 without it."""
    count = environment.get("REGULARS_WORKERS") or "1"
    if not count.isdecimal() or not 1 <= int(count) <= 64:
        raise SettingsError(f"REGULARS_WORKERS is {count!r}, expected a number from 1 to 64")
    return int(count)


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _number(name: str, value: str | None, default: float, least: float, greatest: float) -> float:
    try:
        number = float(value or default)
    except ValueError:
        number = float("nan")
    if not least <= number <= greatest:
        raise SettingsError(f"{name} is {value!r}, expected a number from {least:g} to {greatest:g}")
    return number
