"""The folder of `regulars retrain`: one retrain at a time, its state after every step, and leftovers of killed runs.

`summary.json` in the folder of a run is its state while it runs and its summary afterwards. It is replaced in one step,
so a run that was killed can be resumed behind the last step that it finished.
"""

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from features.atomic_file import atomic_write
from features.errors import InvalidArgumentError, RetrainInProgressError
from features.scratch_folders import scratch_folder

SUMMARY = "summary.json"
LATEST = "latest"
LOCK = ".retrain.lock"
UNFINISHED = ("running", "failed")
"""A run of these states is resumed by a retrain with the same inputs."""


@dataclass(frozen=True)
class RetrainSettings:
    """`regulars retrain`: where its runs are kept, and which of its last steps are made.

    Attributes
    ----------
    out : Path, optional
        The folder of runs. Without it: `retrain` in the folder of `--home`.
    keep : int
        Number of most recent runs to keep.
    publish : bool
        Whether a new champion is published.
    report : bool
        Whether the report is made.
    """

    out: Path | None = field(default=None, metadata={"example": "runs"})
    keep: int = 26
    publish: bool = True
    report: bool = True

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise InvalidArgumentError(f"keep is {self.keep}, expected at least 1")


@contextmanager
def retrain_lock(home: Path, started: datetime) -> Iterator[None]:
    """Hold the home for one retrain; the system releases it however the process ends.

    Raises RetrainInProgressError, which names the holder, when another retrain has it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read() or "another process"
            raise RetrainInProgressError(
                f"{holder} is retraining in {home}: wait until it ends, then start again"
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}, since {started:%Y-%m-%d %H:%M:%S} UTC,")
        lock.flush()
        yield
        lock.truncate(0)


class RetrainRun:
    """A run of `regulars retrain`.

    Attributes
    ----------
    folder : Path
    facts : dict
        What `summary.json` holds.
    resumed : bool
        Whether an earlier process has begun it.
    """

    def __init__(self, folder: Path, facts: dict[str, Any], resumed: bool) -> None:
        self.folder, self.facts, self.resumed = folder, facts, resumed

    @property
    def name(self) -> str:
        """The name of its folder, by which versions say who made them."""
        return self.folder.name

    @property
    def given_up(self) -> tuple[str, ...]:
        """The names of runs that were given up before their end, whose work it takes over."""
        return tuple(self.facts.get("given_up", ()))

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """The results of the steps that are finished."""
        steps: dict[str, dict[str, Any]] = self.facts["steps"]
        return steps

    @property
    def must_fit(self) -> bool:
        """Whether it has found something to fit, or took over from a run that was given up after it had."""
        return bool(self.facts.get("must_fit", True))

    def record_must_fit(self) -> None:
        """Keep that there is something to fit: once the version is made, the data no longer show it."""
        self.facts["must_fit"] = True
        self.save()

    def record(self, step: str, seconds: float, result: Mapping[str, Any]) -> None:
        """Keep the result of a step."""
        self.steps[step] = {"seconds": round(seconds, 3), **result}
        self.save()

    def forget_after(self, step: str) -> None:
        """Forget the results of all steps but this one: it came out differently from the time before."""
        self.facts["steps"] = {name: result for name, result in self.steps.items() if name == step}

    def remove(self) -> None:
        """Remove its folder: it did nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def save(self) -> None:
        """Write the state, in one step."""
        with atomic_write(self.folder / SUMMARY) as part:
            part.write_text(json.dumps(self.facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def open_run(out: Path, inputs: str, facts: Mapping[str, Any], started: datetime) -> RetrainRun:
    """Continue the latest run if it is unfinished and has the same inputs, else begin a new one.

    Parameters
    ----------
    out : Path
        The folder of runs.
    inputs : str
        Digest of everything that decides what the run does.
    facts : mapping
        Of a new run: what was asked for.
    started : datetime
        Of a new run; its name.

    Returns
    -------
    RetrainRun
        Folders of other runs that were killed are removed.
    """
    out.mkdir(parents=True, exist_ok=True)
    earlier = {folder: _state(folder) for folder in _runs(out)}
    # One without a state was killed while it was made.
    latest = next((folder for folder in reversed(earlier) if earlier[folder]), None)
    state = earlier[latest] if latest else {}
    must_fit = state.get("status") in UNFINISHED and state.get("must_fit", True)
    if latest is not None and state.get("status") in UNFINISHED and state.get("inputs") == inputs:
        for leftover in [*latest.rglob(".*.part")]:
            shutil.rmtree(leftover, ignore_errors=True)
        run = RetrainRun(latest, {**state, "status": "running", "error": None}, True)
    else:
        folder = _new_folder(out, f"{started:%Y-%m-%dT%H%M%SZ}")
        began = {"run": folder.name, "status": "running", "error": None, "inputs": inputs, "must_fit": must_fit}
        if latest is not None and must_fit:
            began["given_up"] = [latest.name, *state.get("given_up", ())]
        run = RetrainRun(folder, {**began, **facts, "steps": {}}, False)
    run.save()
    for folder, of in earlier.items():  # not before what they had to do is kept
        if of.get("status", "running") == "running" and folder != run.folder:
            shutil.rmtree(folder, ignore_errors=True)
    return run


def update_latest_link(run: RetrainRun) -> None:
    """Make the link `latest` lead to the run, in one step, so that a service finds its scores and its report."""
    out = run.folder.parent
    with scratch_folder(out, f".{LATEST}.", ".part") as scratch:
        (scratch / LATEST).symlink_to(run.name)
        (scratch / LATEST).replace(out / LATEST)


def remove_old_runs(out: Path, keep: int) -> None:
    """Remove all but the latest runs; the one that `latest` leads to stays."""
    shown = (out / LATEST).resolve()
    for folder in _runs(out)[:-keep]:
        if folder.resolve() != shown:
            shutil.rmtree(folder, ignore_errors=True)


def old_runs(out: Path, earliest: datetime) -> list[Path]:
    """Return the runs that were started before a moment; the one that `latest` leads to is none of them."""
    shown = (out / LATEST).resolve()
    return [each for each in _runs(out) if each.name < f"{earliest:%Y-%m-%dT%H%M%SZ}" and each.resolve() != shown]


def _runs(out: Path) -> list[Path]:
    """Return the folders of runs, the oldest first."""
    return sorted(folder for folder in out.glob("[0-9]*Z*") if folder.is_dir())


def _state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) and isinstance(state.get("steps"), dict) else {}


def _new_folder(out: Path, name: str) -> Path:
    """Make a folder of this name, with a number behind it if there is one already."""
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    folder = next(out / free for free in names if not (out / free).exists())  # the lock keeps others away
    folder.mkdir()
    return folder
