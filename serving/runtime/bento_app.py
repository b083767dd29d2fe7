"""What a worker puts in front of BentoML: the guard, the door, and what is in service behind it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from features.loyalty.formula import load_formula
from serving.api.app import Limits, make_app
from serving.clock import utc_now
from serving.runtime.access_log import Log
from serving.runtime.api_keys import KeyRing
from serving.runtime.metrics import Metrics, forget_the_dead
from serving.runtime.middleware import BEHIND, Guard
from serving.runtime.model_reload import Watch, at_start
from serving.runtime.poller import Rounds
from serving.runtime.settings import Settings
from serving.state import Holder


def fronted(behind: ASGIApp, given: Settings, store: Path) -> Guard:
    """Return our application over what is published, in front of BentoML's."""
    forget_the_dead()
    log = Log(utc_now)
    holder = Holder(at_start(store, load_formula(), given.timezone, utc_now, log.line))
    door = make_app(holder, Limits(), scores=given.scores, report=given.report, clock=utc_now)
    metrics = Metrics(door.paths | BEHIND)
    keys = KeyRing(given.keys, log.line) if given.keys else None

    def count() -> None:
        champion, refused = holder.now.champion, holder.now.refused
        metrics.in_service(champion.version if champion else None, refused is not None, log.lost)

    @contextmanager
    def living() -> Iterator[None]:
        gc.collect()
        gc.freeze()  # what is loaded by now stays: it is not to be walked through again and again
        looks = (Watch(holder, store, utc_now, log.line).look, *([keys.look] if keys else []), count)
        with Rounds(given.watch_seconds, log.line, *looks):
            yield

    return Guard(door, behind, metrics, log, living(), keys, given.rate)
