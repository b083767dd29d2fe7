"""Conditions on a frame of customers, written as text: who is eligible for an action, and which content suits whom."""

import ast
import operator
from collections.abc import Callable, Collection
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.definitions.expressions import expected_one_of
from features.errors import CatalogueError, PlanError
from planning.text_rows import NO, YES

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
LONGEST = 1000
"""Characters of a condition."""


def check_condition(text: str, names: Collection[str]) -> None:
    """Check a condition without evaluating it.

    Parameters
    ----------
    text : str
        Like `frequency >= 1 and days_since_last_purchase < 365`: names, numbers and quoted words, compared with
        `== != < <= > >=`, calculated with `+ - * /`, joined by `and`, `or`, `not`; `'garden' in needs` for a column of
        lists and `segment in ('loyal', 'new')` for a column of words. An empty text holds for everybody.
    names : collection of str
        The names that it may use.

    Raises
    ------
    CatalogueError
        When it cannot be read, uses another name or does something else.

    Examples
    --------
    >>> check_condition("frequancy > 1", ["frequency", "T"])
    Traceback (most recent call last):
    features.errors.CatalogueError: unknown name 'frequancy'; expected one of frequency, T (did you mean frequency?)
    """
    if text.strip():
        tree = _parsed(text)
        _check_condition(tree)
        for name in [part.id for part in ast.walk(tree) if isinstance(part, ast.Name)]:
            if name not in names:
                raise CatalogueError(f"unknown name {name!r}; {expected_one_of(name, names)}")


def holds(text: str, customers: pd.DataFrame) -> NDArray[np.bool_]:
    """Return for whom a condition holds.

    Parameters
    ----------
    text : str
        As `check_condition` takes it; an empty one holds for everybody.
    customers : DataFrame
        One row a customer, with the columns that the condition names.

    Returns
    -------
    ndarray of bool
        A comparison with a null does not hold, whatever it is; `not` turns this around. A column alone holds where it
        is true, not 0, or a word for yes.

    Raises
    ------
    PlanError
        When a column is absent, or holds something that cannot be compared so.

    Examples
    --------
    >>> frame = pd.DataFrame({"frequency": [0, 3, None], "needs": [["garden"], [], ["garden", "tools"]]})
    >>> holds("frequency < 5 and not frequency == 0", frame).tolist()
    [False, True, False]
    >>> holds("'garden' in needs", frame).tolist()
    [True, False, True]
    """
    if not text.strip():
        return np.ones(len(customers), bool)
    try:
        return _truth(_parsed(text), customers)
    except KeyError as error:
        raise PlanError(
            f"the condition {text!r} uses {error.args[0]}, a column that the customers do not have: add it to the "
            "customers' table, or its event type to [events] of regulars.toml"
        ) from None
    except (PlanError, TypeError, ArithmeticError) as error:
        raise PlanError(f"the condition {text!r} cannot be evaluated: {error}") from None


def _parsed(text: str) -> ast.expr:
    try:
        if len(text) > LONGEST:
            raise ValueError
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CatalogueError(f"{text[:80]!r} cannot be read; expected a condition like 'frequency >= 1'") from None


def _check_condition(part: ast.expr) -> None:
    match part:
        case ast.BoolOp(values=values):
            for value in values:
                _check_condition(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check_condition(operand)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]):
            of_list = isinstance(left, ast.Constant) and isinstance(left.value, str) and isinstance(right, ast.Name)
            if not (of_list or (isinstance(left, ast.Name) and _constants(right))):
                raise CatalogueError(f"{ast.unparse(part)!r}: expected 'word' in column, or column in ('a', 'b')")
        case ast.Compare(ops=ops) if all(type(each) in COMPARISONS for each in ops):
            for value in (part.left, *part.comparators):
                _check_value(value)
        case ast.Name():
            pass
        case _:
            raise CatalogueError(f"{ast.unparse(part)!r} is no condition; expected a comparison like frequency >= 1")


def _check_value(part: ast.expr) -> None:
    match part:
        case ast.Name() | ast.Constant(value=bool() | int() | float() | str()):
            pass
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check_value(operand)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in ARITHMETIC:
            _check_value(left)
            _check_value(right)
        case _:
            raise CatalogueError(f"{ast.unparse(part)!r} is not allowed here; expected columns, numbers and + - * /")


def _constants(part: ast.expr) -> list[Any]:
    elements = part.elts if isinstance(part, ast.Tuple | ast.List) else []
    values = [each.value for each in elements if isinstance(each, ast.Constant)]
    return values if len(values) == len(elements) else []


def _truth(part: ast.expr, customers: pd.DataFrame) -> NDArray[np.bool_]:
    match part:
        case ast.BoolOp(op=op, values=values):
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            joined: NDArray[np.bool_] = join.reduce([_truth(value, customers) for value in values])
            return joined
        case ast.UnaryOp(operand=operand):
            return ~_truth(operand, customers)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as membership], comparators=[right]):
            contained = _contained(left, right, customers)
            return contained if isinstance(membership, ast.In) else ~contained
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [_value(each, customers) for each in (left, *comparators)]
            known = ~reduce(operator.or_, [np.asarray(pd.isna(side)) for side in sides])
            pairs = zip(ops, sides, sides[1:], strict=False)
            compared = [np.asarray(COMPARISONS[type(op)](one, other)) for op, one, other in pairs]
            result = reduce(operator.and_, [np.equal(each, True) for each in compared]) & known
            return np.broadcast_to(result, len(customers)).astype(bool)
    return _flags(_value(part, customers))


def _flags(cells: "pd.Series[Any]") -> NDArray[np.bool_]:
    """Return where a column alone holds; raises PlanError for words other than yes and no."""
    if not pd.api.types.is_object_dtype(cells) and not pd.api.types.is_string_dtype(cells):
        truth: NDArray[np.bool_] = (cells.notna() & cells.fillna(0).astype(bool)).to_numpy(bool)
        return truth
    meanings: dict[Any, bool] = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False), "": False}
    flags = np.zeros(len(cells), bool)
    for row, cell in enumerate(cells):
        if isinstance(cell, str):
            if (word := cell.strip().lower()) not in meanings:
                raise PlanError(
                    f"{cells.name} is {cell[:40]!r}, expected yes or no; compare it, like {cells.name} == 'a'"
                )
            flags[row] = meanings[word]
        elif isinstance(cell, bool | int | float | np.generic):
            flags[row] = bool(cell == cell and cell)
        elif cell is not None and cell is not pd.NA and cell is not pd.NaT:
            raise PlanError(f"{cells.name} has lists; expected 'word' in {cells.name}")
    return flags


def _contained(left: ast.expr, right: ast.expr, customers: pd.DataFrame) -> NDArray[np.bool_]:
    if isinstance(left, ast.Name):
        return np.asarray(customers[left.id].isin(_constants(right)))
    assert isinstance(left, ast.Constant)
    assert isinstance(right, ast.Name)
    lists = customers[right.id]
    return np.fromiter((not np.isscalar(each) and each is not None and left.value in each for each in lists), bool)


def _value(part: ast.expr, customers: pd.DataFrame) -> Any:
    match part:
        case ast.Name(id=name):
            return customers[name]
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, customers)
        case ast.UnaryOp(operand=operand):
            return _value(operand, customers)
    assert isinstance(part, ast.BinOp)
    return ARITHMETIC[type(part.op)](_value(part.left, customers), _value(part.right, customers))
