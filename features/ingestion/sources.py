"""Where events come from: CSV and Parquet files, and the answers of SQL queries, each as batches of a log.

A source that cannot be read raises SourceError, one line that says what was found, what was expected and what to do.
What is wrong with single rows is for `features.ingestion.validation`.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.atomic_file import file_digest
from features.errors import SourceError, UnreadableSourceError
from features.ingestion.batches import SourceBatch, csv_batches, data_columns, parquet_batches
from features.ingestion.csv_reader import read_csv_rows, sniff_csv_format
from features.ingestion.sql_reader import SCHEMES, query_to_parquet, without_password
from features.ingestion.validation import unreadable_type
from features.schema import LOG_COLUMN_NAMES, LOG_COLUMNS, REQUIRED_LOG_COLUMNS

OTHER_FORMATS = {
    b"PK\x03\x04": "a workbook or zip archive: save it as CSV or Parquet",
    b"\x1f\x8b": "compressed (gzip): unpack it",
    b"(\xb5/\xfd": "compressed (zstd): unpack it",
    b"SQLite format 3\0": "an SQLite database: name it as sqlite:///PATH and give a query",
}


@dataclass(frozen=True)
class ReadOptions:
    """How to read sources. `map`: contract column to the source's; `constants`: values for columns a source lacks.

    `delimiter`, `encoding` and `decimal` None: sniffed, for each file.
    """

    query: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        for name in [*self.map, *self.constants]:
            if name not in LOG_COLUMN_NAMES:
                raise SourceError(
                    f"{name!r} is no column of the contract: expected one of {', '.join(LOG_COLUMN_NAMES)}"
                )
        if self.delimiter is not None and (
            len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0'
        ):
            raise SourceError(f"{self.delimiter!r} is no delimiter: give one ASCII character, such as ',' or ';'")
        if self.decimal not in (None, ".", ","):
            raise SourceError(f"{self.decimal!r} is no decimal mark: expected '.' or ','")


@dataclass(frozen=True)
class Source:
    """One file or query answer.

    `taken`: contract column to its own column; `constants`: of those it lacks; `assumed`: what was sniffed or given.
    """

    name: str
    header: Sequence[str]
    taken: Mapping[str, str]
    constants: Mapping[str, str]
    decimal: str
    assumed: Mapping[str, str]
    empty: bool
    file: Path
    batches: Callable[[], Iterator[SourceBatch]]

    def digest(self) -> str:
        """Return the SHA-256 of the file, or of the answer to the query."""
        return file_digest(self.file)


def open_sources(sources: Iterable[str | Path], options: ReadOptions, scratch: Path) -> list[Source]:
    """Open files (or globs, or folders of Parquet files) and database URLs; answers of queries are put into `scratch`.

    Every source must have the required columns, under their own names, mapped, or as constants, and at least one row.
    """
    opened: list[Source] = []
    databases = 0
    for place, given in enumerate(sources):
        text = str(given)
        if not text:
            raise SourceError("a source without a name: name a CSV or Parquet file, or a database URL")
        if "://" in text:
            databases += 1
            files = [_open_database(text, scratch / f"answer-{place}.parquet", options)]
        else:
            files = [_open_file(path, options) for path in _files(text)]
        if all(file.empty for file in files):
            raise SourceError(f"{without_password(text)} has no rows: expected at least one event below the header")
        opened += files
    if not opened:
        raise SourceError("no source given: name a CSV or Parquet file, or a database URL")
    if options.query and not databases:
        raise SourceError(f"a query needs a database URL ({', '.join(SCHEMES)}), and there is none among the sources")
    for name in options.constants:
        if all(name in source.taken for source in opened):
            raise SourceError(
                f"{name} is given as a constant, but the source has that column: leave out one of the two"
            )
    return opened


def _files(text: str) -> list[Path]:
    """Return the files that a path, folder or glob stands for."""
    try:
        return _found(text)
    except OSError as error:
        raise SourceError(
            f"{text[:200]} cannot be read ({error.strerror}): check the path and its permissions"
        ) from None


def _found(text: str) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        found = sorted(
            file for file in path.rglob("*.parquet") if file.is_file() and not file.name.startswith((".", "_"))
        )
        if not found:
            raise SourceError(f"{text} is a folder without .parquet files: name a file, or a glob like '{text}/*.csv'")
        return found
    if path.exists():
        return [path]
    if has_magic(text):
        found = sorted(Path(match) for match in glob(text, recursive=True) if Path(match).is_file())  # noqa: PTH207 (absolute or not)
        if found:
            return found
        raise SourceError(f"no file matches {text}: check the pattern, and that a shell has not changed it")
    near = get_close_matches(path.name, [file.name for file in path.parent.glob("*")], 1)
    hint = f"did you mean {path.parent / near[0]}?" if near else "check the path"
    raise SourceError(f"there is no file {text}: {hint}")


def _open_file(path: Path, options: ReadOptions) -> Source:
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}): check its permissions") from None
    for magic, found in OTHER_FORMATS.items():
        if start.startswith(magic):
            raise SourceError(f"{name} is no CSV or Parquet file but {found}")
    if start.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return _open_parquet(path, name, options)
    return _open_delimited(path, name, options)


def _open_delimited(path: Path, name: str, options: ReadOptions) -> Source:
    try:
        csv_format = sniff_csv_format(
            path, [*LOG_COLUMN_NAMES, *options.map.values()], options.delimiter, options.encoding
        )
        taken = _taken(name, csv_format.header, options)
        first = next(read_csv_rows(path, csv_format), None)
    except UnreadableSourceError as error:
        raise SourceError(
            f"{name} {error}; expected CSV with a header line naming {', '.join(REQUIRED_LOG_COLUMNS)}"
        ) from None
    numbers = [taken[column.name] for column in LOG_COLUMNS if column.type == "float" and column.name in taken]
    decimal = options.decimal or (_sniffed_decimal([first.table[column] for column in numbers]) if first else ".")
    assumed = {"format": "CSV", "encoding": csv_format.encoding, "delimiter": csv_format.delimiter, "decimal": decimal}
    read = _reads(name, lambda: csv_batches(path, csv_format, taken))
    return Source(
        name,
        data_columns(csv_format.header),
        taken,
        _constants(taken, options),
        decimal,
        assumed,
        first is None,
        path,
        read,
    )


def _sniffed_decimal(columns: Sequence[pa.StringArray]) -> str:
    """Return a comma if numbers have one, none has a point, and they do not all look like thousands; else a point."""
    texts = [value.strip() for column in columns for value in column.slice(0, 10_000).to_pylist() if value]
    with_comma = [text for text in texts if re.fullmatch(r"[+-]?\d*,\d+", text)]
    thousands = all(re.fullmatch(r"[+-]?\d{1,3},\d{3}", text) for text in with_comma)
    return "," if with_comma and not thousands and not any("." in text for text in texts) else "."


def _open_parquet(path: Path, name: str, options: ReadOptions) -> Source:
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{name} is no readable Parquet file ({_first_line(error)}): write it again") from None
    taken = _taken(name, tuple(schema.names), options)
    for ours, theirs in taken.items() if rows else ():
        if expected := unreadable_type(ours, schema.field(theirs).type):
            raise SourceError(f"{name} has {schema.field(theirs).type} in column {theirs!r}: expected {expected}")
    header = data_columns(schema.names)
    read = _reads(name, lambda: parquet_batches(path, header, taken))
    return Source(
        name,
        header,
        taken,
        _constants(taken, options),
        options.decimal or ".",
        {"format": "Parquet"},
        rows == 0,
        path,
        read,
    )


def _open_database(url: str, answer: Path, options: ReadOptions) -> Source:
    name = without_password(url)
    try:
        query_to_parquet(url, options.query, answer)
    except UnreadableSourceError as error:
        raise SourceError(f"{name} {error}") from None
    return replace(_open_parquet(answer, name, options), assumed={"format": "query"})


def _taken(name: str, header: Sequence[str], options: ReadOptions) -> dict[str, str]:
    """Return which of the source's columns stands for which of the contract's."""
    twice = sorted({column for column in header if list(header).count(column) > 1})
    if twice:
        raise SourceError(f"{name} has the column {', '.join(twice)} more than once: rename or remove one")
    taken, missing = {}, []
    for column in LOG_COLUMN_NAMES:
        theirs = options.map.get(column, column)
        if theirs in header:
            taken[column] = theirs
        elif column in options.map or (column in REQUIRED_LOG_COLUMNS and column not in options.constants):
            missing.append(theirs)
    if missing:
        raise SourceError(f"{name} has no column {', '.join(missing)}: {_nearest(missing, header)}")
    return taken


def _constants(taken: Mapping[str, str], options: ReadOptions) -> dict[str, str]:
    return {name: value for name, value in options.constants.items() if name not in taken}


def _nearest(missing: Sequence[str], header: Sequence[str]) -> str:
    by_letters = {re.sub(r"[\W_]", "", column).lower(): column for column in header if column not in LOG_COLUMN_NAMES}
    found = {}
    for name in missing:
        near = get_close_matches(re.sub(r"[\W_]", "", name).lower(), by_letters, 1, 0.55)
        if near:
            found[name] = by_letters[near[0]]
    names = ", ".join(name[:40] for name in header[:12]) + (", ..." if len(header) > 12 else "")
    if not found:
        return f"map it to one of its columns ({names}) or give it as a constant"
    hints = " ".join(f"--map {name}={theirs}" for name, theirs in found.items())
    return f"did you mean {hints}? Its columns are {names}"


def _reads(name: str, batches: Callable[[], Iterator[SourceBatch]]) -> Callable[[], Iterator[SourceBatch]]:
    """Return the function with whatever goes wrong on the way told as a SourceError."""

    def reads() -> Iterator[SourceBatch]:
        try:
            yield from batches()
        except UnreadableSourceError as error:
            raise SourceError(f"{name} {error}") from None
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{name} cannot be read to its end ({_first_line(error)}): write it again") from None

    return reads


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
