"""Detects the encoding of text files, and reads them as blocks of UTF-8; undecodable bytes become invalid UTF-8."""

import codecs
import re
from collections.abc import Iterator

from features.errors import UnreadableSourceError
from features.ingestion.packed_files import Openable

BLOCK = 8 << 20
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings in which tables are exported, the most common first: short samples fit several.
CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp850", "mac_roman", "koi8_r"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
SAMPLE = 1 << 18


def detect_encoding(file: Openable) -> str:
    """Return a file's encoding: that of its byte order mark, else UTF-8 if it fits, else the most likely one.

    UTF-8 fits if more than half of the lines with other than ASCII characters are UTF-8.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")()
    beyond_ascii = False
    for number, block in enumerate(_blocks(file)):
        if number == 0:
            for mark, encoding in BYTE_ORDER_MARKS:
                if block.startswith(mark):
                    return encoding
            if wide := detect_utf16(block[:SAMPLE]):
                return wide
        try:
            utf8.decode(block)
        except UnicodeDecodeError:
            lines = re.findall(rb"[^\n]*[\x80-\xff][^\n]*", block)
            readable = sum(is_utf8(line) for line in lines)
            return "utf-8" if beyond_ascii or 2 * readable > len(lines) else _most_likely(b"\n".join(lines)[:SAMPLE])
        beyond_ascii = beyond_ascii or not block.isascii()
    return "utf-8"


def detect_utf16(sample: bytes) -> str | None:
    """Return the kind of UTF-16 of a text without a byte order mark, from the places of its zero bytes, else None."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < len(sample) / 5 or min(even, odd) > len(sample) / 50:
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _most_likely(sample: bytes) -> str:
    import charset_normalizer  # a service, which checks texts by this module, has no need of it

    matches = list(charset_normalizer.from_bytes(sample, cp_isolation=list(CANDIDATES)))
    least_mess = min((match.chaos for match in matches), default=0.0)
    fitting = {name for match in matches if match.chaos == least_mess for name in match.could_be_from_charset}
    return next((name for name in CANDIDATES if name in fitting), "cp1252")


def utf8_blocks(file: Openable, encoding: str) -> Iterator[bytes]:
    """Yield the file as UTF-8, without a byte order mark; bytes that cannot be decoded become invalid UTF-8.

    Line ends are `\\n` or `\\r\\n`; in a file whose first block has `\\r` alone, that ends lines. Raises
    UnreadableSourceError when the encoding is unknown or does not fit at all.
    """
    lone_returns = False
    for number, block in enumerate(_as_utf8(file, encoding)):
        if number == 0:
            block = block.removeprefix(codecs.BOM_UTF8)
            lone_returns = b"\r" in block and b"\n" not in block
        yield block.replace(b"\r", b"\n") if lone_returns else block


def _as_utf8(file: Openable, encoding: str) -> Iterator[bytes]:
    try:
        codec = codecs.lookup(encoding)
        if not codec._is_text_encoding or codec.incrementaldecoder is None:
            raise LookupError
    except (LookupError, ValueError):
        raise UnreadableSourceError(
            f"has no encoding named {encoding!r}: name one like utf-8, cp1252 or utf-16"
        ) from None
    if codec.name in ("utf-8", "utf-8-sig", "ascii"):
        yield from _blocks(file)
        return
    decoder = codec.incrementaldecoder("surrogatepass" if codec.name.startswith("utf-") else "surrogateescape")
    try:
        for block in _blocks(file):
            # Surrogates, lone ones and those that stand for bytes, become invalid UTF-8.
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise UnreadableSourceError(f"is not in {encoding} ({error}): name its encoding") from None


def _blocks(file: Openable) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block


def is_utf8(data: bytes) -> bool:
    """Return whether the bytes are valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
