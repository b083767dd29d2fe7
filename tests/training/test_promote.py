"""The moves of the champion, on a real MLflow in a temporary SQLite file."""

import getpass

import pytest

import training.promote
from features.errors import InvalidArgumentError, PromotionRefusedError, TrackingError
from tests.training.stand_in import customer_model
from training.gate import Verdict
from training.models.bundle import CHALLENGER, CHAMPION
from training.promote import (
    champion_before,
    history,
    promote,
    record_verdict,
    recorded_verdict,
    roll_back,
    settle_unfinished_moves,
)
from training.registry.entities import ModelVersion
from training.registry.environment import this_process
from training.registry.mlflow_client import Tracking
from training.registry.runs import MOVES, Run, runs, start_run
from training.registry.versions import move_alias, register, version

GOOD = Verdict((), {"deviance.own_rate": -0.05})
GONE = {**this_process(), "process.start": "0"}
"""Tags of a process that has ended: its number is another process's now."""


def registered(tracking: Tracking, rate: float, verdict: Verdict | None = None) -> ModelVersion:
    with start_run(tracking, "fit") as fit:
        if verdict:
            record_verdict(fit, verdict)
        return register(fit, customer_model(rate))


def test_a_challenger_becomes_champion_and_history_says_so(tracking: Tracking) -> None:
    """Who, when, from, to, why, figures and digest of every move, the newest first; also the way back."""
    assert history(tracking).empty
    first = registered(tracking, 0.01, GOOD)
    assert promote(tracking, who="Ada").before is None
    second = registered(tracking, 0.02, Verdict((), {"deviance.champion": -0.03}, champion=1))
    move = promote(tracking)
    assert (move.kind, move.before, move.to, move.digest) == ("promote", 1, 2, second.digest)
    assert version(tracking, CHALLENGER) is None
    roll_back(tracking, 1, "complaints from the shops", who="Grace")
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.number == 1
    table = history(tracking)
    assert list(table["kind"]) == ["roll back", "promote", "promote"]
    assert list(table["who"]) == ["Grace", getpass.getuser(), "Ada"]
    assert list(table["from"].fillna(0)) == [2, 1, 0]
    assert list(table["to"]) == [1, 2, 1]
    assert list(table["digest"]) == [first.digest, second.digest, first.digest]
    assert table.loc[0, "why"] == "complaints from the shops"
    assert table.loc[1, "figures"] == {"deviance.champion": -0.03}
    assert list(table["state"]) == ["done"] * 3
    assert table["when"].is_monotonic_decreasing
    assert str(table["when"].dt.tz) == "UTC"


def test_a_refused_challenger_stays_challenger(tracking: Tracking) -> None:
    """With the reasons, each a line; nothing moves and nothing is recorded as a move."""
    registered(tracking, 0.01, Verdict(("speed: 9 ms", "calibration: .2"), {}))
    with pytest.raises(PromotionRefusedError, match=r"version 1 is refused: speed: 9 ms; calibration: \.2") as refused:
        promote(tracking)
    assert refused.value.reasons == ("speed: 9 ms", "calibration: .2")
    assert version(tracking, CHAMPION) is None
    assert history(tracking).empty


def test_force_needs_a_reason_and_is_recorded(tracking: Tracking) -> None:
    """A forced move says why, and what spoke against it."""
    registered(tracking, 0.01, Verdict(("speed: 9 ms",), {"milliseconds": 9.0}))
    with pytest.raises(ValueError, match="--reason"):
        promote(tracking, force=True)
    assert promote(tracking, why="the shop opens tomorrow", force=True).kind == "force"
    assert history(tracking).loc[0, "why"] == "the shop opens tomorrow"
    assert runs(tracking, MOVES)["facts"].iloc[0]["against"] == "speed: 9 ms"


def test_a_verdict_against_another_champion_is_worth_nothing(tracking: Tracking) -> None:
    """A challenger tried against a champion that is no longer one has to be tried again; so has one never tried."""
    registered(tracking, 0.01, GOOD)
    promote(tracking)
    second = registered(tracking, 0.02, GOOD)
    assert recorded_verdict(tracking, second) == GOOD
    with pytest.raises(PromotionRefusedError, match="tried against champion none, which is 1 now"):
        promote(tracking)
    third = registered(tracking, 0.03)
    assert recorded_verdict(tracking, third) is None
    with pytest.raises(PromotionRefusedError, match="never tried at the gate"):
        promote(tracking)
    assert promote(tracking, verdict=Verdict((), {}, champion=1)).to == 3


def test_only_a_former_champion_can_come_back(tracking: Tracking) -> None:
    """`--to` is no way around the gate, is no move to where one is, and needs a reason and a version that exists."""
    registered(tracking, 0.01, GOOD)
    promote(tracking)
    registered(tracking, 0.02)
    with pytest.raises(PromotionRefusedError, match="never was champion"):
        roll_back(tracking, 2, "I like it")
    with pytest.raises(PromotionRefusedError, match="champion already"):
        roll_back(tracking, 1, "again")
    with pytest.raises(ValueError, match="--reason"):
        roll_back(tracking, 2, "")
    with pytest.raises(TrackingError, match="no version 7"):
        roll_back(tracking, 7, "luck")
    assert roll_back(tracking, 2, "I like it", force=True).kind == "force"


def test_without_a_challenger_there_is_nothing_to_promote(tracking: Tracking) -> None:
    """The line says how to get one."""
    with pytest.raises(TrackingError, match=r"no challenger is registered in .*run `regulars fit`"):
        promote(tracking)


def test_a_version_whose_files_were_changed_never_becomes_champion(tracking: Tracking) -> None:
    """The digest is checked before the alias moves."""
    registered(tracking, 0.01, GOOD)
    assert tracking.artifacts is not None
    [file] = tracking.artifacts.rglob("model.joblib")
    file.write_bytes(b"something else")
    with pytest.raises(TrackingError, match="digest"):
        promote(tracking)
    assert version(tracking, CHAMPION) is None


def test_a_move_that_fails_is_seen_in_the_history(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is there before the alias moves, so none moves unseen."""
    registered(tracking, 0.01, GOOD)

    def broken(*_: object) -> None:
        raise TrackingError("no answer")

    monkeypatch.setattr("training.promote.move_alias", broken)
    with pytest.raises(TrackingError, match="no answer"):
        promote(tracking)
    assert list(history(tracking)["state"]) == ["failed"]


def test_a_move_that_was_killed_after_the_alias_is_finished_by_the_next(
    tracking: Tracking,
) -> None:
    """The champion had moved, so the move is done, and one can go back to it; one that moved nothing is not."""
    registered(tracking, 0.01, GOOD)
    registered(tracking, 0.02, Verdict((), {}, champion=1))
    registered(tracking, 0.03, Verdict((), {}, champion=2))

    def killed(number: int, before: int | None, moved: bool) -> None:
        """What a kill leaves of a promotion: a run that has not ended, of a process that has."""
        facts = {"who": "Ada", "kind": "promote", "to": number, "why": "", "digest": ""}
        if before:
            facts["from"] = before
        experiment = tracking.ensure_experiment(MOVES)
        run_id = tracking.create_run(experiment, "promote", GONE)
        tracking.log_batch(run_id, params={name: str(fact) for name, fact in facts.items()})
        if moved:
            move_alias(tracking, CHAMPION, number, before)

    killed(1, None, moved=True)
    assert list(history(tracking)["state"]) == ["unfinished"]
    killed(3, 1, moved=False)
    promote(tracking, 2, verdict=Verdict((), {}, champion=1))
    assert dict(zip(history(tracking)["to"], history(tracking)["state"], strict=True)) == {
        1: "done",
        2: "done",
        3: "unfinished",
    }
    assert champion_before(tracking) == 1
    assert roll_back(tracking, 1, "complaints").to == 1
    killed(3, 1, moved=True)
    settle_unfinished_moves(tracking)
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert (champion.number, champion.aliases) == (3, (CHAMPION,))


def test_a_challenger_registered_during_the_move_keeps_its_alias(
    tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The champion has moved, so the promotion has succeeded, and the newer version is the challenger."""
    registered(tracking, 0.01, GOOD)

    def fit_meanwhile(tracking: Tracking, alias: str, to: int | None, expected: int | None) -> None:
        move_alias(tracking, alias, to, expected)
        if alias == CHAMPION:
            registered(tracking, 0.02)

    monkeypatch.setattr("training.promote.move_alias", fit_meanwhile)
    assert promote(tracking).to == 1
    challenger, champion = version(tracking, CHALLENGER), version(tracking, CHAMPION)
    assert challenger is not None
    assert champion is not None
    assert (challenger.number, champion.number) == (2, 1)
    assert list(history(tracking)["state"]) == ["done"]


def test_a_champion_moved_meanwhile_is_not_moved_again(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's move between the verdict and this one wins; this one is in the history as failed."""
    for rate in (0.01, 0.02):
        registered(tracking, rate, GOOD)
    record = training.promote.log_metrics

    def move_first(run: Run, measures: dict[str, float]) -> None:
        record(run, measures)
        move_alias(tracking, CHAMPION, 1, None)

    monkeypatch.setattr("training.promote.log_metrics", move_first)
    with pytest.raises(TrackingError, match="champion is version 1 by now, expected None"):
        promote(tracking)
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.number == 1
    assert list(history(tracking)["state"]) == ["failed"]


def test_a_reason_that_is_too_long_is_refused_before_anything_moves(tracking: Tracking) -> None:
    """The history keeps 500 characters."""
    registered(tracking, 0.01, GOOD)
    with pytest.raises(InvalidArgumentError, match="the reason has 501 characters, at most 500"):
        promote(tracking, why="x" * 501)
    assert history(tracking).empty
