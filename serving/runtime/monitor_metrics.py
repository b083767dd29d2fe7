"""The last look of `regulars monitor` as gauges at /metrics, from the JSON file that it wrote."""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec

from serving.bento import metrics_client
from serving.runtime.json_log import LogEvent
from serving.runtime.poller import when_changed
from serving.runtime.regular_file import read_regular

LARGEST_LOOK = 2**24
MOST_HORIZONS = 12
"""Horizons that have series, the shortest first: the room for metrics is bounded."""
UNKNOWN, NEVER = math.nan, math.inf
FASTEST = 3_600.0
"""Seconds that another machine's clock may be fast: what is dated later has no age, so the alarm on it rings."""
LONGEST_HORIZON = 3_650

Action = Literal["nothing", "recalibrate", "refit", "look at the intake"]
Finite = float | None


class Row(msgspec.Struct):
    """A figure of the intake, or a column."""

    alarm: bool = False


class Columns(msgspec.Struct):
    """The columns that were compared."""

    rows: list[Row] = []


class Week(msgspec.Struct):
    """A week of forecasts; without sums where it is a reference."""

    up: Finite = None
    down: Finite = None


class Forecasts(msgspec.Struct):
    """The 7-day forecasts against what happened."""

    alarm: bool
    threshold: Finite = None
    weeks: list[Week] = []


class Window(msgspec.Struct):
    """A window that is over, of one segment of customers."""

    horizon_days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_HORIZON)]
    segment: str
    log_loss: Finite = None
    estimated_log_loss: Finite = None
    bias: Finite = None
    before_fit: bool = False


class Look(msgspec.Struct):
    """What the gauges need of `monitor.json`."""

    as_of: date
    recommendation: Action
    intake: list[Row]
    columns: Columns | None = None
    forecasts: Forecasts | None = None
    windows: list[Window] = []


class Series(NamedTuple):
    """A gauge without its prefix, and the value of its label."""

    gauge: str
    label: str = ""


GAUGES = {
    "age_seconds": ("Seconds since the look was written, infinite without a readable one of the past", ""),
    "as_of_timestamp_seconds": ("The moment of the look, in seconds since 1970", ""),
    "alarm": ("1 while a check of the look has an alarm", "check"),
    "cusum": ("The sums of the 7-day forecasts: purchases above or below them", "side"),
    "cusum_threshold": ("The sum above which there is an alarm", ""),
    "log_loss_gap": (
        "Log loss of the last window that is over, less what the model expected",
        "horizon_days",
    ),
    "bias": ("Forecast over purchases less 1, of the window that is over last", "horizon_days"),
    "recommendation": ("1 for what the look recommends", "action"),
}
"""What each gauge means, and its label."""


class MonitorMetrics:
    """The gauges of one worker; /metrics has those of the worker that set them last.

    What a look does not say, and everything once the file is too old or is gone, is NaN: Prometheus keeps a series
    among several processes, and `>`, `<` and `==` with NaN are never true.

    Parameters
    ----------
    path : Path
        Written by `regulars monitor`.
    days : float
        How many days old the file may be; of an older one only the age has a value.
    clock : callable
    log_event : callable
        Receives, once for each content, why a file cannot be read.
    shared : bool
        Whether workers add up their metrics.
    """

    def __init__(
        self, path: Path, days: float, clock: Callable[[], datetime], log_event: LogEvent, shared: bool = True
    ) -> None:
        self._path, self._seconds, self._clock, self._log_event = path, 86_400 * days, clock, log_event
        client = metrics_client(shared)
        self._gauges = {
            name: client.Gauge(
                f"regulars_monitor_{name}", meaning, [label] if label else [], multiprocess_mode="livemostrecent"
            )
            for name, (meaning, label) in GAUGES.items()
        }
        self._known: set[Series] = {Series(name) for name, (_, label) in GAUGES.items() if not label}
        self._values: dict[Series, float] = {}
        self._written = -math.inf
        self._unread: str | None = None
        self._read_changed = when_changed(self._read, path)

    def check(self) -> bool:
        """Read the file if it has changed, and set all gauges; return whether it was read."""
        was_read = self._read_changed()
        age = self._clock().timestamp() - self._written
        age = age if age >= -FASTEST else NEVER
        values = self._values if age <= self._seconds else {}
        self._known |= set(values)
        for series in self._known:
            self._set(series, age if series.gauge == "age_seconds" else values.get(series, UNKNOWN))
        return was_read

    def _set(self, series: Series, value: float) -> None:
        gauge = self._gauges[series.gauge]
        (gauge.labels(series.label) if series.label else gauge).set(value)

    def _read(self) -> bool:
        """Take the figures of the file; return whether it could be read, or is not there."""
        self._values, self._written = {}, -math.inf
        before, self._unread = self._unread, None
        try:
            look = msgspec.json.decode(read_regular(self._path, LARGEST_LOOK), type=Look)
            self._values, self._written = figures(look), self._path.stat().st_mtime
        except FileNotFoundError:
            return True  # there was no look yet: the age says so
        except OSError as error:
            self._unread = str(error)
            if self._unread != before:
                self._log_event(event="look refused", path=str(self._path), reason=str(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._log_event(event="look refused", path=str(self._path), reason=str(error))
        return self._unread is None


def figures(look: Look) -> dict[Series, float]:
    """Return the values of a look; what it does not say has none.

    Examples
    --------
    >>> look = Look(date(2025, 6, 1), "nothing", [Row(), Row(alarm=True)])
    >>> figures(look)[Series("alarm", "intake")], Series("alarm", "columns") in figures(look)
    (1.0, False)
    """
    midnight = datetime.combine(look.as_of, datetime.min.time(), UTC).timestamp()
    values = {
        Series("as_of_timestamp_seconds"): midnight,
        Series("alarm", "intake"): float(any(row.alarm for row in look.intake)),
    }
    values |= {Series("recommendation", each): float(each == look.recommendation) for each in get_args(Action)}
    if look.columns is not None:
        values[Series("alarm", "columns")] = float(any(row.alarm for row in look.columns.rows))
    if look.forecasts is not None and look.forecasts.threshold is not None:  # else nothing can be said of them yet
        last = look.forecasts.weeks[-1] if look.forecasts.weeks else Week()
        values[Series("alarm", "forecasts")] = float(look.forecasts.alarm)
        values[Series("cusum_threshold")] = look.forecasts.threshold
        values |= {
            Series("cusum", side): total for side in ("up", "down") if (total := getattr(last, side)) is not None
        }
    for window in _last_windows(look.windows):
        label = str(window.horizon_days)
        if window.log_loss is not None and window.estimated_log_loss is not None:
            values[Series("log_loss_gap", label)] = window.log_loss - window.estimated_log_loss
        if window.bias is not None:
            values[Series("bias", label)] = window.bias
    return values


def _last_windows(windows: list[Window]) -> Iterator[Window]:
    """Yield the latest window since the fit of everybody, of each horizon; the file has the latest first."""
    latest: dict[int, Window] = {}
    for window in windows:
        if window.segment == "all" and not window.before_fit:
            latest.setdefault(window.horizon_days, window)
    for horizon in sorted(latest)[:MOST_HORIZONS]:
        yield latest[horizon]
