"""The short language of conditions and expressions: what it allows, and its translation for the engines."""

import ast
from collections.abc import Callable, Collection, Mapping
from typing import Literal

from features.errors import DefinitionError
from features.known_names import nearest_name

Kind = Literal["whole", "fraction", "truth"]
Words = Mapping[str, tuple[str, ...]]

ABSENT_WORD = 255
EXACT = 2**53
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def parse(text: str) -> ast.expr:
    """Return the syntax tree of a condition or expression; raises DefinitionError where it is not one."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise DefinitionError(f"{text!r} cannot be read; expected an expression like 'cents >= 0'") from None


def names_in(node: ast.AST) -> set[str]:
    """Return the names in a tree, without those of functions."""
    calls = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in calls}


def kind_of(node: ast.expr, names: Mapping[str, Kind], words: Words, functions: Collection[str] = ()) -> Kind:
    """Return what an expression gives, after checking all of it.

    Parameters
    ----------
    node : ast.expr
    names : mapping of str to {"whole", "fraction", "truth"}
        The names that it may use and what they are.
    words : mapping of str to tuple of str
        The columns of words that it may compare, and the words of each; none for a column of free text.
    functions : collection of str
        What it may do beside comparing, adding and multiplying: "/", "sqrt", "null".

    Raises
    ------
    DefinitionError
        When it uses a name, a word or an operation that it may not.
    """

    def kind(part: ast.expr) -> Kind:
        match part:
            case ast.Constant(value=bool()) | ast.Constant(value=float()):
                pass
            case ast.Constant(value=int(constant)) if constant < EXACT:
                return "whole"
            case ast.Name(id=name) if name in words:
                raise DefinitionError(f"{name} holds words; expected a comparison with one of them by == or !=")
            case ast.Name(id=name) if name in names:
                return names[name]
            case ast.Name(id=name):
                raise DefinitionError(f"unknown name {name!r}; {expected_one_of(name, [*names, *words])}")
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return number(part.operand)
            case ast.UnaryOp(op=ast.Not()):
                return truth(part.operand)
            case ast.BoolOp():
                for value in part.values:
                    truth(value)
                return "truth"
            case ast.Compare(ops=[operator], comparators=[_]) if isinstance(operator, COMPARISONS):
                return compared(part)
            case ast.Compare(ops=[_, _, *_]):
                raise DefinitionError(f"{ast.unparse(part)!r} chains comparisons; expected two joined by 'and'")
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return "whole" if {number(part.left), number(part.right)} == {"whole"} else "fraction"
            case ast.BinOp(op=ast.Mult()):
                return whole(part.left, part) and whole(part.right, part)
            case ast.BinOp(op=ast.Div()) if "/" in functions:
                whole(part.left, part)
                whole(part.right, part)
                return "fraction"
            case ast.Call(func=ast.Name(id="sqrt"), args=[argument], keywords=[]) if "sqrt" in functions:
                number(argument)
                return "fraction"
            case ast.Call(func=ast.Name(id="null"), args=[ast.Name()], keywords=[]) if "null" in functions:
                number(part.args[0])
                return "truth"
            case ast.Call():
                allowed = ", ".join(f"{name}(...)" for name in sorted(functions) if name != "/") or "none"
                raise DefinitionError(f"{ast.unparse(part)!r} calls a function; allowed here: {allowed}")
        raise DefinitionError(
            f"{ast.unparse(part)!r} is not allowed here; expected names, whole numbers below 2^53, + - * "
            f"{'/ ' if '/' in functions else ''}and comparisons"
        )

    def number(part: ast.expr) -> Kind:
        if (found := kind(part)) == "truth":
            raise DefinitionError(f"{ast.unparse(part)!r} is a condition; expected a number")
        return found

    def whole(part: ast.expr, around: ast.expr) -> Kind:
        if number(part) == "fraction":
            raise DefinitionError(
                f"{ast.unparse(around)!r} multiplies or divides a fraction; expected one division at the end, "
                "like a * b / c"
            )
        return "whole"

    def truth(part: ast.expr) -> Kind:
        if kind(part) != "truth":
            raise DefinitionError(f"{ast.unparse(part)!r} is a number; expected a condition")
        return "truth"

    def compared(part: ast.Compare) -> Kind:
        sides = [part.left, *part.comparators]
        if any(isinstance(side, ast.Name) and side.id in words for side in sides):
            code_in(part, words)
        elif len(kinds := {kind(side) for side in sides}) > 1 and "truth" in kinds:
            raise DefinitionError(f"{ast.unparse(part)!r} compares a number with a condition")
        return "truth"

    return kind(node)


def code_in(comparison: ast.Compare, words: Words) -> int:
    """Return the code that a comparison of a column of words compares with; raises DefinitionError for another."""
    text = ast.unparse(comparison)
    column, other = comparison.left, comparison.comparators[0]
    if not (isinstance(column, ast.Name) and column.id in words):
        column, other = other, column
    assert isinstance(column, ast.Name)
    codes = {word.upper(): code for code, word in enumerate(words[column.id])}
    if not isinstance(comparison.ops[0], ast.Eq | ast.NotEq):
        raise DefinitionError(f"{text!r} orders words; expected == or !=")
    if isinstance(other, ast.Constant) and other.value == ABSENT_WORD:
        return ABSENT_WORD
    if not codes:
        raise DefinitionError(
            f"{text!r}: {column.id} is free text for this event type and not kept; expected no use of it"
        )
    if not isinstance(other, ast.Name):
        raise DefinitionError(f"{text!r}: expected a word of {column.id}, {', '.join(codes)}, or 255 for none")
    if other.id not in codes:
        raise DefinitionError(
            f"{text!r}: {other.id} is no {column.id} of this event type; {expected_one_of(other.id, codes)}"
        )
    return codes[other.id]


def translated(text: str, words: Words, rename: Callable[[str], str] = lambda name: name) -> str:
    """Return an expression for the generated code: words replaced by their codes, names by those of the code."""

    class Translation(ast.NodeTransformer):
        def visit_Compare(self, node: ast.Compare) -> ast.AST:
            sides = [node.left, *node.comparators]
            if not any(isinstance(side, ast.Name) and side.id in words for side in sides):
                return self.generic_visit(node)
            [column] = [side for side in sides if isinstance(side, ast.Name) and side.id in words]
            return ast.Compare(ast.Name(rename(column.id)), node.ops, [ast.Constant(code_in(node, words))])

        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.Name(rename(node.id))

    return ast.unparse(Translation().visit(parse(text)))


def expected_one_of(found: str, known: Collection[str]) -> str:
    """Return what was expected of a name: the nearest one, and all of them if they are few."""
    near = nearest_name(found, known)
    if len(known) <= 12 or not near:
        listed = list(known)[:12]
        more = f" and {len(known) - 12} more" if len(known) > 12 else ""
        return f"expected one of {', '.join(listed)}{more}" + (f" (did you mean {near}?)" if near else "")
    return f"did you mean {near}?"
