"""Fields of a schema as rows, and requests as commands."""

import shlex

from serving.api.schema_fields import FEW, curl_of, fields_of

SCHEMAS = {
    "Order": {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
            "note": {"anyOf": [{"type": "string", "description": "A remark."}, {"type": "null"}]},
            "parent": {"$ref": "#/components/schemas/Order"},
        },
        "required": ["lines"],
    },
    "Line": {
        "type": "object",
        "properties": {
            "amount": {"type": "number", "minimum": 0, "description": "Money."},
            "kind": {"enum": ["a", "b"]},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["amount"],
    },
}


def test_fields_within_fields_are_listed_with_type_limits_and_meaning() -> None:
    """Lists are marked, null is no type, and a schema that refers to itself ends."""
    rows = {field.path: field for field in fields_of({"$ref": "#/components/schemas/Order"}, SCHEMAS)}
    assert rows["lines[].amount"][1:] == ("number, from 0", True, "Money.")
    assert rows["lines[].kind"].kind == '"a" | "b"'
    assert rows["lines[].share"].kind == "number, 0 to 1"
    assert rows["note"][1:] == ("string", False, "A remark.")
    assert rows["lines"].required
    assert not rows["parent"].required
    assert "parent.parent.lines" in rows
    assert len(rows) < 100


def test_a_struct_with_many_fields_is_cut() -> None:
    """The last row says how many more there are."""
    many = {"type": "object", "properties": {f"f{number}": {"type": "number"} for number in range(FEW + 5)}}
    rows = list(fields_of(many, {}))
    assert rows[-1].meaning == f"and {FEW + 5 - len(rows) + 1} more columns of the feature table"


def test_named_values_have_a_placeholder() -> None:
    """What may have any name is shown below NAME."""
    parts = {"type": "object", "additionalProperties": SCHEMAS["Line"]}
    schema = {"type": "object", "properties": {"parts": parts}}
    paths = [field.path for field in fields_of(schema, SCHEMAS)]
    assert paths == ["parts", "parts.NAME.amount", "parts.NAME.kind", "parts.NAME.share"]


def test_a_field_of_several_alternatives_is_there_once() -> None:
    """With every type, and required only if it is in each."""
    one = {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "number"}}, "required": ["kind", "x"]}
    two = {"type": "object", "properties": {"kind": {"const": "b"}, "x": {"type": "string"}}, "required": ["kind"]}
    rows = fields_of({"anyOf": [one, two]}, {})
    assert [(row.path, row.kind, row.required) for row in rows] == [
        ("kind", '"a" or "b"', True),
        ("x", "number or string", False),
    ]


def test_a_command_survives_quotes_and_other_scripts() -> None:
    """A shell reads the body as it was."""
    words = shlex.split(curl_of("post", "/score", {"customer_id": "o'neil 王"}))
    assert words[:2] == ["curl", "http://127.0.0.1:3000/score"]
    assert words[-1] == '{"customer_id": "o\'neil 王"}'
    assert shlex.split(curl_of("get", "/versions")) == ["curl", "http://127.0.0.1:3000/versions"]
