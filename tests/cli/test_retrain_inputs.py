"""What decides what a retrain does, and when there is nothing to do."""

from dataclasses import replace

import pytest

from cli.retrain_inputs import FIT_TAG, Job, fit_digest, nothing_new
from features.store.event_store import EventStore
from tests.cli.test_retrain_steps import events, job, registered  # noqa: F401
from tests.training.conftest import empty_database, home, tracking  # noqa: F401
from training.fit_record import DATA_DIGEST
from training.gate import Verdict
from training.promote import promote as move_champion
from training.registry.mlflow_client import Tracking


def test_the_data_decides_whether_there_is_something_to_do(
    job: Job,  # noqa: F811
    events: EventStore,  # noqa: F811
    tracking: Tracking,  # noqa: F811
) -> None:
    """Without a champion there is; with one that was fitted to this data, until the same date, there is not."""
    data = {DATA_DIGEST: events.manifest["digest"], "data_until": "2024-03-21"}
    assert nothing_new(job, events) is None
    made = registered(tracking, **data)
    assert nothing_new(job, events) is None
    move_champion(tracking, made.number)
    assert "champion version 1 was fitted to the data" in (nothing_new(job, events) or ("", ""))[1]
    assert nothing_new(replace(job, as_of="2024-03-01"), events) is None
    later = registered(tracking, Verdict((), {}, 1), **{DATA_DIGEST: "other data", "data_until": "2024-03-21"})
    move_champion(tracking, later.number)
    assert (
        "version 1 was fitted to the data that the store has, and champion version 2 took its place"
        in (nothing_new(job, events) or ("", ""))[1]
    )


def test_what_the_gate_refused_is_not_fitted_again(
    job: Job,  # noqa: F811
    events: EventStore,  # noqa: F811
    tracking: Tracking,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line names the version, the reason and the command that promotes it; other settings, another champion, or a
    verdict without reasons are something to do, and so are other installed packages."""
    data = {DATA_DIGEST: events.manifest["digest"], "data_until": "2024-03-21", FIT_TAG: fit_digest(job)}
    registered(tracking, Verdict(("speed: 9 ms",), {}), **data)
    status, line = nothing_new(job, events) or ("", "")
    assert status == "still_refused"
    assert line.startswith("nothing new since version 1, which the gate refused (speed: 9 ms): append new events")
    assert "fit with --fit-again, or `regulars promote --version 1 --home " in line
    assert nothing_new(replace(job, seed=1), events) is None
    with monkeypatch.context() as changed:
        changed.setenv("REGULARS_GATE_CALIBRATION", "0.9")
        assert nothing_new(job, events) is None
    with monkeypatch.context() as changed:
        changed.setattr("training.registry.environment.environment", lambda: ["acme-models==2.0"])
        assert nothing_new(job, events) is None
    move_champion(tracking, registered(tracking).number)
    assert nothing_new(job, events) is None
    registered(tracking, Verdict((), {}, 2), **data)
    assert nothing_new(job, events) is None
