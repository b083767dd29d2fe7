"""Everything that is wrong with the records of a request, of which the decoder names the first thing only."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect, structs

from serving.api.request_body import fault_of
from serving.plan_types import PlanRecord

FIELDS = {field.encode_name: field for field in structs.fields(PlanRecord)}

Faults = list[tuple[str, str]]


def read_records(body: bytes) -> tuple[Faults, dict[int, PlanRecord]]:
    """Return what is wrong with the fields of records, and the records with which nothing is, by place.

    Parameters
    ----------
    body : bytes
        JSON that is no RecordsRequest.

    Returns
    -------
    faults : list of (str, str)
        Path and detail; none where the fault lies outside the records.
    records : dict of int to PlanRecord
    """
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:  # a number that no float holds
        return [], {}
    rows = content.get("records") if isinstance(content, dict) and set(content) == {"records"} else None
    faults: Faults = []
    records: dict[int, PlanRecord] = {}
    for at, row in enumerate(rows if isinstance(rows, list) else ()):
        if found := [(f"records/{at}/{name}".rstrip("/"), detail) for name, detail in _faults(row)]:
            faults += found
        else:
            records[at] = msgspec.convert(row, PlanRecord)
    return faults, records


def _faults(row: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(row, dict):
        yield "", f"found {type(row).__name__}, expected an object with {', '.join(FIELDS)}"
        return
    for name in row:
        if name not in FIELDS:
            yield name[:100], f"is unknown: expected {', '.join(FIELDS)}"
    for name, field in FIELDS.items():
        if name not in row:
            if field.required:
                yield name, f"is missing: expected {_expected(field.type)}"
            continue
        try:
            msgspec.convert(row[name], field.type)
        except msgspec.ValidationError as error:
            detail = fault_of(str(error))[1]
            words = _expected(field.type)
            yield name, f"found {_shown(row[name])}, expected {words}" if words else detail


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 100 else f"{text[:100]}..."


def _expected(kind: Any) -> str:
    """Return the words that a field takes; empty where it takes others than words of a list."""
    info = inspect.type_info(kind)
    types = info.types if isinstance(info, inspect.UnionType) else (info,)
    inner = [each.type if isinstance(each, inspect.Metadata) else each for each in types]
    return ", ".join(str(word) for each in inner if isinstance(each, inspect.LiteralType) for word in each.values)
