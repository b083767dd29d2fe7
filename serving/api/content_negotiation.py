"""What a request says of its body and of the answer it wants: Content-Type, Content-Encoding, Accept."""

from collections.abc import Sequence
from email.message import Message
from functools import lru_cache

from serving.api.problem_details import ProblemError

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


@lru_cache(maxsize=256)
def body_type(content_type: bytes | None, encoding: bytes | None, known: tuple[str, ...]) -> str:
    """Return which of the known media types a body has; raises the problem unsupported-media-type (415)."""
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        found = f"Content-Encoding: found {encoding.decode('latin-1')!r}, expected none; send the body as it is"
        raise ProblemError("unsupported-media-type", found, headers={"Accept-Encoding": "identity"})
    expected = f"expected {' or '.join(known)}"
    if content_type is None:
        raise ProblemError("unsupported-media-type", f"Content-Type: found none, {expected}")
    text = content_type.decode("latin-1")
    header = Message()
    header["content-type"] = text.replace("\r", "").replace("\n", "")
    kind, charset = header.get_content_type(), header.get_param("charset")
    if kind not in known or text.partition(";")[0].strip().lower() != kind:
        raise ProblemError("unsupported-media-type", f"Content-Type: found {text!r}, {expected}")
    if kind == JSON and charset is not None and str(charset).strip().lower() not in ("utf-8", "utf8"):
        found = f"charset: found {charset!r}, expected utf-8; JSON between systems is UTF-8 (RFC 8259)"
        raise ProblemError("unsupported-media-type", found)
    return kind


@lru_cache(maxsize=256)
def answer_type(accept: bytes | None, offered: tuple[str, ...]) -> str:
    """Return which of the offered media types is wanted most, the first where it is all the same.

    Raises the problem not-acceptable (406).
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.decode("latin-1").split(",") if part.strip()]
    wanted = {kind: _quality(kind, ranges) for kind in offered}
    best = max(offered, key=lambda kind: wanted[kind])
    if wanted[best] <= 0:
        found = f"Accept: found {accept.decode('latin-1')!r}, expected one that allows {' or '.join(offered)}"
        raise ProblemError("not-acceptable", found)
    return best


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _quality(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the weight of a media type: the most specific range that it is in decides (RFC 9110, 12.5.1)."""
    for pattern in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        found = [quality for name, quality in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0
