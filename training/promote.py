"""Moving the champion: through the gate, by force, or back; every move is a tracked run, for an alias has no memory."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from getpass import getuser

import pandas as pd

from features.errors import InvalidArgumentError, PromotionRefusedError, TrackingError
from training.gate import Verdict
from training.models.bundle import CHALLENGER, CHAMPION
from training.registry.mlflow_client import LONG, MOVES, Run, Tracking, log_measures, log_text, start_run
from training.registry.runs import run_file, runs
from training.registry.versions import Version, fetch, move_alias, version

VERDICT_FILE = "verdict.json"
HISTORY = ("when", "who", "kind", "from", "to", "why", "state", "digest", "figures")
STATES = {"FINISHED": "done", "FAILED": "failed"}


@dataclass(frozen=True)
class Move:
    """A move of the champion: from which version (None: there was none) to which, and how."""

    kind: str
    before: int | None
    to: int
    digest: str


def record_verdict(run: Run, verdict: Verdict) -> None:
    """Keep the verdict on a challenger with the run that registers it, for `promote` to read."""
    log_text(run, VERDICT_FILE, verdict.to_json())


def recorded_verdict(tracking: Tracking, chosen: Version) -> Verdict | None:
    """Return the verdict kept with the run that made the version; None when there is none."""
    with tempfile.TemporaryDirectory(prefix="regulars-") as scratch:
        kept = run_file(tracking, chosen.run_id, VERDICT_FILE, scratch)
        return Verdict.from_json(kept.read_text()) if kept else None


def promote(
    tracking: Tracking,
    which: int | str = CHALLENGER,
    verdict: Verdict | None = None,
    why: str = "",
    who: str | None = None,
    force: bool = False,
) -> Move:
    """Make a version champion when the gate lets it: `verdict`, or without one that recorded by its fit.

    `force` with a reason (`why`) moves the champion all the same, and the record says what spoke against it. `who` is
    the user of this machine unless given. The challenger's alias is taken from a version that has become champion.
    Raises PromotionRefusedError with the reasons, and TrackingError when there is no such version, its files are not
    what was registered, or the champion was moved meanwhile.
    """
    if force and not why:
        raise InvalidArgumentError("a forced promotion has no reason: say why with --reason")
    chosen, champion = _version(tracking, which), version(tracking, CHAMPION)
    before = champion.number if champion else None
    if before == chosen.number:
        raise PromotionRefusedError(chosen.number, ("it is the champion already",))
    verdict = verdict or recorded_verdict(tracking, chosen)
    reasons = verdict.reasons if verdict else ("it was never tried at the gate: fit it again",)
    if verdict and verdict.champion != before:
        tried = f"version {verdict.champion}" if verdict.champion else "none"
        reasons += (f"it was tried against champion {tried}, which is {before} now: fit it again",)
    if reasons and not force:
        raise PromotionRefusedError(chosen.number, reasons)
    said = why or "better beyond doubt than champion and baselines"
    return _move(tracking, "force" if reasons else "promote", before, chosen, said, who, verdict, reasons)


def roll_back(tracking: Tracking, to: int, why: str, who: str | None = None, force: bool = False) -> Move:
    """Make an earlier champion champion again; a version that never was one is refused, unless with `force`.

    Raises as `promote` does, and ValueError without a reason.
    """
    if not why:
        raise InvalidArgumentError("going back to an earlier version needs a reason: say why with --reason")
    chosen, champion = _version(tracking, to), version(tracking, CHAMPION)
    before = champion.number if champion else None
    if before == chosen.number:
        raise PromotionRefusedError(chosen.number, ("it is the champion already",))
    moves = history(tracking)
    known = set(moves.loc[moves["state"] == "done", "to"])
    reasons = () if chosen.number in known else ("it never was champion: promote it without --to",)
    if reasons and not force:
        raise PromotionRefusedError(chosen.number, reasons)
    return _move(tracking, "force" if reasons else "roll back", before, chosen, why, who, None, reasons)


def history(tracking: Tracking) -> pd.DataFrame:
    """Return the moves of the champion, the newest first.

    Columns: `when` (UTC), `who`, `kind` (promote, force, roll back), `from` and `to` (version numbers, Int64, null
    where there was none), `why`, `state` (done; failed; unfinished when it was killed on the way), `digest` of the
    model file moved to, and `figures` (a dict of the gate's figures).
    """
    moves = runs(tracking, MOVES)
    facts = list(moves["facts"])
    table = pd.DataFrame(
        {
            "when": moves["started"].to_list(),
            **{name: [each.get(name) for each in facts] for name in ("who", "kind", "from", "to", "why", "digest")},
            "state": [STATES.get(status, "unfinished") for status in moves["status"]],
            "figures": moves["measures"].to_list(),
        },
        columns=list(HISTORY),
    )
    for name in ("from", "to"):
        table[name] = pd.to_numeric(table[name]).astype("Int64")
    table["when"] = pd.to_datetime(table["when"], utc=True)
    return table


def _version(tracking: Tracking, which: int | str) -> Version:
    chosen = version(tracking, which)
    if chosen is None:
        found = "no challenger" if which == CHALLENGER else f"no version {which}"
        raise TrackingError(f"{found} is registered in {tracking.place}: run `regulars fit`, or see `regulars history`")
    return chosen


def _move(
    tracking: Tracking,
    kind: str,
    before: int | None,
    chosen: Version,
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
        "kind": kind,
        **({} if before is None else {"from": before}),
        "to": chosen.number,
        "why": why,
        "digest": chosen.digest,
        "against": "; ".join(reasons),
    }
    # The record comes first and ends last: a move killed on the way is seen as unfinished, none is unseen.
    with start_run(tracking, f"{kind} to version {chosen.number}", facts, MOVES) as run:
        log_measures(run, verdict.figures if verdict else {})
        move_alias(tracking, CHAMPION, chosen.number, before)
    if CHALLENGER in chosen.aliases:
        move_alias(tracking, CHALLENGER, None, chosen.number)
    return Move(kind, before, chosen.number, chosen.digest)
