"""Puts the latest published version into service, and a challenger beside it, at the start and while requests go on."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from features.atomic_file import atomic_write
from features.errors import PublishedModelError
from features.loyalty.formula import Formula
from features.schema import RATING_MAXIMUM
from serving.runtime.json_log import LogEvent
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import ANYBODY, Trust, latest_version, named_version, read_published
from serving.runtime.poller import when_changed
from serving.runtime.rollouts import with_challenger
from serving.state import CurrentState, ServiceState
from training.models.bundle import REGISTERED_NAME
from training.models.rollout import ROLLOUT_FILE

SERVED = "served"
"""The file in a service's own folder that names the version loaded last: a worker that starts while the latest version
is a refused one loads this version, as the other workers did. Another service on the same store may have another."""
NONE_PUBLISHED = "no version is published: `regulars publish` puts one into service"


def initial_state(
    store: Path,
    formula: Formula,
    timezone: str,
    clock: Callable[[], datetime],
    log_event: LogEvent,
    rating_maximum: float = RATING_MAXIMUM,
    trust: Trust = ANYBODY,
    note: Path | None = None,
) -> ServiceState:
    """Return the state at the start: the latest version, else the one served before, else the rule without a model."""
    empty, tried = ServiceState(formula, timezone, None, clock(), rating_maximum=rating_maximum), None
    for find in (partial(latest_version, store), partial(served_version, note)):
        name = None
        try:
            name = find()
            if name is None or name == tried:
                continue
            state = _load(store, name, clock, log_event, trust, note)
            state = replace(state, refused=empty.refused, unread=empty.unread)
            return with_challenger(state, store, trust, log_event)
        except PublishedModelError as error:
            log_event(event="refused", version=name, reason=str(error))
            empty, tried = empty.with_refusal(error), name
    return replace(empty, absent=empty.refused or NONE_PUBLISHED)


class ModelReload:
    """Replaces the state when a version is published or a rollout changes, in one step, while requests go on."""

    def __init__(
        self,
        current: CurrentState,
        store: Path,
        clock: Callable[[], datetime],
        log_event: LogEvent,
        trust: Trust = ANYBODY,
        note: Path | None = None,
    ) -> None:
        self._trust, self._note = trust, note
        self._current, self._store, self._clock, self._log_event = current, store, clock, log_event
        self._attempt = 0
        folder = store / REGISTERED_NAME
        self.check = when_changed(self._load_latest, folder / "latest", folder / ROLLOUT_FILE)

    def _load_latest(self) -> bool:
        """Load the version published last; a bad one is refused, and the old one stays.

        Returns whether all could be read: what could not is tried again, and not logged again. What is wrong in content
        is tried again when it is published again. A version that was signed before the one in service is refused: who
        can write into the store could put an old one back. An attempt that hung, as on a network folder, and ends after
        a later one changes nothing.
        """
        self._attempt = attempt = self._attempt + 1
        state, name = self._current.state, None
        healthy = replace(state, refused=None, unread=())
        logged = {*state.unread, state.refused} if state.unread else set()

        def log_event(**fields: object) -> None:
            if fields.get("reason") not in logged:
                self._log_event(**fields)

        try:
            name = latest_version(self._store)
            if name is None or (state.model and state.model.folder.name == name):
                following = healthy
            else:
                trust = self._trust.not_before(state.model.signed_at if state.model else None)
                loaded = _load(self._store, name, self._clock, self._log_event, trust, self._note)
                following = replace(loaded, segmentation=state.segmentation, challenger=state.challenger)
        except PublishedModelError as error:
            following = healthy.with_refusal(error)
            log_event(event="refused", version=name, reason=str(error))
        following = with_challenger(following, self._store, self._trust, log_event)
        if attempt == self._attempt:
            self._current.state = following
        return not following.unread


def _load(
    store: Path,
    name: str,
    clock: Callable[[], datetime],
    log_event: LogEvent,
    trust: Trust,
    note: Path | None,
) -> ServiceState:
    model = load_model(read_published(store, name, trust))
    _note_served(note, name)
    log_event(event="in service", version=model.version, tag=model.tag)
    card = model.card
    return ServiceState(model.formula, card.timezone, model, clock(), rating_maximum=card.rating_maximum)


def served_version(note: Path | None) -> str | None:
    """Return the name of the version loaded last, None if there is none or it cannot be read."""
    with suppress(PublishedModelError):
        return named_version(note) if note else None
    return None


def _note_served(note: Path | None, name: str) -> None:
    """Write down which version was loaded; where that cannot be written, only the latest version is loaded."""
    if note and served_version(note) != name:
        with suppress(OSError), atomic_write(note) as part:
            part.write_text(name)
