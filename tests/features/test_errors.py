"""The error tree: drawn as it is, complete, and the only errors that a user can cause."""

import ast
import builtins
import importlib
import inspect
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from features import errors
from features.errors import InvalidArgumentError, PromotionRefusedError, RegularsError, SourceError

ROOT = Path(__file__).parents[2]
PACKAGES = ("regulars", "features", "training", "reporting", "planning", "monitoring", "serving", "cli")
BUILTIN_ERRORS = {
    name for name, thing in vars(builtins).items() if inspect.isclass(thing) and issubclass(thing, BaseException)
}
TREE = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls) and issubclass(cls, Exception)}

OTHER_ERRORS = {
    "ProblemError": "carries a problem document to the response; the service answers it and no caller sees it",
    "AbandonedError": "stops the work of a client that has left; nobody is left to tell",
    "DisconnectError": "the client went away; nobody is left to tell",
}
"""Error classes outside the tree, each with its reason."""

BUILTIN_RAISES = {
    ("metrics_files", "OSError"): "caught where the files are made, like the system's own",
    ("arrow_parquet", "ValueError"): "what is wrong with a body, beside what PyArrow raises; answered as a problem",
    ("parquet_pages", "ValueError"): "what is wrong with a body, beside what PyArrow raises; answered as a problem",
    ("regular_file", "OSError"): "like the system's own, for callers that catch what `open` raises",
    ("sqlite_file", "PermissionError"): "read as an OSError, like the system's own, where the file is opened",
    ("__init__", "AttributeError"): "Python's protocol for a module without such a name",
    ("rfm_input", "TypeError"): "scikit-learn's contract for an estimator's input",
    ("rollout", "ValueError"): "beside what JSON and dates raise; the service names the file and what to do",
    ("key_files", "ValueError"): "beside what bytes.fromhex raises; the callers name the file and what to do",
    ("api_keys", "ValueError"): "msgspec's contract for a struct that refuses its values; read as a fault of the file",
    ("routing", "RuntimeError"): "a server that speaks no HTTP is a fault of the server, not of the user",
}
"""Built-in errors raised with a message, by module and class, each with its reason."""


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the packages that exist, parsed."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def drawn_tree() -> dict[str, str]:
    """The parent of each class in the drawing of the module's docstring, the root's empty."""
    parents: dict[str, str] = {}
    above: list[str] = []
    drawing = inspect.cleandoc(errors.__doc__ or "").split("\n\n")[1]
    for line in drawing.splitlines():
        match = re.fullmatch(r"((?: │   | ├── | └── |     )*)(\w+)(?: {2,}\S.*)?", line)
        assert match, f"a line of the drawing cannot be read: {line!r}"
        depth = len(match[1]) // 5
        parents[match[2]] = above[depth - 1] if depth else ""
        above = [*above[:depth], match[2]]
    return parents


def test_the_drawing_is_the_tree() -> None:
    """The module's docstring names every class once, below its parent."""
    real = {
        name: next((base.__name__ for base in cls.__bases__ if base in TREE.values()), "") for name, cls in TREE.items()
    }
    assert drawn_tree() == real
    assert all(issubclass(cls, RegularsError) for cls in TREE.values())


def test_every_error_class_of_the_packages_is_in_the_tree() -> None:
    """A class that derives from an error is in features.errors, or listed here with its reason."""
    known = BUILTIN_ERRORS | TREE.keys()
    strangers = {
        node.name: path
        for path, tree in modules()
        if path != ROOT / "features" / "errors.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and (node.name.endswith("Error") or any(ast.unparse(base).rpartition(".")[2] in known for base in node.bases))
    }
    assert {name: path for name, path in strangers.items() if name not in OTHER_ERRORS} == {}


def test_built_in_errors_are_not_raised_with_a_message() -> None:
    """What a user can cause is a RegularsError; `raise ValueError("...")` would print a traceback."""
    raised = {
        (path.stem, node.exc.func.id): f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
        if node.exc.func.id in BUILTIN_ERRORS - {"SystemExit", "KeyboardInterrupt", "StopIteration"}
    }
    assert {key: place for key, place in raised.items() if key not in BUILTIN_RAISES} == {}


def test_an_invalid_argument_is_a_value_error_too() -> None:
    """Callers that expect Python's own error for a bad value catch it."""
    assert issubclass(InvalidArgumentError, ValueError)
    assert not issubclass(SourceError, ValueError)


def test_a_source_error_stays_on_one_line() -> None:
    """Line breaks and control characters in names of files and columns are written as escapes."""
    assert str(SourceError("a\nb\x1b: no é")) == r"a\nb\x1b: no é"


def test_a_refused_promotion_gives_its_reasons() -> None:
    """The message names the version and joins the reasons; `reasons` keeps them apart."""
    error = PromotionRefusedError(7, ("calibration: too far", "older than the champion"))
    assert str(error) == "version 7 is refused: calibration: too far; older than the champion"
    assert error.reasons == ("calibration: too far", "older than the champion")
    assert (error.number, error.can_be_forced) == (7, False)


@pytest.mark.parametrize("name", [name for name, cls in TREE.items() if "__init__" not in vars(cls)])
def test_errors_survive_a_pickle(name: str) -> None:
    """An error raised in a worker process arrives as it was."""
    error = TREE[name]("found 1, expected 2")
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is TREE[name]
    assert str(arrived) == str(error)


def test_the_tree_is_imported_without_anything_else() -> None:
    """Any package may raise these errors, so their module imports nothing."""
    tree = ast.parse(inspect.getsource(importlib.import_module("features.errors")))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
