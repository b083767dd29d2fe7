"""The origins of web pages that may read the service's answers (CORS), in the form in which browsers send them."""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from features.errors import InvalidArgumentError

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:[1-9][0-9]*)?")


def check_origins(origins: Iterable[str]) -> None:
    """Raise InvalidArgumentError unless each origin is one that a browser sends, or `*` stands alone.

    The service compares text with text, so an origin in any other form would never match, and nobody would see why.

    Parameters
    ----------
    origins : iterable of str
        Scheme, host and, unless it is the default of the scheme, port, like `https://shop.example`.

    References
    ----------
    RFC 6454, section 6.2 (ASCII serialization of an origin).

    Examples
    --------
    >>> check_origins(["https://shop.example", "http://localhost:5173"])
    """
    listed = list(origins)
    if ANY in listed and len(listed) > 1:
        raise InvalidArgumentError(f"cors_origins has {ANY!r} and others: {ANY!r} means any origin, so it stands alone")
    for origin in listed:
        if origin != ANY and (expected := _as_sent(origin)) != origin:
            advice = (
                f"write {expected!r}" if expected else "write it like https://shop.example or http://localhost:5173"
            )
            raise InvalidArgumentError(f"{origin!r} in cors_origins is no origin as browsers send it: {advice}")


def _as_sent(origin: str) -> str | None:
    """Return the origin of an address as browsers send it; None where there is none."""
    try:
        parts = urlsplit(origin.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
        if not host.isascii():
            host = host.encode("idna").decode()
        if ":" in host:
            host = f"[{IPv6Address(host)}]"
    except ValueError:  # UnicodeError and AddressValueError are some
        return None
    if port is not None and port != DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    found = f"{parts.scheme}://{host}"
    return found if _ORIGIN.fullmatch(found) else None
