"""The engine of a verb: this machine, or Spark where it is asked for."""

from contextlib import nullcontext

import pytest

from cli.engines import Engine, opened_runner, opened_workers
from features.partitions.runners import run_here


def test_the_engine_is_that_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Spark needs a session."""
    session, runner = object(), object()
    monkeypatch.setattr("features.engines.spark_session.spark_session", lambda: nullcontext(session))
    monkeypatch.setattr(
        "features.engines.spark_session.spark_runner", lambda given: runner if given is session else None
    )
    with opened_runner(Engine.local) as run:
        assert run is run_here
    with opened_runner(Engine.spark) as run:
        assert run is runner


def test_an_ingest_has_workers_where_spark_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """None stands for this process."""
    session, workers = object(), object()
    monkeypatch.setattr("features.engines.spark_session.spark_session", lambda: nullcontext(session))
    monkeypatch.setattr(
        "features.engines.spark_shuffle.spark_workers", lambda given: workers if given is session else None
    )
    with opened_workers(Engine.local) as found:
        assert found is None
    with opened_workers(Engine.spark) as found:
        assert found is workers
