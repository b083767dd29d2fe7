"""Opens compressed files and members of zip archives as streams of bytes, which are never unpacked to disk."""

import lzma
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, Self

import pyarrow as pa

from features.errors import UnreadableSourceError

MAGIC = {b"\x1f\x8b": "gzip", b"(\xb5/\xfd": "zstd", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
START = 1 << 10
GROWTH_LIMIT = 250
"""A log compresses 5 to 50 times; what unpacks to more than this many times its size is refused as a zip bomb."""
SMALL = 1 << 28
"""The limit holds for files that unpack to more bytes than this."""
ERRORS = (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class PackedFile:
    """A compressed file, or a member of a zip archive.

    Attributes
    ----------
    path : Path
        The file or archive.
    compression : str
        One of gzip, zstd, bz2, xz, zip.
    member : str
        The name of the member of a zip archive.
    """

    path: Path
    compression: str
    member: str = ""

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """Return the unpacked bytes as a stream, which raises UnreadableSourceError where the file is damaged."""
        return _Unpacked(self)  # type: ignore[return-value]


Openable = Path | PackedFile


class _Unpacked:
    """The stream of a packed file: counts its bytes against the limit, and has one kind of error."""

    def __init__(self, file: PackedFile) -> None:
        self._file, self._read = file, 0
        self._limit = max(SMALL, GROWTH_LIMIT * file.path.stat().st_size)
        try:
            self._stream = _open(file)
        except ERRORS as error:
            raise _unreadable(file, error) from None

    def read(self, size: int) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except ERRORS as error:
            raise _unreadable(self._file, error) from None
        self._read += len(data)
        if self._read > self._limit:
            raise UnreadableSourceError(
                f"unpacks to more than {self._limit >> 20:,} MB, {GROWTH_LIMIT} times its size, which no log does: "
                "unpack it yourself if it is one"
            )
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()


def _open(file: PackedFile) -> Any:
    if file.compression == "zip":
        with zipfile.ZipFile(file.path) as archive:
            return archive.open(file.member)  # keeps the archive's file open until it is closed itself
    if file.compression == "xz":
        return lzma.open(file.path)
    return pa.input_stream(str(file.path), compression=file.compression)


def _unreadable(file: PackedFile, error: Exception) -> UnreadableSourceError:
    if "password" in str(error) or "encrypted" in str(error):
        return UnreadableSourceError("is encrypted: unpack it with its password")
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UnreadableSourceError(f"is a damaged {file.compression} file ({reason}): copy or export it again")


def open_packed(path: Path) -> Openable:
    """Return the file, as a PackedFile if it is compressed or a zip archive of one file that is no workbook.

    Raises
    ------
    UnreadableSourceError
        When an archive is damaged, encrypted, or has no member or several.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
    for magic, compression in MAGIC.items():
        if start.startswith(magic):
            return PackedFile(path, compression)
    if not start.startswith(b"PK"):
        return path
    names = zip_members(path)
    if is_workbook(names):
        return path
    if len(names) != 1:
        found = (
            f"{len(names)} files ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})" if names else "no file"
        )
        cure = f"name one as {path.name}/{names[0]}, or all as '{path.name}/*'" if names else "expected one"
        raise UnreadableSourceError(f"is a zip archive of {found}: {cure}")
    return PackedFile(path, "zip", names[0])


def zip_members(path: Path) -> list[str]:
    """Return the names of the files in a zip archive, without folders and what operating systems add.

    Raises
    ------
    UnreadableSourceError
        When it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.filename for member in archive.infolist() if not member.is_dir()]
    except ERRORS as error:
        raise _unreadable(PackedFile(path, "zip"), error) from None
    return [
        name
        for name in names
        if not name.startswith("__MACOSX/") and name.rsplit("/", 1)[-1] not in (".DS_Store", "Thumbs.db")
    ]


def is_workbook(members: list[str]) -> bool:
    """Return whether a zip archive of these members is an XLSX, XLSB or ODS workbook."""
    return any(name.startswith("xl/workbook.") for name in members) or "content.xml" in members


def read_start(file: Openable) -> bytes:
    """Return the first bytes of a file, unpacked: at most START, fewer only if it has fewer."""
    with file.open("rb") as stream:
        data = b""
        while len(data) < START and (more := stream.read(START - len(data))):
            data += more
    return data
