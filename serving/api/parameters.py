"""Request parameters `as_of` and `horizon_days`, from the body or the query string."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET

from features.as_of import AsOf
from features.errors import TimestampError
from features.timezones import DAY
from serving.api.problem_details import ProblemError, invalid
from serving.api.request_body import fault_of
from serving.request_types import DEFAULT_HORIZON_DAYS, ScoringParameters
from serving.response_types import Duplicate, ScoringFacts
from serving.state import ServiceState
from serving.timestamps import local_time, microseconds, read_timestamp

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class RequestLimits:
    """Limits of one request.

    Attributes
    ----------
    body_bytes : int
        Size of a body.
    bodies_bytes : int
        Size of all bodies together that a worker reads, keeps waiting or works on at once.
    body_seconds : float
        Seconds in which a body must arrive.
    customers, events : int
        Number of each in a request.
    customer_events : int
        Number of events of one customer.
    inline_bytes : int
        JSON bodies up to this size are scored in the event loop, others in the worker thread.
    queue_size : int
        Large requests that may wait for the worker thread.
    records_bytes, records : int
        Size of a body with records of a plan, and number of records in it.
    """

    body_bytes: int = 64 * 2**20
    bodies_bytes: int = 256 * 2**20
    body_seconds: float = 30.0
    customers: int = 100_000
    events: int = 1_000_000
    customer_events: int = 100_000
    inline_bytes: int = 16 * 2**10
    queue_size: int = 8
    records_bytes: int = 4 * 2**20
    records: int = 10_000


class ScoringContext(NamedTuple):
    """The state in service when the request came, its cutoff and horizon, and the last acceptable event time."""

    state: ServiceState
    as_of: AsOf
    horizon_days: int
    latest: int

    def facts(self, duplicates: Sequence[Duplicate]) -> ScoringFacts:
        """Return the versions and parameters of a response."""
        state = self.state
        return ScoringFacts(
            formula_version=state.formula.version,
            model_version=state.model.version if state.model else UNSET,
            as_of=local_time(self.as_of.time, state.timezone),
            horizon_days=self.horizon_days,
            duplicates=list(duplicates) or UNSET,
            absent=UNSET if state.model else {"model_version": state.absent or "no model is in service"},
        )


def scoring_context(parameters: ScoringParameters, state: ServiceState, clock: Clock) -> ScoringContext:
    """Return the context of a request; raises a 422 problem for an impossible `as_of`."""
    now = clock()
    latest = microseconds(now) + DAY
    try:
        if parameters.as_of:
            as_of = AsOf(*read_timestamp(parameters.as_of, state.timezone, latest))
        else:
            as_of = AsOf.parse(now, state.timezone)
    except TimestampError as error:
        raise invalid([("as_of", str(error))]) from None
    return ScoringContext(state, as_of, parameters.horizon_days or DEFAULT_HORIZON_DAYS, latest)


NO_PARAMETERS = ScoringParameters()


def one_source(query: ScoringParameters, body: ScoringParameters) -> ScoringParameters:
    """Return the parameters that stand in the query or in a JSON body; raises a 400 problem where these contradict."""
    if query is NO_PARAMETERS:
        return body
    found = {}
    for name in ScoringParameters.__struct_fields__:
        in_query, in_body = getattr(query, name), getattr(body, name)
        found[name] = in_query or in_body
        if in_query and in_body and in_query != in_body:
            detail = f"found {in_query!r} in the query and {in_body!r} in the body; keep one"
            raise ProblemError("unknown-parameter", f"{name}: {detail}", [(name, detail)])
    return ScoringParameters(**found)


def query_parameters(query: bytes) -> ScoringParameters:
    """Return the parameters in the query of a request for scores; raises a 400 or 422 problem."""
    if not query:
        return NO_PARAMETERS
    values = query_values(query, ScoringParameters.__struct_fields__)
    for name, value in values.items():
        if value.lower() == "null":  # msgspec would take the text for None
            raise invalid([(name, f"found the text {value!r}, expected a value, or no such parameter")])
    try:
        return msgspec.convert(values, ScoringParameters, strict=False)
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error))]) from None


def query_values(query: bytes, known: Sequence[str] = ()) -> dict[str, str]:
    """Return the parameters of a query by name; raises a 400 problem for unknown and repeated ones."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise ProblemError("unknown-parameter", "the query is no form like as_of=2011-06-10&horizon_days=90") from None
    names = [name for name, _ in pairs]
    for name in names:
        if name not in known:
            detail = f"expected {' and '.join(known)}" if known else "expected none here"
            raise ProblemError("unknown-parameter", f"found the query parameter {name!r}, {detail}", [(name, detail)])
        if names.count(name) > 1:
            detail = f"found {name!r} twice in the query; keep one"
            raise ProblemError("unknown-parameter", detail, [(name, "comes twice")])
    return dict(pairs)
