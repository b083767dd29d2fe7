"""Parts of the OpenAPI description."""

from collections.abc import Iterator
from typing import Any


def parts(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a JSON value, with its path."""
    if isinstance(value, dict):
        yield path, value
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from parts(each, f"{path}/{key}")


def sent(document: dict[str, Any]) -> set[str]:
    """The schemas that bodies of requests refer to, and those to which these refer."""
    known = {f"#/components/schemas/{name}": schema for name, schema in document["components"]["schemas"].items()}
    bodies = [method["requestBody"] for methods in document["paths"].values() for method in methods.values()
              if "requestBody" in method]  # fmt: skip
    found: set[str] = set()
    new = {part["$ref"] for _, part in parts(bodies) if "$ref" in part}
    while new:
        found |= new
        new = {part["$ref"] for name in new for _, part in parts(known[name]) if "$ref" in part} - found
    return found
