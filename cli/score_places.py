"""Where scores are: a file, a folder of parts, or a table of a database."""

import shutil
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from cli.options import check_file_or_folder, check_writable
from cli.terminal import echo

if TYPE_CHECKING:
    from serving.score_tables.table_address import TableAddress


def table_of(place: str) -> "TableAddress | None":
    """Return the address of a table, None for a path; refuse an address that names no table."""
    if "://" not in place:
        return None
    from features.errors import BatchScoresError
    from serving.score_tables.table_address import read_table_address

    try:
        return read_table_address(place)
    except BatchScoresError as error:
        raise typer.BadParameter(str(error)) from None


def tables_and_paths(places: Iterable[str]) -> "tuple[list[TableAddress], list[Path]]":
    """Return the tables among some places, and the paths, each once, as it is spelled first."""
    tables: dict[tuple[Path | str, str | None, str], TableAddress] = {}
    paths: dict[Path, Path] = {}
    for place in places:
        table = table_of(place)
        if table:
            database = table.file.resolve() if table.is_sqlite else table.url
            tables.setdefault((database, table.schema, table.table), table)
        else:
            paths.setdefault(Path(place).resolve(), Path(place))
    return list(tables.values()), list(paths.values())


def present_tables(tables: "Iterable[TableAddress]", given: "Container[TableAddress]") -> "list[TableAddress]":
    """Return the tables that are there; name the others: they hold nobody.

    Raises BadParameter for one that is not there and was given with `--in`, as for a path, and ScoresUnreachableError
    for a database that does not answer, since nobody knows what it holds.
    """
    from serving.score_tables.table_writer import check_score_table

    present = []
    for table in tables:
        if check_score_table(table):
            present.append(table)
        elif table in given:
            raise typer.BadParameter(f"{table} is not there: is the address right?")
        else:
            echo(f"{table} is not there: nothing has been scored into it yet, unless the address is wrong")
    return present


def check_places(places: list[str] | None) -> list[str] | None:
    """Refuse what is neither a path that exists nor the address of a table."""
    for place in places or ():
        if table_of(place) is None and not Path(place).exists():
            raise typer.BadParameter(f"Path {place!r} does not exist.")
    return places


def check_scores(place: str | None) -> str | None:
    """Return the place of scores for a process that may start elsewhere: paths are absolute."""
    if place is None:
        return None
    table = table_of(place)
    if table is None:
        return str(Path(place).absolute())
    if not table.is_sqlite:
        return place
    return f"sqlite:///{quote(str(table.file.absolute()))}?table={table.table}"


@contextmanager
def parts_until_loaded(home: Path, table: "TableAddress") -> Iterator[Path]:
    """Give the folder for the parts of what a table is to hold, and remove it at the end.

    When the block fails, or is killed, the parts that are done stay, so that the next run goes on with the others.
    """
    folder = home / "table-parts" / sha256(str(table).encode()).hexdigest()[:12]
    yield folder
    shutil.rmtree(folder)
    with suppress(OSError):  # those of another table are there
        folder.parent.rmdir()


def scores_file(place: str | None) -> Path | None:
    """Return the path of scores on this machine, the file of SQLite's table among them; None for a server's table."""
    table = table_of(place) if place else None
    if table:
        return table.file if table.is_sqlite else None
    return Path(place) if place else None


def _check_out(place: str) -> str:
    table = table_of(place)
    if table is None:
        check_file_or_folder(Path(place))
    elif table.is_sqlite:
        check_writable(table.file)
    return place


OutFileFolderOrTable = Annotated[
    str,
    typer.Option(
        "--out",
        metavar="FILE",
        callback=_check_out,
        help="The file to write: .parquet, .csv, .xlsx or .arrow; a name without an ending is a folder of Parquet; "
        "postgresql://host/db?table=NAME or sqlite:///FILE?table=NAME is a table.",
    ),
]
