"""How the tests run: Hypothesis' profile, nothing sent anywhere, and in CI nothing left out."""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

collect_ignore = ["plugin"]
"""A package of its own, which test_plugin.py installs; its modules cannot be imported here."""

NOTHING_LEFT_OUT = bool(os.environ.get("REGULARS_NOTHING_LEFT_OUT"))

# A busy machine is slow, which says nothing of the code: no deadline, and slow drawing is no fault.
settings.register_profile("here", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
# In CI the same examples every time, so that a failure belongs to the change.
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if NOTHING_LEFT_OUT or os.environ.get("CI") else "here")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be left out a skipped test fails, unless it needs data that may not be shipped."""
    report = yield
    expected = hasattr(report, "wasxfail") or item.get_closest_marker("needs_data")
    if NOTHING_LEFT_OUT and report.skipped and not expected:
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Where nothing may be left out a test file that skips itself fails."""
    report = yield
    if NOTHING_LEFT_OUT and report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"left out, where REGULARS_NOTHING_LEFT_OUT is set: {reason}"
