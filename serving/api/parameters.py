"""What a request asks for besides its customers, in its body or its query: the moment of knowledge, the horizon."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET

from features.errors import TimestampError
from serving.api.problem_details import ProblemError, invalid
from serving.api.request_body import fault_of
from serving.request_types import Asked
from serving.response_types import About, Duplicate
from serving.state import InService
from serving.timestamps import AHEAD, Moment, moment, read_moment, written

PARAMETERS = ("as_of", "horizon_days")


class Asking(NamedTuple):
    """One request's standpoint: what is in service as it came in, `as_of`, horizon, and the latest moment believed."""

    now: InService
    as_of: Moment
    horizon_days: int
    latest: int

    @property
    def timezone(self) -> str:
        """The business time zone."""
        return self.now.timezone


def asking(asked: Asked, now: InService, clock: Callable[[], datetime]) -> Asking:
    """Return the standpoint; raises the problem invalid (422) for an `as_of` that cannot be."""
    present = clock()
    latest = moment(present + AHEAD, now.timezone).time
    if asked.as_of is None:
        return Asking(now, moment(present, now.timezone), asked.horizon_days, latest)
    try:
        as_of = read_moment(asked.as_of, now.timezone, latest)
    except TimestampError as error:
        raise invalid([("as_of", str(error))]) from None
    return Asking(now, as_of, asked.horizon_days, latest)


def asked_in_query(query: bytes) -> Asked:
    """Return what the query of a request with a table says; raises unknown-parameter (400) and invalid (422)."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError:
        raise ProblemError("unknown-parameter", "the query is no form like as_of=2011-06-10&horizon_days=90") from None
    _refuse_others([name for name, _ in pairs], PARAMETERS)
    try:
        return msgspec.convert(dict(pairs), Asked, strict=False)
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error))]) from None


def refuse_query(query: bytes) -> None:
    """Raise the problem unknown-parameter (400) for any query: this endpoint takes none."""
    if query:
        _refuse_others([pair.partition("=")[0] for pair in query.decode("latin-1").split("&")], ())


def _refuse_others(names: list[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            expected = f"expected {' and '.join(known)}" if known else "expected none here"
            raise ProblemError(
                "unknown-parameter", f"found the query parameter {name!r}, {expected}", [(name, expected)]
            )
        if names.count(name) > 1:
            raise ProblemError(
                "unknown-parameter", f"found {name!r} twice in the query; keep one", [(name, "comes twice")]
            )


def about(asked: Asking, duplicates: list[Duplicate]) -> About:
    """Return what an answer says of all its scores."""
    now = asked.now
    champion = now.champion
    return About(
        formula_version=now.formula.version,
        model_version=champion.version if champion else UNSET,
        as_of=written(asked.as_of, now.timezone),
        horizon_days=asked.horizon_days,
        duplicates=duplicates or UNSET,
        absent=UNSET if champion else {"model_version": now.absent or "no model is in service"},
    )
