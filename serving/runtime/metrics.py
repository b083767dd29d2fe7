"""Counters and gauges in BentoML's Prometheus client; every label has few values, whatever clients send."""

from collections.abc import Mapping
from functools import cache

from serving.api.routes import RouteTemplates
from serving.bento import metrics_client
from serving.job_types import JobState
from serving.state import Challenger
from training.models.rollout import Role

OTHER = "other"
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one worker; BentoML adds up those of all workers at /metrics.

    Made once in each process: Prometheus keeps the numbers of each process in a file of its own.

    Parameters
    ----------
    templates : RouteTemplates
        Those of the known paths.
    shared : bool
        Whether there are such files; without them /metrics has the numbers of the worker that answers.
    """

    def __init__(self, templates: RouteTemplates, shared: bool = True) -> None:
        client = metrics_client(shared)
        labels = ["route", "method", "status"]
        self._templates = templates
        self._requests = cache(client.Counter("regulars_requests_total", "Requests answered", labels).labels)
        self._seconds = cache(client.Histogram("regulars_seconds", "Time to answer", ["route"], buckets=SECONDS).labels)
        self._customers = cache(client.Counter("regulars_customers_total", "Customers scored", ["route"]).labels)
        self.in_flight = client.Gauge("regulars_in_flight", "Requests being answered", multiprocess_mode="livesum")
        self._version = client.Gauge(
            "regulars_model_version", "Number of the version in service, 0 with none", multiprocess_mode="livemin"
        )
        self._refused = client.Gauge(
            "regulars_version_refused", "1 while a newer version is refused", multiprocess_mode="livemax"
        )
        self._lost = client.Gauge("regulars_log_lines_lost", "Log lines not written", multiprocess_mode="livesum")
        self._keys = client.Gauge(
            "regulars_keys_refused", "1 while the file of keys has none that can be used", multiprocess_mode="livemax"
        )
        self._hanging = client.Gauge(
            "regulars_check_hangs", "1 while a check for versions or keys hangs", multiprocess_mode="livemax"
        )
        self._forecasts_lost = client.Gauge(
            "regulars_forecasts_not_logged", "Rows missing in the forecast log", multiprocess_mode="livesum"
        )
        self._shadow_dropped = client.Gauge(
            "regulars_shadow_dropped", "Forecasts of the shadow dropped or failed", multiprocess_mode="livesum"
        )
        self._canary_faults = client.Gauge(
            "regulars_canary_faults", "Forecasts that the canary failed to make", multiprocess_mode="livesum"
        )
        self._challenger = client.Gauge(
            "regulars_challenger_version", "Number of the challenger, by role", ["role"], multiprocess_mode="livemin"
        )
        self._jobs = client.Gauge("regulars_jobs", "Jobs kept, by state", ["state"], multiprocess_mode="livemax")
        unshared = client.Gauge(
            "regulars_metrics_not_shared", "Workers whose metrics are not added up", multiprocess_mode="livesum"
        )
        unshared.set(not shared)

    def route(self, path: str) -> str:
        """Return the template of a known path; all other paths share one label."""
        return self._templates.of(path) or OTHER

    def answered(self, route: str, method: str, status: int, seconds: float, customers: int) -> None:
        """Count one response."""
        self._requests(route, method if method in METHODS else OTHER, f"{status // 100}xx").inc()
        self._seconds(route).observe(seconds)
        self.scored(route, customers)

    def scored(self, route: str, customers: int) -> None:
        """Count customers who were scored."""
        if customers:
            self._customers(route).inc(customers)

    def set_state(
        self, version: str | None, *, refused: bool, lost: int, keys_refused: bool = False, hanging: bool = False
    ) -> None:
        """Set which version is in service, what is refused or hangs, and how many log lines were lost."""
        self._version.set(_number(version))
        self._refused.set(refused)
        self._lost.set(lost)
        self._keys.set(keys_refused)
        self._hanging.set(hanging)

    def set_challenger(self, challenger: Challenger | None) -> None:
        """Set which version is in shadow or the canary, 0 with none, and how often a canary failed."""
        for role in Role:
            version = challenger.model.version if challenger and challenger.role is role else None
            self._challenger.labels(role.value).set(_number(version))
        if challenger is not None:
            self._canary_faults.set(challenger.faults)

    def set_forecast_log(self, lost: int, of_shadow: int) -> None:
        """Set how many rows of the forecast log were dropped or could not be written: of answers and of the shadow."""
        self._forecasts_lost.set(lost)
        self._shadow_dropped.set(of_shadow)

    def set_jobs(self, counts: Mapping[JobState, int]) -> None:
        """Set the number of jobs in each state; every worker counts all of them."""
        for state, number in counts.items():
            self._jobs.labels(state).set(number)


def _number(version: str | None) -> int:
    """Return the number of a version, 0 without one."""
    return int(version) if version and version.isdigit() else 0
