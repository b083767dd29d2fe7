"""The door: an ASGI app that sends a request to its endpoint; what is wrong with it becomes a problem document."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.api.problem_details import ProblemError, problem


class DisconnectError(Exception):
    """The client went away before its request was whole."""


@dataclass(frozen=True)
class Call:
    """A request as an endpoint sees it: its headers (names in lower case), raw query, and body still to be read.

    `told` takes what the log and the counters may know of it: how many customers, and the version that scored them.
    """

    headers: Mapping[bytes, bytes]
    query: bytes
    receive: Receive
    told: MutableMapping[str, Any]


Endpoint = Callable[[Call], Awaitable[Response]]


class Door:
    """Knows the method and the endpoint of each path; paths are exact."""

    def __init__(self, endpoints: Mapping[str, tuple[str, Endpoint]]) -> None:
        self._endpoints = endpoints

    @property
    def paths(self) -> frozenset[str]:
        """The paths that this app owns."""
        return frozenset(self._endpoints)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise RuntimeError(f"the door answers http, not {scope['type']}")
        try:
            response = await self._answer(scope, receive)
        except ProblemError as error:
            response = problem(error.kind, error.detail, error.faults, error.headers)
        except DisconnectError:
            return
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        found = self._endpoints.get(scope["path"])
        if found is None:
            known = ", ".join(sorted(self._endpoints))
            raise ProblemError("not-found", f"found no {scope['path']!r}, expected one of {known}")
        method, endpoint = found
        if scope["method"] != method and not (method == "GET" and scope["method"] == "HEAD"):
            allowed = "GET, HEAD" if method == "GET" else method
            told = f"found {scope['method']}, expected {allowed}"
            raise ProblemError("method-not-allowed", told, headers={"Allow": allowed})
        return await endpoint(Call(dict(scope["headers"]), scope["query_string"], receive, scope.get("regulars", {})))
