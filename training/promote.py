"""Moving the champion: through the gate, by force, or back to an earlier version. Every move is a tracked run."""

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from getpass import getuser

import pandas as pd

from features.errors import InvalidArgumentError, PromotionRefusedError, TrackingError
from training.gate import Verdict
from training.models.bundle import CHALLENGER, CHAMPION
from training.registry.entities import ModelVersion
from training.registry.environment import is_gone
from training.registry.mlflow_client import Tracking
from training.registry.runs import LONG, MOVES, RUNNING, Run, log_metrics, log_text, run_file, runs, start_run
from training.registry.versions import fetch, move_alias, version

VERDICT_FILE = "verdict.json"
HISTORY = ("when", "who", "kind", "from", "to", "why", "state", "digest", "figures")
STATES = {"FINISHED": "done", "FAILED": "failed"}


@dataclass(frozen=True)
class Move:
    """A move of the champion.

    Attributes
    ----------
    kind : str
        `promote`, `force` or `roll back`.
    before : int or None
        The version that was champion; None when there was none.
    to : int
        The version that is champion now.
    digest : str
        SHA-256 of its model file, in hex.
    """

    kind: str
    before: int | None
    to: int
    digest: str


def record_verdict(run: Run, verdict: Verdict) -> None:
    """Keep the verdict on a challenger with the run that registers it, where `promote` reads it."""
    log_text(run, VERDICT_FILE, verdict.to_json())


def recorded_verdict(tracking: Tracking, chosen: ModelVersion) -> Verdict | None:
    """Return the verdict kept with the run that made the version; None when there is none."""
    with tempfile.TemporaryDirectory(prefix="regulars-") as scratch:
        file = run_file(tracking, chosen.run_id, VERDICT_FILE, scratch)
        return Verdict.from_json(file.read_text()) if file else None


def promote(
    tracking: Tracking,
    which: int | str = CHALLENGER,
    *,
    verdict: Verdict | None = None,
    why: str = "",
    who: str | None = None,
    force: bool = False,
) -> Move:
    """Make a version champion if the gate accepts it. The version loses its `challenger` alias.

    Parameters
    ----------
    tracking : Tracking
    which : int or str
        Version number or alias.
    verdict : Verdict, optional
        The gate's; without it the verdict recorded when the version was fitted.
    why : str
        Reason for the history, at most 500 characters.
    who : str, optional
        Who moves the champion; without it the user of this machine.
    force : bool
        Move the champion whatever the gate says; needs `why`. The history keeps the gate's reasons.

    Returns
    -------
    Move

    Raises
    ------
    PromotionRefusedError
        When the gate has reasons against the version, or it is the champion already.
    TrackingError
        When there is no such version, its files are not what was registered, or somebody moved the champion meanwhile.
    InvalidArgumentError
        When `force` has no reason, or the reason is too long.
    """
    if force and not why:
        raise InvalidArgumentError("a forced promotion has no reason: say why with --reason")
    chosen, before = _version_and_champion(tracking, which)
    verdict = verdict or recorded_verdict(tracking, chosen)
    reasons = _reasons_against(tracking, chosen, before, verdict)
    if reasons and not force:
        raise PromotionRefusedError(chosen.number, reasons, can_be_forced=True)
    if not why:
        refit = verdict is not None and verdict.question == "refit"
        why = "a sound refit of the recipe in service" if refit else "better beyond doubt than champion and baselines"
    move = Move("force" if reasons else "promote", before, chosen.number, chosen.digest)
    return _move(tracking, move, chosen, why, who, verdict, reasons)


def roll_back(tracking: Tracking, to: int, why: str, *, who: str | None = None, force: bool = False) -> Move:
    """Make an earlier champion champion again.

    Parameters
    ----------
    tracking : Tracking
    to : int
        Version number; a version that never was champion is refused unless `force` is true.
    why : str
        Reason for the history, at most 500 characters.
    who, force
        As in `promote`.

    Returns
    -------
    Move

    Raises
    ------
    PromotionRefusedError, TrackingError, InvalidArgumentError
        As in `promote`; InvalidArgumentError also without a reason.
    """
    if not why:
        raise InvalidArgumentError("going back to an earlier version needs a reason: say why with --reason")
    chosen, before = _version_and_champion(tracking, to)
    never = f"it never was champion: `regulars promote --version {to}` promotes it by its verdict"
    reasons = () if _was_champion(tracking, chosen) else (never,)
    if reasons and not force:
        raise PromotionRefusedError(chosen.number, reasons)
    move = Move("force" if reasons else "roll back", before, chosen.number, chosen.digest)
    return _move(tracking, move, chosen, why, who, None, reasons)


def require_gate_passed(tracking: Tracking, chosen: ModelVersion, champion: int) -> None:
    """Raise PromotionRefusedError unless the gate passes a version beside a champion, or it was champion itself."""
    verdict = recorded_verdict(tracking, chosen)
    reasons = _reasons_against(tracking, chosen, champion, verdict)
    if reasons and not _was_champion(tracking, chosen):
        raise PromotionRefusedError(chosen.number, reasons, can_be_forced=True)


def champion_before(tracking: Tracking) -> int:
    """Return the version that was champion when the present champion was promoted.

    Going back does not count as a promotion, so going back twice leads two champions back, and not to and fro.

    Raises
    ------
    TrackingError
        When there is no champion, or the history has none before it.
    """
    champion = version(tracking, CHAMPION)
    if champion is None:
        raise TrackingError(f"no champion in {tracking.place}: `regulars promote` makes one")
    moves = history(tracking)
    promoted = moves[(moves["state"] == "done") & (moves["to"] == champion.number) & (moves["kind"] != "roll back")]
    before = promoted["from"].dropna()
    if before.empty:
        raise TrackingError(
            f"the history has no champion before version {champion.number}: name a version with --to, see "
            "`regulars versions`"
        )
    return int(before.iloc[0])


def history(tracking: Tracking) -> pd.DataFrame:
    """Return the moves of the champion, the newest first.

    Returns
    -------
    pandas.DataFrame
        `when` (UTC), `who`, `kind` (promote, force, roll back), `from` and `to` (version numbers, Int64; `from` is null
        where there was no champion), `why`, `state` (done; failed; unfinished when the process was killed), `digest` of
        the model file moved to, and `figures` (a dict of the gate's figures).
    """
    moves = runs(tracking, MOVES)
    facts = list(moves["facts"])
    columns = {
        "when": moves["started"].to_list(),
        **{name: [fact.get(name) for fact in facts] for name in ("who", "kind", "from", "to", "why", "digest")},
        "state": [STATES.get(status, "unfinished") for status in moves["status"]],
        "figures": moves["measures"].to_list(),
    }
    return _table_of_moves(columns)


def settle_unfinished_moves(tracking: Tracking) -> None:
    """Finish the record of a move that was killed after it had moved the champion; every move does so first.

    The alias is moved in one step, so the champion shows whether the move succeeded.
    """
    champion = version(tracking, CHAMPION)
    for run in tracking.search_runs(MOVES, RUNNING):
        if is_gone(run.tags) and champion and run.params.get("to") == str(champion.number):
            if CHALLENGER in champion.aliases:
                with suppress(TrackingError):
                    move_alias(tracking, CHALLENGER, None, champion.number)
            tracking.end_run(run.run_id, "FINISHED")


def no_moves() -> pd.DataFrame:
    """Return the table of `history` without rows: that of a home without a tracking store."""
    return _table_of_moves({name: [] for name in HISTORY})


def _table_of_moves(columns: Mapping[str, list[object]]) -> pd.DataFrame:
    table = pd.DataFrame(columns, columns=list(HISTORY))
    for name in ("from", "to"):
        table[name] = pd.to_numeric(table[name]).astype("Int64")
    table["when"] = pd.to_datetime(table["when"], utc=True)
    return table


def _was_champion(tracking: Tracking, chosen: ModelVersion) -> bool:
    moves = history(tracking)
    return chosen.number in set(moves.loc[moves["state"] == "done", "to"])


def _reasons_against(
    tracking: Tracking, chosen: ModelVersion, champion: int | None, verdict: Verdict | None
) -> tuple[str, ...]:
    """Return why the gate refuses a version beside the present champion; nothing where it passes it."""
    if verdict is None:
        return (_no_verdict(tracking, chosen),)
    if verdict.champion == champion:
        return verdict.reasons
    tried = f"version {verdict.champion}" if verdict.champion else "none"
    return (*verdict.reasons, f"it was tried against champion {tried}, which is {champion} now: fit it again")


def _no_verdict(tracking: Tracking, chosen: ModelVersion) -> str:
    """Return in one line why a version has no recorded verdict."""
    with suppress(TrackingError), tempfile.TemporaryDirectory(prefix="regulars-") as scratch:
        fetch(tracking, chosen, scratch)
        return "it was never tried at the gate: fit it again"
    return f"the files of its fit, the verdict among them, are not in {tracking.place}: restore them, or fit it again"


def _version_and_champion(tracking: Tracking, which: int | str) -> tuple[ModelVersion, int | None]:
    """Return a version and the champion's number; raise when there is no such version, or it is the champion."""
    settle_unfinished_moves(tracking)
    chosen, champion = version(tracking, which), version(tracking, CHAMPION)
    if chosen is None:
        missing = "no challenger" if which == CHALLENGER else f"no version {which}"
        raise TrackingError(
            f"{missing} is registered in {tracking.place}: run `regulars fit`, or see `regulars history`"
        )
    if champion and champion.number == chosen.number:
        raise PromotionRefusedError(chosen.number, ("it is the champion already",))
    return chosen, champion.number if champion else None


def _move(
    tracking: Tracking,
    move: Move,
    chosen: ModelVersion,
    why: str,
    who: str | None,
    verdict: Verdict | None,
    reasons: tuple[str, ...],
) -> Move:
    if len(why) > LONG:
        raise InvalidArgumentError(f"the reason has {len(why)} characters, at most {LONG} are kept: make it shorter")
    with tempfile.TemporaryDirectory(prefix="regulars-") as scratch:
        fetch(tracking, chosen, scratch)  # a version whose files are gone or changed never becomes champion
    facts: Mapping[str, object] = {
        "who": who or getuser(),
        "kind": move.kind,
        **({} if move.before is None else {"from": move.before}),
        "to": move.to,
        "why": why,
        "digest": move.digest,
        "against": "; ".join(reasons),
    }
    # The run starts before the alias moves and ends after it, so a killed move shows as unfinished.
    with start_run(tracking, f"{move.kind} to version {move.to}", facts, MOVES) as run:
        log_metrics(run, verdict.figures if verdict else {})
        move_alias(tracking, CHAMPION, move.to, move.before)
    if CHALLENGER in chosen.aliases:
        with suppress(TrackingError):  # a challenger registered meanwhile keeps the alias; the champion has moved
            move_alias(tracking, CHALLENGER, None, move.to)
    return move
