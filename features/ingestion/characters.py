"""Writes digits, spaces and signs of other scripts and of word processors with the characters of ASCII."""

import unicodedata
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

DASHES = "\u2010\u2011\u2012\u2013\u2212\ufe63"
APOSTROPHES = "\u2018\u2019\u02bc\u00b4"
OTHERS = {"\u066b": ".", "\u066c": ",", "\uffe1": "\u00a3", "\uffe5": "\u00a5", "\uffe6": "\u20a9"}
"""The marks of Arabic numbers, and the wide forms of pound, yen and won."""
SIGN_FORMS = (
    (r"^'([-+(]?[\d.,])", r"\1"),  # by which spreadsheets mark a text
    (r"[.,]-{1,2}$|/-$", ""),  # 12,- and 12/- have no hundredths
    (r"^\((.*)\)$", r"-\1"),
    (r"^(.*\d[^-]*?)\s*-$", r"-\1"),
)


def plain_characters(text: pa.StringArray) -> pa.StringArray:
    """Return the texts with digits as 0 to 9, and with plain spaces, minus signs, apostrophes and marks.

    Letters and currency signs stay. What only looks like a digit, such as a raised 2, is not taken for one.

    Examples
    --------
    >>> plain_characters(pa.array(["１２．５", "\u22121\u202f234,50 €", "5²"])).to_pylist()
    ['12.5', '-1 234,50 €', '5²']
    """
    if pc.all(pc.string_is_ascii(text)).as_py() is not False:
        return text
    entries = text.dictionary_encode()
    plain = [None if entry is None else entry.translate(TABLE) for entry in entries.dictionary.to_pylist()]
    return pa.array(plain, pa.string()).take(entries.indices)


def plain_numbers(text: pa.StringArray) -> pa.StringArray:
    """Return numbers with plain characters, and with the sign of negative ones before them.

    Examples
    --------
    >>> plain_numbers(pa.array(["(3.00)", "12.50-", "\u201312.50", "12,-"])).to_pylist()
    ['-3.00', '-12.50', '-12.50', '12']
    """
    text = plain_characters(text)
    for pattern, form in SIGN_FORMS:
        text = pc.replace_substring_regex(text, pattern, form)
    return text


class _Table(dict[int, str]):
    """Gives the plain form of a character, and keeps it."""

    def __missing__(self, code: int) -> str:
        self[code] = _plain(chr(code))
        return self[code]


@lru_cache
def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Zs":
        return " "
    if category == "Cf":  # marks of direction and joiners, which nobody sees
        return ""
    if character in DASHES:
        return "-"
    if character in APOSTROPHES:
        return "'"
    wide = ord(character) - 0xFEE0  # the forms of East Asian type
    return chr(wide) if 0x21 <= wide <= 0x7E else OTHERS.get(character, character)


TABLE = _Table()
