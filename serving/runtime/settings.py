"""Settings of the service, a section of `regulars.toml`, so that they are the same however it is started."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from features.errors import InvalidArgumentError, RateLimitError
from features.ingestion.settings import IngestSettings
from features.settings_file import PathOrAddress, read_settings
from features.store.settings import StoreSettings
from serving.runtime.origins import check_origins
from serving.runtime.traces_address import spans_address
from serving.score_tables.table_address import is_table_address, read_table_address

OLDER_KEYS = ("keys", "rate", "timezone", "scores", "report", "watch_seconds", "workers")
OLDER_VARIABLES = {f"REGULARS_{key.upper()}": key for key in OLDER_KEYS}
"""Variables without the name of the section, by which earlier releases were set up."""

LIMITS = (
    *(("port", 1, 65535), ("workers", 1, 64), ("watch_seconds", 0.05, 3600), ("drain_seconds", 0, 3600)),
    ("bodies_megabytes", 64, 2**20),  # the largest body fits
    *(("forecast_log_days", 1, 3650), ("forecast_log_gigabytes", 0.001, 10_000), ("forecast_log_feature_share", 0, 1)),
    ("monitor_max_age_days", 0.01, 3650),
    *(("jobs_maximum", 1, 10_000), ("jobs_gigabytes", 0.001, 10_000), ("jobs_hours", 0.01, 8760)),
)
"""The least and the greatest value of settings that are numbers."""


@dataclass(frozen=True)
class ServeSettings:
    """The service: where it listens, who may use it, and what it shows.

    Attributes
    ----------
    host : str
        The IP address to listen on; 0.0.0.0 listens on all interfaces.
    port : int
        The port to listen on.
    workers : int
        The number of worker processes.
    keys : Path, optional
        API keys made by `regulars key`; without it no key is needed.
    rate : str, optional
        Rate limit of a client without one of its own, in each worker; without it there is none.
    scores : path or address, optional
        The file or folder written by `regulars score`, or the address of its table, for /score_customers.
    report : Path, optional
        The page written by `regulars compare`, shown at /.
    plans : Path, optional
        The folder of plans of visits and incentives, for /plans.
    timezone : str, optional
        The business time zone until a model with its own is published; without it that of [store].
    rating_maximum : float, optional
        The highest value of the rating scale until a model with its own is published; without it that of [ingest].
    watch_seconds : float
        Seconds between two checks for a newer version and changed keys.
    trusted_key : Path, optional
        The public key of the publisher, made by `regulars signing-key`; without it a version needs no signature.
    allow_pickle : bool, optional
        Whether to unpickle a version that has no whole compiled form, which runs code that it holds: models of plugins,
        and versions of earlier releases. Without it: only where there is no trusted_key.
    signed_since : str, optional
        The time, in UTC where it has no offset, before which a version must not have been signed: an old one that was
        put back is refused at the start too. A running service refuses what was signed before the version it serves.
    drain_seconds : float
        Seconds after SIGTERM in which the service still answers but /readyz says 503, before the port is closed.
    cors_origins : tuple of str
        Origins of web pages whose scripts may use the service (CORS), or `*` for any; without any they may not.
    bodies_megabytes : int
        Megabytes (MiB) of request bodies, decompressed, that a worker reads, keeps waiting or works on at once; beyond
        that it answers 503. Bodies up to 16 kB do not count.
    traces : str, optional
        The OpenTelemetry collector that receives spans of the requests (OTLP over HTTP); without it there are none.
        Needs the extra `telemetry`.
    jobs : Path, optional
        The folder in which the workers keep jobs, for /jobs; without it there are none.
    jobs_maximum : int
        The number of jobs that are kept, ended ones included.
    jobs_gigabytes : float
        The size of the folder of jobs, in 10^9 bytes, above which no job is taken.
    jobs_hours : float
        Hours after its end at which a job is removed.
    forecast_log : Path, optional
        The folder in which the workers keep what they forecast, under pseudonyms; without it nothing is kept.
    forecast_log_keys : Path, optional
        The folder of the pseudonyms' keys, outside of the log; without it `FOLDER-keys` beside that.
    forecast_log_days : int
        Days that the forecast log goes back.
    forecast_log_gigabytes : float
        The size of the forecast log, in 10^9 bytes, above which its oldest days are removed.
    forecast_log_feature_share : float
        The share of customers whose features are in the forecast log, 0 to 1: the same ones in all of a quarter.
    monitor : Path, optional
        The file monitor.json written by `regulars monitor`, shown as gauges at /metrics; without it there are none.
    monitor_max_age_days : float
        How many days old that file may be; the figures of an older one are not shown.
    """

    host: str = "127.0.0.1"
    port: int = 3000
    workers: int = 1
    keys: Path | None = field(default=None, metadata={"example": "keys.toml"})
    rate: str | None = field(default=None, metadata={"example": "100/second"})
    scores: PathOrAddress | None = field(default=None, metadata={"example": "scores.parquet"})
    report: Path | None = field(default=None, metadata={"example": "report/report.html"})
    plans: Path | None = field(default=None, metadata={"example": "plans"})
    timezone: str | None = field(default=None, metadata={"example": "Europe/London"})
    rating_maximum: float | None = field(default=None, metadata={"example": 5.0})
    watch_seconds: float = 1.0
    trusted_key: Path | None = field(default=None, metadata={"example": "publisher.key.pub"})
    allow_pickle: bool | None = field(default=None, metadata={"example": True})
    signed_since: str | None = field(default=None, metadata={"example": "2026-11-27T09:30:00Z"})
    drain_seconds: float = 1.0
    cors_origins: tuple[str, ...] = field(default=(), metadata={"example": ("https://shop.example",)})
    bodies_megabytes: int = 256
    traces: str | None = field(default=None, metadata={"example": "http://localhost:4318"})
    jobs: Path | None = field(default=None, metadata={"example": "jobs"})
    jobs_maximum: int = 100
    jobs_gigabytes: float = 4.0
    jobs_hours: float = 24.0
    forecast_log: Path | None = field(default=None, metadata={"example": "forecast-log"})
    forecast_log_keys: Path | None = field(default=None, metadata={"example": "forecast-log-keys"})
    forecast_log_days: int = 400
    forecast_log_gigabytes: float = 5.0
    forecast_log_feature_share: float = 0.01
    monitor: Path | None = field(default=None, metadata={"example": "monitor/monitor.json"})
    monitor_max_age_days: float = 15.0

    def __post_init__(self) -> None:
        for name, low, high in LIMITS:
            if not low <= getattr(self, name) <= high:
                raise InvalidArgumentError(f"{name} is {getattr(self, name)}, expected a number from {low} to {high}")
        if self.rate is not None:
            check_rate(self.rate)
        if self.timezone is not None:
            StoreSettings(timezone=self.timezone)
        if self.rating_maximum is not None:
            IngestSettings(rating_maximum=self.rating_maximum)
        check_origins(self.cors_origins)
        if self.scores and is_table_address(self.scores):
            read_table_address(self.scores)
        if self.traces is not None:
            spans_address(self.traces)
        if self.forecast_log and self.keys_folder.absolute().is_relative_to(self.forecast_log.absolute()):
            raise InvalidArgumentError(
                f"forecast_log_keys is {self.keys_folder}, inside of the log: who has the log would have its keys"
            )
        if self.signed_since_time and self.trusted_key is None:
            raise InvalidArgumentError("signed_since needs a trusted_key, whose signatures have a time")

    @property
    def keys_folder(self) -> Path:
        """The folder of the pseudonyms' keys."""
        log = self.forecast_log or Path("forecast-log")
        return self.forecast_log_keys or log.with_name(f"{log.name}-keys")

    @property
    def signed_since_time(self) -> datetime | None:
        """The time of `signed_since`; raises InvalidArgumentError for what is none."""
        if self.signed_since is None:
            return None
        try:
            time = datetime.fromisoformat(self.signed_since)
        except ValueError:
            raise InvalidArgumentError(
                f"signed_since is {self.signed_since!r}, expected a time like 2026-11-27T09:30:00Z"
            ) from None
        return time if time.tzinfo else time.replace(tzinfo=UTC)


def check_rate(rate: object) -> str:
    """Return a rate like `100/second` or `5000/minute`; raises RateLimitError for anything else."""
    if not isinstance(rate, str) or not re.fullmatch(r"[1-9]\d{0,8}/(second|minute|hour|day)", rate):
        raise RateLimitError(f"{rate!r} is no rate: write it like 100/second, 5000/minute, 20000/hour or 1000000/day")
    return rate


def serve_settings() -> ServeSettings:
    """Return the settings of this process, with the time zone and rating scale of the log where [serve] has none.

    Raises
    ------
    SettingsFileError
        For values that cannot be used.
    """
    settings = read_settings("serve", ServeSettings, OLDER_VARIABLES)
    return replace(
        settings,
        timezone=settings.timezone or read_settings("store", StoreSettings).timezone,
        rating_maximum=settings.rating_maximum or read_settings("ingest", IngestSettings).rating_maximum,
    )
