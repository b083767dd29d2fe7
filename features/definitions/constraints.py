"""Compiles the constraints between columns: one function for a row of floats and for a table of arrays."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from features.definitions.expressions import parse

OPERATORS: Mapping[type[ast.boolop], type[ast.operator]] = {ast.And: ast.BitAnd, ast.Or: ast.BitOr}


def row_condition(condition: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return a condition over columns as a function of their values by name.

    Parameters
    ----------
    condition : str
        As `Constraint.impossible` has it.

    Returns
    -------
    callable
        Takes a mapping of floats and gives a bool, or of arrays of one shape and gives an array of bool. NaN is null.

    Examples
    --------
    >>> impossible = row_condition("null(T) and purchase_days > 0")
    >>> bool(impossible({"T": float("nan"), "purchase_days": 2.0}))
    True
    """
    body = ast.fix_missing_locations(_ForArrays().visit(parse(condition)))
    arguments = ast.arguments(posonlyargs=[], args=[ast.arg("row")], kwonlyargs=[], kw_defaults=[], defaults=[])
    function = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    compiled: Callable[[Mapping[str, Any]], Any] = eval(compile(function, condition, "eval"), {"__builtins__": {}})
    return compiled


class _ForArrays(ast.NodeTransformer):
    """Writes `and`, `or`, `not` and `null` with operators that floats and arrays share."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        values: list[ast.expr] = [self.visit(value) for value in node.values]
        joined = values[0]
        for value in values[1:]:
            joined = ast.BinOp(joined, OPERATORS[type(node.op)](), value)
        return joined

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return ast.Compare(operand, [ast.Eq()], [ast.Constant(False)])
        return ast.UnaryOp(node.op, operand)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        value = self.visit(node.args[0])  # of null(...), the one function that checks allow
        return ast.Compare(value, [ast.NotEq()], [value])

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Subscript(ast.Name("row", ast.Load()), ast.Constant(node.id), ast.Load())
