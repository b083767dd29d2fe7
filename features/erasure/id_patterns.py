"""Recognises customers' ids in cells, texts and bytes."""

import html
import json
import re
from collections.abc import Iterable

import pyarrow as pa

from features.errors import InvalidArgumentError

SHORT = re.compile(r"\d{1,3}")
"""Ids that any text may have by chance: they are recognised as whole cells alone."""
PLACEHOLDER = "(erased)"
ENCODINGS = {"utf-8": 1, "utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4}
"""How texts may be stored, and the bytes of a character."""
FORMULA_MARK = "'"


class IdPattern:
    """Some customers' ids.

    Parameters
    ----------
    customer_ids : iterable of str
        At least one; white space around them does not count.

    Attributes
    ----------
    ids : tuple of str
        Distinct, sorted.
    array : pyarrow.StringArray
        The same.

    Raises
    ------
    InvalidArgumentError
        Without any id.

    Examples
    --------
    >>> pattern = IdPattern(["C-17"])
    >>> pattern.is_id(" C-17"), pattern.in_text("of C-17 at"), pattern.in_text("C-170, AC-17")
    (True, True, False)
    """

    def __init__(self, customer_ids: Iterable[str]) -> None:
        self.ids = tuple(sorted({text.strip() for text in customer_ids} - {""}))
        if not self.ids:
            raise InvalidArgumentError("no customer id is given: give one or more")
        self.array = pa.array(self.ids, pa.string())
        self._ids = frozenset(self.ids)
        long = [text for text in self.ids if not SHORT.fullmatch(text)]
        spellings = {form for text in long for form in (text, json.dumps(text)[1:-1], html.escape(text))}
        # The longest first: of two that begin alike an alternation takes the first.
        ordered = sorted(spellings, key=lambda text: (-len(text), text))
        self._text = re.compile(_delimited("|".join(map(re.escape, ordered)))) if ordered else None
        self._bytes = [
            re.compile(b"(?:%s)" % b"|".join(re.escape(text.encode(encoding)) for text in ordered))
            for encoding in ENCODINGS
            if ordered
        ]

    def is_id(self, cell: object) -> bool:
        """Return whether a cell is one of the ids; an apostrophe before a would-be formula does not count."""
        if not isinstance(cell, str):
            return False
        text = cell.strip()
        return text in self._ids or text.removeprefix(FORMULA_MARK) in self._ids

    def in_text(self, text: str) -> bool:
        """Return whether a text has one of the ids as a word of its own."""
        return self._text is not None and self._text.search(text) is not None

    def in_bytes(self, content: bytes) -> bool:
        """Return whether bytes have one of the ids as a word of its own, in one of `ENCODINGS`."""
        for (encoding, width), pattern in zip(ENCODINGS.items(), self._bytes, strict=False):
            for match in pattern.finditer(content):
                start = max(match.start() - 16, match.start() % width)  # some whole characters before
                around = content[start : match.end() + 16]
                if self.in_text(around.decode(encoding, "replace")):
                    return True
        return False

    def replaced(self, text: str) -> str:
        """Return a text with `(erased)` in the place of each of the ids."""
        return text if self._text is None else self._text.sub(PLACEHOLDER, text)


def _delimited(expression: str) -> str:
    return rf"(?<![\w])(?<!\w[.\-])(?:{expression})(?![\w])(?!-\w)(?!\.\d)"
