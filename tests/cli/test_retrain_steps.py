"""The steps of a retrain that was killed do nothing twice."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.retrain_folder import RetrainRun, RetrainSettings, open_run
from cli.retrain_inputs import Job
from cli.retrain_steps import RUN_TAG, append, fit, gate, promote, publish
from cli.source_arguments import SourceOptions
from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store
from tests.training.conftest import empty_database, home, tracking  # noqa: F401
from tests.training.stand_in import customer_model
from training.fit_record import DATA_DIGEST
from training.gate import Verdict
from training.models.bundle import CHAMPION
from training.promote import history, record_verdict
from training.promote import promote as move_champion
from training.registry.entities import ModelVersion
from training.registry.mlflow_client import Tracking
from training.registry.runs import start_run
from training.registry.versions import register, version

MONDAY = datetime(2024, 4, 8, 6, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> RetrainRun:
    return open_run(tmp_path / "runs", "inputs", {}, MONDAY)


@pytest.fixture
def job(store: Path, home: Path) -> Job:  # noqa: F811
    return Job((), SourceOptions(), store, home, None, None, 30, True, 0, RetrainSettings(publish=False))


@pytest.fixture
def events(store: Path) -> EventStore:
    return open_store(store)


def registered(tracking: Tracking, verdict: Verdict | None = None, **tags: str) -> ModelVersion:  # noqa: F811
    """A version whose fit left a verdict, as `fit_challenger` makes it."""
    with start_run(tracking, "fit") as made:
        record_verdict(made, verdict or Verdict((), {}))
        return register(made, customer_model(), tags=tags)


def test_a_version_of_the_run_is_not_fitted_again(
    job: Job,
    run: RetrainRun,
    events: EventStore,
    tracking: Tracking,  # noqa: F811
) -> None:
    """Killed after the version was registered, before the state said so: it is found by its tag. The log of this test
    is too short to fit, so nothing else could have made it."""
    data = {DATA_DIGEST: events.manifest["digest"]}
    registered(tracking, **data)
    made = registered(tracking, **{RUN_TAG: run.name}, **data)
    registered(tracking, **{RUN_TAG: "another run"}, **data)
    registered(tracking, **{RUN_TAG: run.name, DATA_DIGEST: "before more was appended"})
    assert fit(job, run, events, tracking)["version"] == made.number == 2


def test_a_promotion_before_the_kill_counts(
    job: Job,
    run: RetrainRun,
    events: EventStore,
    tracking: Tracking,  # noqa: F811
) -> None:
    """The champion has moved already: the step says promoted, and the history has one move."""
    made = registered(tracking)
    run.record("fit", 1, {"version": made.number})
    run.record("gate", 1, gate(job, run, events, tracking))
    assert run.steps["gate"]["passed"]
    for _ in range(2):
        assert promote(job, run, events, tracking) == {"promoted": True, "champion": 1, "reasons": []}
    assert len(history(tracking)) == 1


def test_a_refusal_moves_and_ships_nothing(
    job: Job,
    run: RetrainRun,
    events: EventStore,
    tracking: Tracking,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also one that only the promotion notices: another version became champion since the fit."""
    move_champion(tracking, registered(tracking).number)
    run.record("fit", 1, {"version": registered(tracking, Verdict(("speed: 9 ms",), {"milliseconds": 9}, 1)).number})
    run.record("gate", 1, gate(job, run, events, tracking))
    run.record("promote", 1, promote(job, run, events, tracking))
    assert (run.steps["promote"]["promoted"], run.steps["promote"]["champion"]) == (False, 1)
    assert publish(job, run, events, tracking) == {"tag": None, "reason": "no new champion"}
    assert capsys.readouterr().err == "refused: speed: 9 ms\n"

    run.record("fit", 1, {"version": registered(tracking, Verdict((), {}, None)).number})
    run.record("gate", 1, gate(job, run, events, tracking))
    later = promote(job, run, events, tracking)
    assert not later["promoted"]
    assert "it was tried against champion none, which is 1 now" in later["reasons"][0]
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.number == 1


def test_without_sources_the_store_is_as_it_is(job: Job, events: EventStore) -> None:
    """Its digest decides whether there is something new."""
    assert append(job) == {"sources": [], "new": False, "data_digest": events.manifest["digest"]}


def test_faulty_rows_that_a_profile_mends_are_new_data(job: Job, tmp_path: Path) -> None:
    """The same file with the same options is not; with a mended profile its rows come in, and there is work to do."""
    log, made, own = tmp_path / "log.csv", tmp_path / "made", tmp_path / "own.toml"
    good = "".join(f"c{number},2024-01-{1 + number % 28:02},purchase,5\n" for number in range(40))
    log.write_text(f"customer_id,event_time,event_type,amount\n{good}a,2024-01-09,sale,7\n")
    ingest(log, made)
    own.write_text('[event_types]\nvalues = {sale = "purchase"}\n')
    again = replace(job, store=made, sources=(str(log),))
    before = append(again)
    assert (before["new"], before["rows_in"]) == (False, 0)
    mended = append(replace(again, source_options=SourceOptions(profile=[str(own)], strict=True)))
    assert (mended["new"], mended["kept"], mended["seen"]) == (True, 1, 40)
    assert mended["data_digest"] != before["data_digest"]
