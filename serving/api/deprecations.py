"""What of the interface is to go, since when and when at the earliest: the policy in docs/service.md as a table.

A deprecated path says so in each of its answers, by `Deprecation` and `Sunset`. A deprecated field is marked in the
OpenAPI description alone, because these headers speak of a path as a whole.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, NamedTuple

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTICE_DAYS = 365
"""Days from `since` to `sunset`, at least."""


class Deprecation(NamedTuple):
    """That a path or a field is to go.

    Attributes
    ----------
    since : date
        The day of the release that says so.
    sunset : date
        The first day on which a release may be without it.
    successor : str
        What to use instead: a path, or in words.
    """

    since: date
    sunset: date
    successor: str


PATHS: Mapping[str, Deprecation] = {}
"""Deprecated paths, as templates like `/plans/{plan_id}/items`."""
FIELDS: Mapping[tuple[str, str], Deprecation] = {}
"""Deprecated fields, by the name of their schema in the description and their own."""


def headers_of(deprecation: Deprecation) -> dict[str, str]:
    """Return the headers of an answer of a deprecated path.

    References
    ----------
    RFC 9745 (Deprecation, a date in seconds since 1970), RFC 8594 (Sunset, an HTTP date), RFC 5829 (successor-version).

    Examples
    --------
    >>> headers_of(Deprecation(date(2026, 1, 1), date(2027, 1, 1), "/v2/score"))["Sunset"]
    'Fri, 01 Jan 2027 00:00:00 GMT'
    """
    since, sunset = (datetime.combine(day, time(), UTC) for day in (deprecation.since, deprecation.sunset))
    headers = {"Deprecation": f"@{since.timestamp():.0f}", "Sunset": format_datetime(sunset, usegmt=True)}
    if deprecation.successor.startswith("/") and "{" not in deprecation.successor:
        headers["Link"] = f'<{deprecation.successor}>; rel="successor-version"'
    return headers


def announcing(path: str, app: ASGIApp, paths: Mapping[str, Deprecation] = PATHS) -> ASGIApp:
    """Return the application of a path, whose answers, problems too, say where the path is deprecated."""
    if path not in paths:
        return app
    headers = headers_of(paths[path])

    async def announcing_app(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in headers.items():
                    present.append(name, value)
            await send(message)

        await app(scope, receive, send_with_headers)

    return announcing_app


def mark_deprecated(
    api: dict[str, Any],
    paths: Mapping[str, Deprecation] = PATHS,
    fields: Mapping[tuple[str, str], Deprecation] = FIELDS,
) -> None:
    """Mark what is deprecated in an OpenAPI document, in place, with what to use instead."""
    marked = [(operation, paths[path]) for path in paths for operation in api["paths"][path].values()]
    schemas = api["components"]["schemas"]
    marked += [(schemas[schema]["properties"][name], due) for (schema, name), due in fields.items()]
    for part, deprecation in marked:
        part["deprecated"] = True
        note = f"Deprecated since {deprecation.since}, gone from {deprecation.sunset}: use {deprecation.successor}."
        part["description"] = " ".join(filter(None, (part.get("description"), note)))
