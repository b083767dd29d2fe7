"""Tables in chunks of whole customers: what is sent of a table at a time, and how the answers become one table."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.errors import InvalidArgumentError, RequestRefusedError, ServiceBusyError
from features.ingestion.casting import RowErrors, cast_text, strip_whitespace
from regulars import client_calls as calls
from regulars.client_calls import ARROW, Call, Steps, accepted, parameters, refusal
from regulars.client_checks import one_line
from serving.job_types import Job, JobEndpoint
from serving.request_types import DEFAULT_HORIZON_DAYS, CustomersRequest
from serving.response_types import Problem

CHUNK_CUSTOMERS = 5_000
CHUNK_EVENTS = 100_000
"""Events in a chunk, unless a single customer has more."""
RESTARTS = 3
"""How often a table is begun again because another version came into service meanwhile."""
_ROW = re.compile(r"^(.*)/(\d+)$", re.DOTALL)


def score_table(path: str, table: Any, as_of: str | None, horizon_days: int) -> Steps[Any]:
    """Score a log or a feature table chunk by chunk; the answer is of the kind of the table, customers in its order.

    All chunks have the cutoff of the first, and are scored by one version: where another one comes into service in
    between, the table is begun again. Raises InvalidArgumentError for a table without rows or ids,
    and for features of a customer that comes twice.
    """
    data = arrow_table(table)
    if path == "/score_features":
        refuse_repeated(data)
    for _ in range(RESTARTS):
        parts: list[pa.Table] = []
        cutoff = as_of
        for rows in chunks(data, by_events=path == "/score"):
            params = parameters(cutoff, horizon_days)
            call = Call("POST", path, arrow_stream(data.take(pa.array(rows))), ARROW, ARROW, params)
            try:
                part = pa.ipc.open_stream(accepted((yield call)).content).read_all()
            except RequestRefusedError as error:
                raise in_rows(error, rows) from None
            if parts and _version(part) != _version(parts[0]):
                break
            parts.append(part)
            cutoff = part.schema.metadata[b"as_of"].decode()
        else:
            return like(table, joined(parts))
    raise ServiceBusyError(f"the version in service changed {RESTARTS} times while the table was scored: try again")


def submit(
    endpoint: JobEndpoint, customers: Any, as_of: str | None, horizon_days: int, idempotency_key: str | None
) -> Steps[Job]:
    """Submit a job, of a table as a Parquet file."""
    if endpoint not in get_args(JobEndpoint):
        raise InvalidArgumentError(f"endpoint: found {endpoint!r:.80}, expected {', '.join(get_args(JobEndpoint))}")
    params: dict[str, str] = {"endpoint": endpoint}
    if endpoint == "score_customers":
        if as_of is not None or horizon_days != DEFAULT_HORIZON_DAYS:
            raise InvalidArgumentError("score_customers has the as_of and horizon_days of its batch: leave them out")
        body = calls.json_content(CustomersRequest(customer_ids=calls.listed(customers, "str")))
    elif calls.is_table(customers):
        params |= parameters(as_of, horizon_days)
        return calls.submit(parquet_file(customers), calls.PARQUET, params, idempotency_key)
    else:
        body = (calls.events_body if endpoint == "score" else calls.rows_body)(customers, as_of, horizon_days)
    return calls.submit(body, calls.JSON, params, idempotency_key)


def arrow_table(table: Any) -> pa.Table:
    """Return a DataFrame or Arrow table as an Arrow table with a column `customer_id`, which may be the index.

    Categories become their values: every chunk would hold all of them. Raises InvalidArgumentError for a table that
    Arrow cannot hold, and for one without rows or ids, or with a column twice.
    """
    try:
        table = _converted(table)
        if len(set(table.column_names)) == table.num_columns:
            table = pa.table({name: _values(table[name]) for name in table.column_names})
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidArgumentError(f"the table cannot be read: {one_line(error)[:300]}") from None
    names = table.column_names
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidArgumentError(f"the table has the column {repeated[0]!r:.80} twice; keep one")
    if "customer_id" not in table.column_names:
        raise InvalidArgumentError(f"the table has no column customer_id, only {', '.join(table.column_names)[:200]}")
    if not table.num_rows:
        raise InvalidArgumentError("the table has no rows, expected at least one")
    return table.replace_schema_metadata(None)


def _converted(table: Any) -> pa.Table:
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if isinstance(table, pa.Table):
        return table
    frame = table.reset_index() if table.index.name == "customer_id" else table
    return pa.Table.from_pandas(frame, preserve_index=False)


def _values(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_dictionary(column.type):
        return column
    return pa.chunked_array([part.dictionary_decode() for part in column.chunks], column.type.value_type)


def customer_codes(table: pa.Table) -> tuple[NDArray[np.int64], pa.StringArray]:
    """Return a number for the customer of each row, int64, and their ids, in order of appearance.

    Ids are those of the service: text without white space around it, null where there is none.
    """
    column = table["customer_id"].combine_chunks()
    try:
        encoded = pc.dictionary_encode(column, null_encoding="encode")
        texts = strip_whitespace(cast_text("customer_id", encoded.dictionary, RowErrors()))
    except pa.ArrowException:
        raise InvalidArgumentError(f"customer_id: found {column.type}, expected text or numbers") from None
    ids = pc.dictionary_encode(texts, null_encoding="encode")
    return ids.indices.to_numpy().astype(np.int64)[encoded.indices.to_numpy()], ids.dictionary


def refuse_repeated(table: pa.Table) -> None:
    """Raise InvalidArgumentError for a customer in two rows, which may be in two chunks; ids without text are kept."""
    codes, ids = customer_codes(table)
    for code in np.flatnonzero(np.bincount(codes) > 1):
        if ids[code].is_valid:
            row = np.flatnonzero(codes == code)[1]
            raise InvalidArgumentError(
                f"customer_id/{row}: {ids[code].as_py()!r:.80} comes twice; give each customer once"
            )


def chunks(table: pa.Table, by_events: bool) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each chunk, int64: all rows of each customer in one chunk, customers in order of appearance."""
    if not by_events:
        yield from np.split(np.arange(table.num_rows), range(CHUNK_CUSTOMERS, table.num_rows, CHUNK_CUSTOMERS))
        return
    codes, _ = customer_codes(table)
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        begins = ends[first] - counts[first]
        last = int(np.searchsorted(ends, begins + CHUNK_EVENTS, side="right"))
        last = min(max(last, first + 1), first + CHUNK_CUSTOMERS)
        yield order[begins : ends[last - 1]]
        first = last


def arrow_stream(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet_file(table: Any) -> bytes:
    """Return a DataFrame or Arrow table as a Parquet file, for a job."""
    sink = io.BytesIO()
    pq.write_table(arrow_table(table), sink, compression="zstd")
    return sink.getvalue()


def joined(parts: list[pa.Table]) -> pa.Table:
    """Return the answers as one table, with the metadata of the first and the duplicates of all."""
    duplicates = [each for part in parts for each in json.loads(part.schema.metadata.get(b"duplicates", b"[]"))]
    metadata = {**parts[0].schema.metadata, **({b"duplicates": json.dumps(duplicates)} if duplicates else {})}
    return pa.concat_tables(parts, promote_options="permissive").replace_schema_metadata(metadata)


def like(given: Any, answer: pa.Table) -> Any:
    """Return the answer as an Arrow table, or as a DataFrame if one was given, its metadata in `attrs`."""
    if isinstance(given, pa.Table | pa.RecordBatch):
        return answer
    frame = answer.replace_schema_metadata(None).to_pandas()
    frame.attrs = {name.decode(): value.decode() for name, value in answer.schema.metadata.items()}
    return frame


def in_rows(error: RequestRefusedError, rows: NDArray[np.int64]) -> RequestRefusedError:
    """Return the error of a chunk with the numbers of the table's rows in place of the chunk's."""
    problem: Problem = error.problem  # type: ignore[assignment]
    faults = problem.errors or []
    renamed = {fault.path: _renumbered(fault.path, rows) for fault in faults}
    detail = problem.detail
    for path, name in renamed.items():
        if detail.startswith(f"{path}: "):
            detail = f"{name}{detail.removeprefix(path)}"
            break
    errors = [msgspec.structs.replace(fault, path=renamed[fault.path]) for fault in faults]
    return refusal(msgspec.structs.replace(problem, detail=detail, errors=errors or msgspec.UNSET))


def _renumbered(path: str, rows: NDArray[np.int64]) -> str:
    match = _ROW.match(path)
    return f"{match[1]}/{rows[int(match[2])]}" if match and int(match[2]) < len(rows) else path


def _version(part: pa.Table) -> tuple[bytes | None, bytes | None]:
    metadata = part.schema.metadata
    return metadata.get(b"formula_version"), metadata.get(b"model_version")
