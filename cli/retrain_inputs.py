"""What decides what `regulars retrain` does, and whether there is anything to do."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli import source_options
from cli.champion import forced_promotion
from cli.retrain_folder import RetrainSettings
from cli.settings import SECTIONS, section_class
from cli.source_arguments import SourceOptions
from cli.tracking import has_tracking_store, opened_tracking
from features.settings_file import read_settings

if TYPE_CHECKING:
    from features.store.event_store import EventStore

FIT_TAG = "retrain_inputs"
"""The tag of a version with the digest of what decided its fit and its verdict, apart from log and champion."""


@dataclass(frozen=True)
class Job:
    """What a retrain is asked to do.

    Attributes
    ----------
    sources : tuple of str
        Files to append, none if the store has the new events already.
    source_options : SourceOptions
        How to read them.
    store, home : Path
    formula : Path or None
    as_of : str or None
        Cutoff of fit and scores; None is the end of the log.
    horizon_days : int
    quick : bool
    seed : int
    settings : RetrainSettings
    fit_again : bool
        Whether to fit even though nothing has changed since the last fit.
    """

    sources: tuple[str, ...]
    source_options: SourceOptions
    store: Path
    home: Path
    formula: Path | None
    as_of: str | None
    horizon_days: int
    quick: bool
    seed: int
    settings: RetrainSettings
    fit_again: bool = False


def cutoff(job: Job, store: "EventStore") -> str:
    """Return the cutoff of fit and scores, which begins with an ISO date."""
    from training.targets import log_end

    return job.as_of or str(log_end(store).date)


def run_digest(job: Job) -> str:
    """Return a digest of what decides what a run does, without the data that its sources hold."""
    return _digest(job, source_options.profiles_of_options(job.source_options.profile), _settings(job))


def fit_digest(job: Job) -> str:
    """Return a digest of what decides a fit and its verdict, apart from the log and the champion.

    The installed packages count: a fault of one of them may have been the cause of a refusal.
    """
    from training.registry.environment import environment

    return _digest(job.as_of, job.quick, job.seed, _settings(job), environment())


def nothing_new(job: Job, store: "EventStore") -> tuple[str, str] | None:
    """Return the status of a run that has nothing to do for the data of the store, and why in one line.

    A version that was rolled back is not made again from the same data, nor is one that the gate refused, unless the
    settings, the installed packages or the champion have changed since.

    Returns
    -------
    tuple of str, or None
        `nothing_new` or `still_refused`, and the line; None if there is something to do.
    """
    from training.fit_record import DATA_DIGEST
    from training.models.bundle import CHAMPION
    from training.promote import history, recorded_verdict
    from training.registry.versions import version, versions

    if not has_tracking_store(job.home):
        return None
    tracking = opened_tracking(job.home, read_only=True)
    champion = version(tracking, CHAMPION)
    data = {DATA_DIGEST: store.manifest["digest"], "data_until": cutoff(job, store)[:10]}
    if champion and data.items() <= champion.tags.items():
        line = f"nothing new: champion version {champion.number} was fitted to the data that the store has"
        return "nothing_new", line
    moves = history(tracking)
    former = set(moves.loc[moves["state"] == "done", "to"])
    same = [each for each in versions(tracking) if data.items() <= each.tags.items()]
    if champion and (back := [each.number for each in same if each.number in former]):
        return "nothing_new", (
            f"nothing new: version {back[0]} was fitted to the data that the store has, and champion version "
            f"{champion.number} took its place afterwards"
        )
    alike = fit_digest(job)
    for each in same:
        verdict = recorded_verdict(tracking, each) if each.tags.get(FIT_TAG) == alike else None
        if verdict and verdict.reasons and verdict.champion == (champion.number if champion else None):
            why = "; ".join(verdict.reasons)
            return "still_refused", (
                f"nothing new since version {each.number}, which the gate refused ({why}): append new events, change "
                "the settings, mend the cause and fit with --fit-again, or "
                f"`{forced_promotion(each.number, job.home)}`"
            )
    return None


def _settings(job: Job) -> list[object]:
    others = ("serve", "retrain", "monitor")  # nothing that a retrain makes depends on them
    sections = {name: read_settings(name, section_class(name)) for name in SECTIONS if name not in others}
    return [job.formula.read_text("utf-8") if job.formula else None, sections]


def _digest(*inputs: object) -> str:
    import msgspec

    return hashlib.sha256(msgspec.json.encode(inputs, enc_hook=str, order="deterministic")).hexdigest()
