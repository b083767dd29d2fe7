"""Negotiates media types by Content-Type, Content-Encoding and Accept, as RFC 9110 defines them."""

from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from serving.api.content_coding import DECODERS
from serving.api.problem_details import PROBLEM_TYPE, ProblemError

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


@lru_cache(maxsize=256)
def body_type(content_type: str | None, encoding: str | None, known: tuple[str, ...]) -> str:
    """Return which of the known media types a body has; raises a 415 problem."""
    if encoding and encoding.strip().lower() not in ("", "identity", *DECODERS):
        detail = f"Content-Encoding: found {encoding!r}, expected gzip, zstd or none"
        raise ProblemError("unsupported-media-type", detail, headers={"Accept-Encoding": "gzip, zstd"})
    expected = f"expected {' or '.join(known)}"
    if content_type is None:
        raise ProblemError("unsupported-media-type", f"Content-Type: found none, {expected}")
    media_type, options = parse_options_header(content_type)
    media_type, charset = media_type.lower(), options.get("charset", "utf-8")
    if media_type not in known:
        raise ProblemError("unsupported-media-type", f"Content-Type: found {content_type!r}, {expected}")
    if media_type == JSON and charset.strip().lower() not in ("utf-8", "utf8"):
        detail = f"charset: found {charset!r}, expected utf-8; JSON between systems is UTF-8 (RFC 8259)"
        raise ProblemError("unsupported-media-type", detail)
    return media_type


@lru_cache(maxsize=256)
def prefers_page(accept: str | None) -> bool:
    """Return whether a client prefers a page for people to JSON, as browsers do; one that names neither does not."""
    accepted = parse_accept_header(accept or "", MIMEAccept)
    return accepted.quality("text/html") > max(accepted.quality(JSON), accepted.quality(PROBLEM_TYPE))


@lru_cache(maxsize=256)
def response_type(accept: str | None, offered: tuple[str, ...]) -> str:
    """Return which of the offered media types the client prefers, the first if it prefers none.

    Raises a 406 problem.
    """
    if accept is None or not accept.strip():
        return offered[0]
    accepted = parse_accept_header(accept, MIMEAccept)
    best = max(offered, key=accepted.quality)
    if accepted.quality(best) <= 0:
        detail = f"Accept: found {accept!r}, expected one that allows {' or '.join(offered)}"
        raise ProblemError("not-acceptable", detail)
    return best
