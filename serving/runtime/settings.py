"""How the service is run, read from the environment, so that it is the same under every way to start it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from features.errors import RateLimitError, SettingsError
from serving.runtime.rate_limits import parsed_rate


@dataclass(frozen=True)
class Settings:
    """The file of keys, the rate of all who have none of their own, the zone without a model, and the rest."""

    keys: Path | None = None
    rate: str | None = None
    timezone: str = "UTC"
    scores: Path | None = None
    report: Path | None = None
    watch_seconds: float = 1.0


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of the `REGULARS_...` variables; raises SettingsError for values that cannot be used."""
    get = environment.get
    rate, timezone = get("REGULARS_RATE") or None, get("REGULARS_TIMEZONE") or "UTC"
    try:
        if rate:
            parsed_rate(rate)
        ZoneInfo(timezone)
    except RateLimitError as error:
        raise SettingsError(f"REGULARS_RATE: {error}") from None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"REGULARS_TIMEZONE is {timezone!r}, expected a zone like Europe/London") from None
    return Settings(
        _path(get("REGULARS_KEYS")),
        rate,
        timezone,
        _path(get("REGULARS_SCORES")),
        _path(get("REGULARS_REPORT")),
        _seconds(get("REGULARS_WATCH_SECONDS")),
    )


def workers(environment: Mapping[str, str] = os.environ) -> int:
    """Return how many workers REGULARS_WORKERS asks for, 1 without it."""
    said = environment.get("REGULARS_WORKERS") or "1"
    if not said.isdecimal() or not 1 <= int(said) <= 64:
        raise SettingsError(f"REGULARS_WORKERS is {said!r}, expected a number from 1 to 64")
    return int(said)


def _path(said: str | None) -> Path | None:
    return Path(said) if said else None


def _seconds(said: str | None) -> float:
    try:
        seconds = float(said or 1.0)
    except ValueError:
        seconds = 0.0
    if not 0.05 <= seconds <= 3600:
        raise SettingsError(f"REGULARS_WATCH_SECONDS is {said!r}, expected seconds from 0.05 to 3600")
    return seconds
