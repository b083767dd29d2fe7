"""Opens the result of a query, at a database or over files, as a source."""

import hashlib
from dataclasses import replace
from pathlib import Path

from features.atomic_file import file_digest
from features.database_passwords import database_password, without_password
from features.errors import SourceError, UnreadableSourceError
from features.ingestion.file_query import query_files_to_parquet
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_formats import Source, open_parquet
from features.ingestion.sql_reader import query_to_parquet


def open_database(url: str, result: Path, options: ReadOptions) -> Source:
    """Run the query, keep its result in the file `result`, and open that; raises SourceError."""
    name = without_password(url)
    try:
        query_to_parquet(url, options.query, result, database_password(options.password))
        (source,) = open_parquet(result, name, {}, options.of_source(name))
    except UnreadableSourceError as error:
        raise SourceError(f"{name} {error}") from None
    return replace(source, assumed={"format": "query"}, file=result)


def open_file_query(query: str, result: Path, options: ReadOptions) -> Source:
    """Run a query over the files that it names, keep its result in the file `result`, and open that."""
    try:
        files = query_files_to_parquet(query, result, result.parent)
        (source,) = open_parquet(result, "query", {}, options.of_source("query"))
    except UnreadableSourceError as error:
        raise SourceError(f"the query {error}") from None
    # The order of the rows of a result may change; what it is made of does not.
    digests = sorted(file_digest(file) for file in files)
    digest = hashlib.sha256("\n".join([query, *digests]).encode()).hexdigest()
    names = ", ".join(str(file) for file in files[:10])
    return replace(source, assumed={"format": "query", "files": names}, file=result, digest=digest)
