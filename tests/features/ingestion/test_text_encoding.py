"""The encoding of a text file is detected; bytes that cannot be decoded are still recognised afterwards."""

from pathlib import Path
from unittest.mock import patch

import pytest

from features.errors import UnreadableSourceError
from features.ingestion import text_encoding
from features.ingestion.text_encoding import detect_encoding, utf8_blocks

GERMAN = "customer_id,content\nMüller,größer\nJosé,Façade\n"


def blocks(path: Path, encoding: str) -> bytes:
    return b"".join(utf8_blocks(path, encoding))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("latin-1", "cp1252"),
        ("cp1252", "cp1252"),
    ],
)
@pytest.mark.parametrize("block", [7, 1 << 20])
def test_the_text_comes_back(encoding: str, found: str, block: int, tmp_path: Path) -> None:
    """Detected and read, a text is unchanged but for its byte order mark, wherever blocks end."""
    path = tmp_path / "log.csv"
    path.write_bytes(GERMAN.encode(encoding))
    with patch.object(text_encoding, "BLOCK", max(block, 64)):
        assert detect_encoding(path) == found
    with patch.object(text_encoding, "BLOCK", block):
        assert blocks(path, found).decode() == GERMAN


def test_cyrillic_and_japanese_are_detected(tmp_path: Path) -> None:
    """Other scripts are detected by their letters."""
    path = tmp_path / "log.csv"
    for text, encoding in (
        ("Иванов Пётр,покупка\nПетров Сергей,визит\n", "cp1251"),
        ("田中太郎,購入\n佐藤花子,訪問\n", "shift_jis"),
    ):
        path.write_bytes(text.encode(encoding))
        assert detect_encoding(path) == encoding


@pytest.mark.parametrize(("utf8_lines", "other_lines", "is_utf8"), [(2, 1, True), (1, 1, False), (1, 2, False)])
def test_the_majority_of_the_lines_beyond_ascii_decides(
    utf8_lines: int, other_lines: int, is_utf8: bool, tmp_path: Path
) -> None:
    """A file is UTF-8 when more than half of its lines beyond ASCII are; lines of plain ASCII do not count."""
    path = tmp_path / "log.csv"
    path.write_bytes(
        b"plain\n" * 9 + "Müller,größer\n".encode() * utf8_lines + b"M\xfcller,gr\xf6\xdfer\n" * other_lines
    )
    assert (detect_encoding(path) == "utf-8") is is_utf8


def test_utf8_with_a_few_broken_lines_stays_utf8(tmp_path: Path) -> None:
    """Most lines decide; the broken bytes stay as they are, so that their rows are reported."""
    path = tmp_path / "log.csv"
    path.write_bytes(GERMAN.encode() + b"M\xfcller,x\n")
    assert detect_encoding(path) == "utf-8"
    assert b"M\xfcller" in blocks(path, "utf-8")


@pytest.mark.parametrize(
    ("data", "encoding"), [(b"a\x81b", "cp1252"), (b"a\0\x00\xd8b\0", "utf-16-le"), (b"a\xffb", "ascii")]
)
def test_what_an_encoding_cannot_read_is_no_utf8(data: bytes, encoding: str, tmp_path: Path) -> None:
    """Bytes without a meaning do not become letters."""
    path = tmp_path / "log.csv"
    path.write_bytes(data)
    with pytest.raises(UnicodeDecodeError):
        blocks(path, encoding).decode()


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", "", "a\0b"])
def test_an_unknown_encoding_is_an_error(encoding: str, tmp_path: Path) -> None:
    """So are names of codecs that are no text."""
    path = tmp_path / "log.csv"
    path.write_text("a\n")
    with pytest.raises(UnreadableSourceError, match="has no encoding named"):
        blocks(path, encoding)


def test_an_encoding_that_does_not_fit_at_all_is_an_error(tmp_path: Path) -> None:
    """Half a letter at the end of UTF-16."""
    path = tmp_path / "log.csv"
    path.write_bytes(b"abc")
    with pytest.raises(UnreadableSourceError, match="is not in utf-16-le"):
        blocks(path, "utf-16-le")


def test_lone_carriage_returns_end_lines(tmp_path: Path) -> None:
    """As old spreadsheets write them."""
    path = tmp_path / "log.csv"
    path.write_bytes(b"a,b\r1,2\r")
    assert blocks(path, "utf-8") == b"a,b\n1,2\n"
