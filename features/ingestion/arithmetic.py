"""Evaluates arithmetic over columns, such as `Quantity * Price`, on whole columns at a time.

Python's parser reads the text, and only numbers, column names and + - * / are taken from it; nothing of it is run.
A name that is not a plain word stands in double quotes: `"Lineitem quantity" * "Lineitem price"`.
"""

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import ProfileError

OPERATIONS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: pc.add,
    ast.Sub: pc.subtract,
    ast.Mult: pc.multiply,
    ast.Div: pc.divide,
    ast.USub: pc.negate,
}
EXPECTED = "expected column names, numbers, + - * / and brackets, with other names in double quotes"


def column_names(expression: str) -> list[str]:
    """Return the columns of an expression, in order; raises ProfileError when it is not plain arithmetic."""
    if not expression:
        return []
    nodes = ast.walk(_parsed(expression))
    return list(dict.fromkeys(name for node in nodes if (name := _column(node)) is not None))


def evaluate(expression: str, columns: Mapping[str, pa.Array]) -> pa.DoubleArray:
    """Return the value of an expression in each row, null where a column is null.

    Parameters
    ----------
    expression : str
    columns : mapping of str to pyarrow.DoubleArray, shape (rows,)
        The columns that the expression names.

    Raises
    ------
    ProfileError
        When the text is not plain arithmetic.

    Examples
    --------
    >>> columns = {"Quantity": pa.array([2.0, None]), "Unit price": pa.array([1.5, 1.5])}
    >>> evaluate('Quantity * "Unit price"', columns).to_pylist()
    [3.0, None]
    """

    def value(node: ast.AST) -> Any:
        name = _column(node)
        if name is not None:
            return columns[name]
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return pa.scalar(float(node.value), pa.float64())
        if isinstance(node, ast.BinOp):
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        assert isinstance(node, ast.UnaryOp)
        operand = value(node.operand)
        return operand if isinstance(node.op, ast.UAdd) else pc.negate(operand)

    return value(_parsed(expression))


@lru_cache
def _parsed(expression: str) -> ast.AST:
    try:
        body = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ProfileError(f"{expression!r} is not arithmetic over columns: {EXPECTED}") from None
    if not any(_column(node) is not None for node in ast.walk(body)):
        raise ProfileError(f"{expression!r} names no column: {EXPECTED}")
    _check(expression, body)
    return body


def _check(expression: str, node: ast.AST) -> None:
    match node:
        case ast.BinOp(left, op, right) if type(op) in OPERATIONS:
            _check(expression, left)
            _check(expression, right)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(expression, operand)
        case ast.Name():
            pass
        case ast.Constant(value=str() | int() | float() as constant) if not isinstance(constant, bool):
            pass
        case _:
            raise ProfileError(f"{expression!r} has {ast.unparse(node)!r} in it: {EXPECTED}")


def _column(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
