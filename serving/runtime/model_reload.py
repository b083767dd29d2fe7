"""What is in service, from the start on: the latest published version, taken over while requests go on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from features.atomic_file import atomic_write
from features.errors import PublishedModelError
from features.loyalty.formula import Formula
from serving.runtime.model_loader import load
from serving.runtime.model_store import latest, published
from serving.runtime.poller import Said, Stamp, stamp
from serving.state import Holder, InService
from training.models.bundle import REGISTERED_NAME

SERVED = "served"
"""The file beside BentoML's `latest` that names the version last taken over: a worker that is born while the latest is
one that was refused takes this one, as its siblings did."""
NONE_PUBLISHED = "no version is published: `regulars publish` puts one into service"


def at_start(store: Path, formula: Formula, timezone: str, clock: Callable[[], datetime], say: Said) -> InService:
    """Return what a worker begins with: the latest version, else the one served before, else the rule alone."""
    refused = None
    for name in dict.fromkeys((latest(store), _served(store))):
        if name is None:
            continue
        try:
            return _taken(store, name, clock, say, refused)
        except PublishedModelError as error:
            refused = str(error)
            say(event="refused", version=name, reason=refused)
    return InService(formula, timezone, None, clock(), absent=refused or NONE_PUBLISHED, refused=refused)


class Watch:
    """Takes over what is published, in one step, while requests go on."""

    def __init__(self, holder: Holder, store: Path, clock: Callable[[], datetime], say: Said) -> None:
        self._holder, self._store, self._clock, self._say = holder, store, clock, say
        self._seen: Stamp = None  # so that the first look sees what was published since the start

    def look(self) -> None:
        """Take a version over that was published since the last look; a bad one is refused, and the old one stays.

        A refused version is tried again when it is published again.
        """
        found = stamp(self._store / REGISTERED_NAME / "latest")
        if found == self._seen:
            return
        self._seen = found
        name, now = latest(self._store), self._holder.now
        if name is None or (now.champion and now.champion.folder.name == name):
            self._holder.now = replace(now, refused=None)
            return
        try:
            self._holder.now = _taken(self._store, name, self._clock, self._say, None)
        except PublishedModelError as error:
            self._holder.now = replace(now, refused=str(error))
            self._say(event="refused", version=name, reason=str(error))


def _taken(store: Path, name: str, clock: Callable[[], datetime], say: Said, refused: str | None) -> InService:
    champion = load(published(store, name))
    _note(store, name)
    say(event="in service", version=champion.version, tag=champion.tag)
    card = champion.model.card
    return InService(champion.model.formula, card.timezone, champion, clock(), refused=refused)


def _served(store: Path) -> str | None:
    try:
        return (store / REGISTERED_NAME / SERVED).read_text().strip() or None
    except OSError:
        return None


def _note(store: Path, name: str) -> None:
    """Write down which version was taken; a store that may only be read has no other versions to come."""
    if _served(store) == name:
        return
    try:
        with atomic_write(store / REGISTERED_NAME / SERVED) as part:
            part.write_text(name)
    except OSError:
        pass
