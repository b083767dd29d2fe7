"""The fields of bodies as rows of a table, and requests as commands, for the page that describes the API."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MOST_FEATURES = 12
"""A struct with more fields than `FEW` shows so many: the columns of the feature table have a page of their own."""
FEW = 40


class Field(NamedTuple):
    """A field of a body.

    Attributes
    ----------
    path : str
        Its place, like `customers[].events[].amount`.
    kind : str
        Its type and limits.
    required : bool
        Whether a request must have it, or an answer always has it.
    meaning : str
    """

    path: str
    kind: str
    required: bool
    meaning: str


def fields_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Field]:
    """Return the fields of a schema and of those within it, each before its own.

    A field that several alternatives have, such as the kinds of events, is there once with all its types.

    Parameters
    ----------
    schema : mapping
        A JSON schema.
    schemas : mapping of str to mapping
        The named schemas that references lead to.
    """
    merged: dict[str, Field] = {}
    for field in _fields(schema, schemas):
        if (known := merged.get(field.path)) is None:
            merged[field.path] = field
        elif field.kind not in known.kind.split(" or "):
            both = known.required and field.required
            merged[field.path] = known._replace(kind=f"{known.kind} or {field.kind}", required=both)
    return list(merged.values())


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[Field]:
    """Yield the fields of all alternatives; six levels are shown, so that a schema that refers to itself ends."""
    if depth > 5:
        return
    for option in _options(schema, schemas):
        if option.get("type") == "array":
            yield from _fields(option.get("items", {}), schemas, f"{path}[]", depth + 1)
        elif isinstance(option.get("additionalProperties"), Mapping):
            yield from _fields(option["additionalProperties"], schemas, f"{path}.NAME" if path else "NAME", depth + 1)
        properties = option.get("properties", {})
        shown = list(properties.items())[: MOST_FEATURES if len(properties) > FEW else None]
        for name, inner in shown:
            place = f"{path}.{name}" if path else name
            described = [each["description"] for each in (inner, *inner.get("anyOf", ())) if "description" in each]
            meaning = " ".join(described)
            yield Field(place, _kind(inner, schemas), name in option.get("required", ()), meaning)
            yield from _fields(inner, schemas, place, depth + 1)
        if len(shown) < len(properties):
            place = f"{path}.…" if path else "…"
            yield Field(place, "number", False, f"and {len(properties) - len(shown)} more columns of the feature table")


def curl_of(method: str, path: str, body: object = None) -> str:
    """Return the request as a command for a shell, to a service on this machine."""
    address = shlex.quote(f"http://127.0.0.1:3000{path}")
    if body is None:
        return f"curl {address}"
    text = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl {address} -H 'Content-Type: application/json' -d {text}"


def _options(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a schema may be, references followed; null is no option to show."""
    found = []
    for each in schema.get("anyOf") or schema.get("oneOf") or [schema]:
        target = schemas[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        if target is not each and ("anyOf" in target or "oneOf" in target):
            found += _options(target, schemas)
        elif target.get("type") != "null":
            found.append(target)
    return found


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    texts = []
    for option in _options(schema, schemas):
        text = str(option.get("type", "any"))
        if "enum" in option:
            text = " | ".join(json.dumps(value, ensure_ascii=False) for value in option["enum"])
        elif "const" in option:
            text = json.dumps(option["const"])
        elif text == "array":
            text = f"list of {_kind(option.get('items', {}), schemas)}"
        low, high = option.get("minimum", option.get("exclusiveMinimum")), option.get("maximum")
        limits = " to ".join(_number(value) for value in (low, high) if value is not None)
        if limits:
            words = "" if None not in (low, high) else "from " if high is None else "up to "
            text += f", {words}{limits}"
        texts.append(text)
    return " or ".join(dict.fromkeys(texts))


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:,}"
