"""How the tests run: Hypothesis' profile, nothing sent anywhere, in CI nothing left out, and new homes in no time."""

import gc
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

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


@pytest.fixture(scope="session", autouse=True)
def new_homes_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """MLflow makes the tables of the first home of a run, for all its workers; the homes after it are copies of that.

    Dozens of migrations take two seconds each time. Processes that a test starts make their homes themselves.
    """
    from training.registry import mlflow_client

    run = tmp_path_factory.getbasetemp()
    first = (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "first_home" / "mlflow.db"
    make_once = mlflow_client.make_once

    def make_once_from_first(database: Path, make: Callable[[Path], object]) -> None:
        def copy(part: Path) -> None:
            make_once(first, make)
            shutil.copyfile(first, part)

        make_once(database, copy)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlflow_client, "make_once", make_once_from_first)
        yield


@pytest.fixture(scope="session", autouse=True)
def own_bentoml_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """BentoML's home is an empty folder of the run, never the user's own with what is published there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTOML_HOME", str(tmp_path_factory.mktemp("bentoml")))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Nothing in this process waits until a file is on the disk: most of the time of a small `ingest`.

    That survives a loss of power, which no test has. Whether and in which order files are synchronised is tested with a
    recording `os.fsync`; processes that a test starts, and kills, call the real one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a test that states a long timeout come first: begun last, one worker would wait for the other."""
    longest: dict[Path, float] = defaultdict(float)
    for item in items:
        stated = item.get_closest_marker("timeout")
        longest[item.path] = max(longest[item.path], stated.args[0] if stated else 0)
    items.sort(key=lambda item: -longest[item.path])


def pytest_collection_finish() -> None:
    """What collection made stays to the end, so the garbage collector need not walk it again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """At the end it is collected again: extension modules print what they find alive when the process ends."""
    gc.unfreeze()


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
