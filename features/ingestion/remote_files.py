"""Fetches files from other file systems: s3, gs and hdfs by pyarrow, https and all others by fsspec."""

import re
import shutil
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any

from features.database_passwords import without_password
from features.errors import MissingExtraError, SourceError
from features.ingestion.source_files import TABLES, SourceFile, is_hidden, partition_values

ARROW_SCHEMES = ("s3", "gs", "gcs", "hdfs", "viewfs")
COPY_BYTES = 1 << 20
PASSED_ON = (KeyboardInterrupt, MissingExtraError, SourceError)


def fetch_files(url: str, folder: Path) -> list[SourceFile]:
    """Copy what a URL stands for to a folder, and return these files, sorted.

    Parameters
    ----------
    url : str
        A file, a glob, or a folder, which stands for the Parquet files below it: `s3://bucket/log/*.csv.gz`,
        `gs://bucket/folder`, `https://host/export.csv`, or a scheme of any package that fsspec knows. Who may read it
        is for the usual variables and files of each service.
    folder : Path
        Where the copies go; it is made.

    Raises
    ------
    SourceError
        When there is no such file, or it cannot be fetched.
    MissingExtraError
        When fsspec is needed and not installed.
    """
    name = without_password(url)
    try:
        filesystem, path = _open(url)
        # A web server lists no files, and tells a missing one from a forbidden one only when it is fetched.
        paths = [path] if url.startswith(("http://", "https://")) else _find(filesystem, path, name)
        files = []
        for number, file in enumerate(paths):
            plain = PurePosixPath(file.partition("?")[0])
            copy = folder / str(number) / plain.name
            copy.parent.mkdir(parents=True)
            _copy(filesystem, file, copy)
            shown = name if file == path else f"{name.partition('://')[0]}://{without_password(file)}"
            files.append(SourceFile(copy, shown.partition("?")[0], partition=partition_values(Path(plain))))
        return files
    except PASSED_ON:
        raise
    except FileNotFoundError:
        raise SourceError(f"there is no file {name}: check the address") from None
    except Exception as error:  # each file system has errors of its own
        text = without_password(re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__)
        for secret in _secrets(url):
            text = text.replace(secret, "***")
        raise SourceError(f"{name} cannot be fetched ({text[:200]}): check the address and who may read it") from None


def _open(url: str) -> tuple[Any, str]:
    """Return the file system of a URL as one of pyarrow's, and the path in it."""
    from pyarrow import fs

    scheme = url.partition("://")[0].lower()
    if scheme in ARROW_SCHEMES:
        filesystem, path = fs.FileSystem.from_uri(url)
        return filesystem, path
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError(
            f"{scheme}:// needs regulars[lake], because fsspec is not installed: run pip install 'regulars[lake]'"
        ) from None
    if scheme not in fsspec.available_protocols():
        raise SourceError(
            f"{without_password(url)} begins with {scheme}://: expected a database, a file, s3, gs or https"
        )
    filesystem, path = fsspec.core.url_to_fs(url)
    return fs.PyFileSystem(fs.FSSpecHandler(filesystem)), path


def _find(filesystem: Any, path: str, name: str) -> list[str]:
    from pyarrow import fs

    file_info = filesystem.get_file_info(path)
    if file_info.type == fs.FileType.File:
        return [path]
    pattern = "" if file_info.type == fs.FileType.Directory else path
    if pattern and not has_magic(pattern):
        raise SourceError(f"there is no file {name}: check the address")
    base = str(
        next(parent for parent in [PurePosixPath(path), *PurePosixPath(path).parents] if not has_magic(str(parent)))
    )
    below = filesystem.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    paths = sorted(info.path for info in below if info.type == fs.FileType.File)
    for mark, kind in TABLES.items():
        if any(fnmatchcase(file, f"*/{mark}*") for file in paths):
            raise SourceError(f"{name} is a table of {kind} at another address: copy its folder here and name that")
    if pattern:
        files = [file for file in paths if fnmatchcase(file, pattern)]
    else:
        inner = ((file, PurePosixPath(file).relative_to(base).parts) for file in paths if file.endswith(".parquet"))
        files = [file for file, parts in inner if not any(map(is_hidden, parts))]
    if not files:
        what = "no file matches" if pattern else "there is no .parquet file below"
        raise SourceError(f"{what} {name}: check the address")
    return files


def _copy(filesystem: Any, path: str, copy: Path) -> None:
    from pyarrow import fs

    if isinstance(filesystem, fs.PyFileSystem):
        filesystem.handler.fs.get_file(path, str(copy))
        return
    with filesystem.open_input_stream(path, compression=None) as stream, copy.open("wb") as target:
        shutil.copyfileobj(stream, target, COPY_BYTES)


def _secrets(url: str) -> list[str]:
    """Return what of a URL is shown nowhere: its password and the values of its options."""
    return [text for text in [*re.findall(r"://[^:/@?]*:(.*)@", url), *re.findall(r"=([^&]{8,})", url)] if text]
