"""Versions and aliases: registered whole or not at all, and moved by one process at a time."""

import resource
import signal
from pathlib import Path
from threading import Thread

import joblib
import pytest

from features.errors import ModelError, TrackingError
from tests.training.registry.processes import child, ended
from tests.training.stand_in import customer_model
from training.models.bundle import CHALLENGER, CHAMPION
from training.registry.entities import ModelVersion
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.runs import runs, start_run
from training.registry.versions import load, move_alias, register, version, versions


def test_a_version_gives_back_the_model(tracking: Tracking, home: Path) -> None:
    """What is registered is what is loaded, by alias and by number; its files lie beside the database."""
    model = customer_model()
    with start_run(tracking, "fit") as fit:
        made = register(fit, model, tags={"as_of": "2011-06-10"})
    assert version(tracking, CHALLENGER) == version(tracking, 1) == made
    assert version(tracking, CHAMPION) is None
    assert version(tracking, 2) is None
    assert made.tags["as_of"] == "2011-06-10"
    assert joblib.hash(load(tracking, made)) == joblib.hash(model)
    assert list((home / "artifacts").rglob("model.joblib"))


def test_a_changed_file_is_not_unpickled(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest on the version is checked first; what is in the changed file never runs."""
    with start_run(tracking, "fit") as fit:
        made = register(fit, customer_model())
    assert tracking.artifacts is not None
    [file] = tracking.artifacts.rglob("model.joblib")
    file.write_bytes(file.read_bytes() + b"more")
    monkeypatch.setattr("joblib.numpy_pickle.NumpyUnpickler.load", lambda self: pytest.fail("unpickled"))
    with pytest.raises(TrackingError, match=r"^version 1 has digest .* expected .*take another version$"):
        load(tracking, made)
    from training.registry.pyfunc import _load_pyfunc

    with pytest.raises(ModelError, match="refused"):
        _load_pyfunc(str(file.parent), {"digest": made.digest})


def test_versions_count_up_and_the_alias_follows(tracking: Tracking) -> None:
    """Each fit's version is one more, and the challenger; an alias moved meanwhile is not moved again."""
    for rate in (0.01, 0.02):
        with start_run(tracking, "fit") as fit:
            register(fit, customer_model(rate))
    assert [(each.number, each.aliases) for each in versions(tracking)] == [(2, (CHALLENGER,)), (1, ())]
    move_alias(tracking, CHAMPION, 1, None)
    with pytest.raises(TrackingError, match="champion is version 1 by now, expected None"):
        move_alias(tracking, CHAMPION, 2, None)
    move_alias(tracking, CHAMPION, None, 1)
    assert version(tracking, CHAMPION) is None


def test_no_room_for_the_files_is_said_in_one_line(tracking: Tracking) -> None:
    """When the files of a version do not fit, there is no version, a failed run, and a line that says so."""
    model = customer_model(megabytes=4)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, before[1]))
    try:
        with pytest.raises(TrackingError, match="no room on the disk") as raised, start_run(tracking, "fit") as fit:
            register(fit, model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(raised.value)
    assert versions(tracking) == []
    assert list(runs(tracking)["status"]) == ["FAILED"]
    assert tracking.artifacts is not None
    assert list(tracking.artifacts.glob("*/models/*")) == []


KILLED = """
import os, signal, sys
from mlflow.tracking import MlflowClient
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import open_tracking
from training.registry.runs import start_run
from training.registry.versions import register
tracking, where, when = open_tracking(sys.argv[1]), sys.argv[2], sys.argv[3]
call = getattr(MlflowClient, where)
def killed(*arguments, **named):
    if when == "after":
        call(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(MlflowClient, where, killed)
with start_run(tracking, "fit") as fit:
    register(fit, customer_model())
"""


# Before a step is after the one that came before it.
BEFORE = ["create_logged_model", "log_model_artifacts", "finalize_logged_model", "create_model_version"]


LAST = "set_registered_model_alias"


@pytest.mark.slow
@pytest.mark.parametrize(("where", "when"), [*((step, "before") for step in (*BEFORE, LAST)), (LAST, "after")])
def test_a_killed_fit_leaves_no_half_version(tracking: Tracking, home: Path, where: str, when: str) -> None:
    """Killed around any step of registering, every version that is there is whole, and the challenger as before."""
    with start_run(tracking, "fit") as fit:
        before = register(fit, customer_model(0.5))
    assert ended(child(KILLED, home, where, when)) == (-signal.SIGKILL, "")
    found = versions(tracking)
    complete = where == LAST
    assert len(found) == 1 + complete
    assert [joblib.hash(load(tracking, each)) for each in found][-1] == joblib.hash(customer_model(0.5))
    moved = (where, when) == (LAST, "after")
    challenger = version(tracking, CHALLENGER)
    assert challenger is not None
    assert challenger.number == before.number + moved
    with start_run(tracking, "next") as fit:
        assert register(fit, customer_model()).number == len(found) + 1
    assert sorted(runs(tracking)["status"]) == ["FINISHED", "FINISHED", "KILLED"]
    assert tracking.artifacts is not None
    assert len(list(tracking.artifacts.glob("*/models/*"))) == len(versions(tracking))  # nothing of the killed one
    assert [joblib.hash(load(tracking, each)) for each in versions(tracking)][-1] == joblib.hash(customer_model(0.5))


TWO = """
import sys
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import open_tracking
from training.registry.runs import log_metrics, nested_run, start_run
from training.registry.versions import register
tracking = open_tracking(sys.argv[1])
for number in range(5):
    with start_run(tracking, f"{sys.argv[2]}-{number}", {"seed": number}) as fit:
        for window in range(4):
            with nested_run(fit, f"window {window}") as run:
                log_metrics(run, {f"m{each}": each for each in range(100)})
        register(fit, customer_model(float(sys.argv[2]) + number))
"""


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [False, True], ids=["made before", "made by both at once"])
def test_two_fits_at_once_do_not_collide(home: Path, fresh: bool) -> None:
    """Two processes into one store, even one that neither finds made: every run and every version is there, whole."""
    if fresh:
        (home / "mlflow.db").unlink()
    both = [child(TWO, home, each) for each in (100, 200)]
    assert [ended(process) for process in both] == [(0, ""), (0, "")]
    tracking = open_tracking(home)
    found = versions(tracking)
    assert [each.number for each in found] == list(range(10, 0, -1))
    rates = sorted(1 / load(tracking, each).purchases.bg_nbd_.params_["alpha"] for each in found)
    assert rates == pytest.approx([*range(100, 105), *range(200, 205)])
    assert set(runs(tracking)["status"]) == {"FINISHED"}
    assert len(runs(tracking)) == 10 * 5


@pytest.fixture
def two_versions(tracking: Tracking) -> Tracking:
    """Version 1 is champion, version 2 the challenger."""
    for rate in (0.01, 0.02):
        with start_run(tracking, "fit") as fit:
            register(fit, customer_model(rate))
    move_alias(tracking, CHAMPION, 1, None)
    return tracking


def test_of_two_movers_that_expect_the_same_version_the_second_is_refused(
    two_versions: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits for the first, finds that the alias has moved, and changes nothing."""
    refused: list[TrackingError] = []

    def move_too() -> None:
        try:
            move_alias(two_versions, CHAMPION, None, 1)
        except TrackingError as error:
            refused.append(error)

    second = Thread(target=move_too)
    find = Tracking.find_version

    def find_while_the_second_begins(tracking: Tracking, model: str, which: int | str) -> ModelVersion | None:
        current = find(tracking, model, which)
        if second.ident is None:
            second.start()
            second.join(timeout=1)  # without a lock the second would move the alias now
        return current

    monkeypatch.setattr(Tracking, "find_version", find_while_the_second_begins)
    move_alias(two_versions, CHAMPION, 2, 1)
    second.join()
    champion = version(two_versions, CHAMPION)
    assert champion is not None
    assert champion.number == 2
    assert [str(error).partition(":")[0] for error in refused] == ["champion is version 2 by now, expected 1"]


def test_on_a_server_a_move_that_was_overwritten_is_an_error(
    two_versions: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a file to lock the alias is read again after it was set."""
    monkeypatch.setattr("training.registry.versions.sqlite_file", lambda uri: None)
    set_alias = Tracking.set_alias

    def overwritten(tracking: Tracking, model: str, alias: str, number: int | None) -> None:
        set_alias(tracking, model, alias, number)
        set_alias(tracking, model, alias, 1)

    monkeypatch.setattr(Tracking, "set_alias", overwritten)
    with pytest.raises(TrackingError, match="champion is version 1 by now, expected 2"):
        move_alias(two_versions, CHAMPION, 2, 1)


def test_one_version_is_found_without_reading_all(two_versions: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """By alias, by number and by a number as text; an unknown one is None."""
    monkeypatch.setattr(Tracking, "search_versions", lambda *_: pytest.fail("all versions were read"))
    by_alias = version(two_versions, CHAMPION)
    assert by_alias == version(two_versions, 1) == version(two_versions, "1")
    assert by_alias is not None
    assert by_alias.aliases == (CHAMPION,)
    assert [version(two_versions, which) for which in (3, "3", 10**30, "canary")] == [None] * 4


def test_an_empty_store_has_no_version(tracking: Tracking) -> None:
    """Before the first fit there is no registered model either."""
    assert version(tracking, CHAMPION) is None
    assert version(tracking, 1) is None
    assert versions(tracking) == []
