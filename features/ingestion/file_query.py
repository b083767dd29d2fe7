"""Runs one SELECT statement over files by DuckDB, which may read the files that it names and nothing else."""

import json
import re
from collections.abc import Iterator
from glob import has_magic
from pathlib import Path
from typing import Any

import duckdb

from features.errors import UnreadableSourceError
from features.ingestion.source_files import find_files
from features.ingestion.sql_reader import write_result
from features.sql_names import quoted

MEMORY_LIMIT = "1GB"
BATCH_ROWS = 100_000
CSV_NAME = re.compile(r"(?i)\.(csv|tsv|txt|tab)(\.gz|\.zst)?$")


def query_files_to_parquet(query: str, path: Path, spill: Path) -> list[Path]:
    """Write the result of a SELECT statement over files to a Parquet file, in bounded memory.

    The files are named as tables, `from 'orders.csv' join 'customers/*.parquet'`, or in a function such as
    `read_csv`. Columns of CSV files named as tables are whole numbers or numbers where nothing is lost by it, and text
    otherwise: ids keep their leading zeros, and times are read when the result is.

    Parameters
    ----------
    query : str
    path : Path
        The file to write.
    spill : Path
        A folder for what does not fit into memory.

    Returns
    -------
    list of Path
        The files that the query names.

    Raises
    ------
    SourceError
        When a file is not there.
    UnreadableSourceError
        When the query is no single SELECT statement, names no file, or fails; the message continues a sentence.
    """
    try:
        with duckdb.connect(":memory:") as connection:
            tables, constants = _named_in(connection, query)
            files, folders = _existing([*tables, *constants])
            # What is not allowed here cannot be allowed again: the configuration is locked.
            connection.execute("SET allowed_paths = $paths", {"paths": [str(file) for file in files]})
            connection.execute("SET allowed_directories = $folders", {"folders": folders})
            connection.execute("SET temp_directory = $folder", {"folder": str(spill)})
            connection.execute("SET memory_limit = $limit", {"limit": MEMORY_LIMIT})
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            for table in dict.fromkeys(tables):
                if CSV_NAME.search(table):
                    _create_view(connection, table)
            write_result(connection.sql(query).to_arrow_reader(BATCH_ROWS), path)
    except duckdb.Error as error:
        reason = re.sub(r"\s+", " ", str(error).split("\n\n")[0]).strip()
        raise UnreadableSourceError(f"failed: {reason}") from None
    return files


def _named_in(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[str], list[str]]:
    """Return the names of tables with a dot or slash in a query, and the texts among arguments of table functions."""
    (text,) = connection.execute("SELECT json_serialize_sql($query)", {"query": query}).fetchall()[0]
    parsed = json.loads(text)
    if parsed["error"]:
        if "Only SELECT" in parsed["error_message"]:
            raise UnreadableSourceError("is no SELECT statement: a query may read files, but change nothing")
        raise UnreadableSourceError(f"failed: {parsed['error_message'].splitlines()[0]}")
    if len(parsed["statements"]) != 1:
        raise UnreadableSourceError(f"is {len(parsed['statements'])} statements: expected one SELECT")
    tables, constants = [], []
    for node in _nodes(parsed):
        if node.get("type") == "BASE_TABLE" and re.search(r"[./]", node["table_name"]):
            tables.append(node["table_name"])
        elif node.get("type") == "TABLE_FUNCTION":
            literals = (inner.get("literal") for inner in _nodes(node["function"].get("arguments", [])))
            constants += [literal["text"] for literal in literals if literal and literal.get("kind") == "STRING"]
    if not tables and not constants:
        raise UnreadableSourceError("names no file: write FROM 'orders.csv', or name a database as SOURCE")
    return tables, [text for text in constants if re.search(r"[./]", text)]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects of a syntax tree."""
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(child)


def _existing(names: list[str]) -> tuple[list[Path], list[str]]:
    """Return the files that names and patterns stand for, and the folders in which patterns look for theirs."""
    files = [file.path for name in names for file in find_files(name)]
    patterns = [Path(name) for name in names if has_magic(name) and not Path(name).exists()]
    folders = [str(next(parent for parent in path.parents if not has_magic(str(parent)))) for path in patterns]
    return list(dict.fromkeys(files)), [str(Path(folder).absolute()) for folder in dict.fromkeys(folders)]


def _create_view(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Create a view of a CSV file under its own name, with types that lose nothing of what the file has."""
    literal = "'" + name.replace("'", "''") + "'"
    rows = f"read_csv({literal}, auto_type_candidates = ['BIGINT', 'DOUBLE', 'VARCHAR'])"
    as_text = f"read_csv({literal}, all_varchar = true)"
    types = {column: str(type_) for column, type_, *_ in connection.execute(f"DESCRIBE FROM {rows}").fetchall()}
    numbers = [column for column, type_ in types.items() if type_ != "VARCHAR"]
    lossy = [
        # A leading zero is part of an id; one to three digits, a mark and three digits may be thousands.
        rf"bool_or(regexp_matches({quoted(column)}, '^\s*[+-]?0[0-9]'))"
        rf" OR bool_and(coalesce(regexp_full_match({quoted(column)}, '\s*[+-]?[0-9]{{1,3}}\.[0-9]{{3}}\s*'), true))"
        for column in numbers
    ]
    lossy_columns = connection.execute(f"SELECT {', '.join(lossy)} FROM {as_text}").fetchall()[0] if numbers else ()
    texts = [column for column, is_lossy in zip(numbers, lossy_columns, strict=True) if is_lossy]
    shown = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in texts)
    typed = rows.replace(", auto_type", f", types = {{{shown}}}, auto_type") if texts else rows
    connection.execute(f"CREATE VIEW {quoted(name)} AS FROM {typed}")
