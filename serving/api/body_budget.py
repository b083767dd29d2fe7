"""Bounds the bytes of bodies that a worker has in memory at once: what does not fit is refused for the moment."""

from collections.abc import Awaitable, Callable
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from serving.api.problem_details import ProblemError
from serving.api.routes import Endpoint

SMALL_BYTES = 16 * 2**10
"""A body up to this size does not count, so that large bodies never keep small requests out."""


class BodyBudget:
    """The bytes that all bodies of a worker may have together.

    Parameters
    ----------
    maximum_bytes : int
        Bytes of bodies, as they are in memory: decoded, where they have a content coding.

    Attributes
    ----------
    held_bytes : int
        Bytes of bodies that are being read, wait or are worked on now.
    """

    def __init__(self, maximum_bytes: int) -> None:
        self.maximum_bytes, self.held_bytes = maximum_bytes, 0


class HeldBody:
    """The part of a budget that one body has, from its first byte to the end of the block.

    Parameters
    ----------
    budget : BodyBudget

    Examples
    --------
    >>> budget = BodyBudget(100_000)
    >>> with HeldBody(budget) as held:
    ...     held.grow_to(60_000)
    ...     budget.held_bytes
    60000
    >>> budget.held_bytes
    0
    """

    __slots__ = ("_budget", "_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget, self._bytes = budget, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.held_bytes -= self._bytes

    def require_room(self, size: int) -> None:
        """Raise a 503 problem if the body cannot have this size now, in bytes."""
        budget = self._budget
        if size > SMALL_BYTES and budget.held_bytes - self._bytes + size > budget.maximum_bytes:
            detail = f"bodies of {budget.held_bytes} bytes are being read or worked on, with this one more than"
            raise ProblemError("busy", f"{detail} {budget.maximum_bytes}; try again", headers={"Retry-After": "1"})

    def grow_to(self, size: int) -> None:
        """Note that the body has this size by now, in bytes; raises a 503 problem if it does not fit."""
        if size > SMALL_BYTES:
            self.require_room(size)
            self._budget.held_bytes += size - self._bytes
            self._bytes = size


def counted_in(budget: BodyBudget, endpoint: Callable[[Request, HeldBody], Awaitable[Response]]) -> Endpoint:
    """Return an endpoint whose body counts in the budget until the response is made."""

    async def holding_endpoint(request: Request) -> Response:
        with HeldBody(budget) as held:
            return await endpoint(request, held)

    return holding_endpoint
