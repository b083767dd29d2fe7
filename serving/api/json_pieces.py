"""Cuts a large JSON request into requests with a part of its list each, so that decoding never takes long at a time.

A decoder holds the interpreter's lock until it is done: a body of 64 MB takes two seconds, in which nothing else is
answered. The list that makes a body large is cut at commas between its elements, and what stands before the list is put
before every part. Up to the first error the cuts are right, and the part with that error has it where the body has it.
An element is never cut: a customer of 100,000 events is decoded at once.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEP = 2**18
"""Bytes of a part, at least, if elements are small: some milliseconds of decoding."""
HEAD_BYTES = 1024
"""Bytes before the list, at most; a body with more is not cut."""
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_HEAD = re.compile(
    rb"\s*+\{(?:\s*+"
    + _TEXT
    + rb"\s*+:\s*+(?:"
    + _TEXT
    + rb'|[^\s",\[\]{}]++)\s*+,)*+\s*+('
    + _TEXT
    + rb")\s*+:\s*+\[",
    re.DOTALL,
)
_PLACE = re.compile(r"\(byte (\d+)\)$")
_INDEX = re.compile(r"^(.* - at `\$\.\w+\[)(\d+)", re.DOTALL)
_QUOTE, _COMMA, _BACKSLASH = b'",\\'
_LEVELS = np.zeros(256, np.int8)
_LEVELS[list(b"[{")] = 1
_LEVELS[list(b"]}")] = -1
_STRUCTURAL = _LEVELS != 0
_STRUCTURAL[[_QUOTE, _COMMA]] = True
_AROUND = 64


class Piece(NamedTuple):
    """A part of a request, as a request.

    Attributes
    ----------
    text : bytes
        What to decode.
    shift : int
        What to add to a place in the text for the place in the body, in bytes.
    list_name : str
        The key of the list that was cut; empty for a whole request.
    """

    text: bytes
    shift: int = 0
    list_name: str = ""

    def message_in_body(self, message: str, elements_before: int) -> str:
        """Return an error message of msgspec with the place or the path that it has in the whole body."""
        message = _PLACE.sub(lambda match: f"(byte {int(match[1]) + self.shift})", message)
        return _INDEX.sub(lambda match: f"{match[1]}{int(match[2]) + elements_before}", message)


def pieces_of(body: bytes, step: int = STEP) -> Iterator[Piece]:
    """Yield the parts of a request, in order; the whole where it is small or has no list to cut.

    Parameters
    ----------
    body : bytes
        A JSON object with texts, numbers and one long list; or anything else, which is not cut.
    step : int
        Bytes of a part, at least.
    """
    head = _HEAD.match(body, 0, HEAD_BYTES) if len(body) > 2 * step else None
    name = _name(head[1]) if head else ""
    if head is None or not name:
        yield Piece(body)
        return
    start = head.end()
    for cut in _cuts(body, start, step):
        yield Piece(head[0] + body[start:cut] + b"]}", start - head.end(), name)
        start = cut + 1
    yield Piece(head[0] + body[start:], start - head.end(), name)


def _name(text: bytes) -> str:
    """Return the key that a text of JSON is, empty for what is none."""
    try:
        return str(json.loads(text))
    except ValueError:
        return ""


def _cuts(body: bytes, start: int, step: int) -> Iterator[int]:
    """Yield places of commas between elements of the list that begins at `start`, one of each step at most."""
    depth, in_text, escaped = 0, 0, False
    for at in range(start, len(body), step):
        characters = np.frombuffer(body, np.uint8, min(step, len(body) - at), at)
        places = np.flatnonzero(_STRUCTURAL[characters])
        kinds = characters[places]
        quotes = kinds == _QUOTE
        if escaped or body.find(b"\\", at, at + step) >= 0:
            behind = _escaped(characters, escaped)
            quotes &= ~np.isin(places, behind)
            escaped = bool(len(behind)) and int(behind[-1]) == len(characters)
        in_texts = (np.cumsum(quotes) + in_text) & 1
        outside = in_texts == 0
        depths = depth + np.cumsum(_LEVELS[kinds] * outside, dtype=np.int64)
        closed = np.flatnonzero(depths < 0)
        within = slice(closed[0] if len(closed) else None)
        commas = places[within][(kinds[within] == _COMMA) & outside[within] & (depths[within] == 0)]
        if len(commas) and _separates(body, start, cut := at + int(commas[-1])):
            yield cut
        if len(closed):
            return
        if len(places):
            depth, in_text = int(depths[-1]), int(in_texts[-1])


def _escaped(characters: NDArray[np.uint8], first: bool) -> NDArray[np.int64]:
    """Return the places behind a backslash that is not escaped itself, in order; `first` if the first one is such.

    The last place may be that behind the end.
    """
    places = np.flatnonzero(characters == _BACKSLASH)
    if first and len(places) and places[0] == 0:
        places = places[1:]
    if not len(places):
        return np.zeros(int(first), np.int64)
    begins = np.append(True, np.diff(places) != 1)
    escaping = (places - np.maximum.accumulate(np.where(begins, places, 0))) % 2 == 0
    return np.concatenate([np.zeros(int(first), np.int64), places[escaping] + 1])


def _separates(body: bytes, start: int, comma: int) -> bool:
    """Return whether there is an element on both sides of a comma, so that one too many stays inside a part."""
    before = body[max(start, comma - _AROUND) : comma].rstrip()[-1:]
    after = body[comma + 1 : comma + _AROUND].lstrip()[:1]
    return bool(before and after) and before not in b",[" and after not in b",]"
