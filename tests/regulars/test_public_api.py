"""The public API: its names, what an import of it loads, and what `help()` says of each."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import regulars

FILE = Path(regulars.__file__)
NAMES = [
    "BGNBD",
    "MBGNBD",
    "AsOf",
    "AsyncClient",
    "Client",
    "CustomerModel",
    "EventStore",
    "Formula",
    "GammaGamma",
    "ParetoNBD",
    "RegularsError",
    "Truth",
    "append",
    "backtest",
    "base_index",
    "base_indices",
    "customer_features",
    "feature_table",
    "fit_challenger",
    "fit_customer_model",
    "gate",
    "ingest",
    "load_formula",
    "make_report",
    "measures",
    "open_store",
    "open_tracking",
    "promote",
    "publish",
    "roll_back",
    "score",
    "score_one",
    "sensitivity",
    "simulate",
    "targets",
    "write_log",
]
HEAVY = {"pandas", "numpy", "pyarrow", "duckdb", "sklearn", "scipy", "mlflow", "bentoml", "msgspec", "features"}


def test_the_public_names_are_these() -> None:
    """A name that comes or goes is a change for users: it changes this list, the changelog and the reference."""
    assert regulars.__all__ == NAMES
    assert dir(regulars) == sorted(NAMES)


def test_type_checkers_see_each_name_where_it_is_defined() -> None:
    """The imports under TYPE_CHECKING are those that the lazy imports make."""
    typed = {
        alias.name: node.module
        for branch in ast.parse(FILE.read_text()).body
        if isinstance(branch, ast.If)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == regulars._MODULES
    assert set(typed) == set(NAMES)
    assert FILE.with_name("py.typed").exists()


def test_importing_the_package_loads_no_library() -> None:
    """`import regulars` and `dir(regulars)` load neither pandas nor NumPy, MLflow or BentoML."""
    code = f"import regulars, sys; dir(regulars); print({HEAVY} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=FILE.parents[1], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "set()"


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_the_object_of_its_module(name: str) -> None:
    """A public name is defined in the module that the package names for it."""
    value = getattr(regulars, name)
    assert value.__module__ == regulars._MODULES[name]
    assert value.__name__ == name


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """A misspelt name is refused in the usual way, so that `hasattr` and `from regulars import` work."""
    assert not hasattr(regulars, "feature_tables")
    with pytest.raises(ImportError):
        from regulars import feature_tables  # noqa: F401


def test_a_name_whose_library_is_not_installed_says_what_to_install() -> None:
    """Without SciPy or scikit-learn a model asks for the extra `train`, the clients for theirs."""
    code = (
        "import sys; sys.modules[sys.argv[1]] = None\n"
        "import regulars\ntry:\n    getattr(regulars, sys.argv[2])\n"
        "except regulars.RegularsError as error:\n    print(error)"
    )
    for library, name, extra in (
        ("sklearn", "BGNBD", "train"),
        ("scipy", "BGNBD", "train"),
        ("httpx", "Client", "client"),
        ("httpx_retries", "AsyncClient", "client"),
    ):
        command = [sys.executable, "-c", code, library, name]
        ended = subprocess.run(command, cwd=FILE.parents[1], capture_output=True, text=True, check=False)
        assert f"pip install 'regulars[{extra}]'" in ended.stdout, ended.stderr


def documented(docstring: str) -> list[str]:
    """The names in the numpydoc section Parameters, in order."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}$|\Z)", docstring, re.MULTILINE | re.DOTALL)
    entries = re.findall(r"^([*\w][*\w, ]*)(?: :|$)", section[1], re.MULTILINE) if section else []
    return [name.strip(" *") for entry in entries for name in entry.split(",")]


def callables(name: str) -> list[tuple[str, str, object]]:
    """The function, or the class and its public methods: each with its name and the docstring that describes it."""
    value = getattr(regulars, name)
    if not inspect.isclass(value):
        return [(name, inspect.getdoc(value) or "", value)]
    methods = [
        (f"{name}.{key}", inspect.getdoc(getattr(value, key)) or "", getattr(value, key))
        for key in vars(value)
        if not key.startswith("_") and callable(getattr(value, key))
    ]
    if issubclass(value, Exception):
        return methods
    return [(name, inspect.getdoc(value) or "", value), *methods]


@pytest.mark.parametrize("name", NAMES)
def test_help_describes_every_parameter(name: str) -> None:
    """Each public function, class and method has a one-line summary and, of its parameters, a Parameters section.

    A dataclass may describe its fields under Attributes instead.
    """
    for called, text, value in callables(name):
        assert text.splitlines()[0].endswith("."), called
        parameters = [key for key in inspect.signature(value).parameters if key not in ("self", "cls")]
        attributes = text.replace("Attributes\n----------", "Parameters\n----------")
        assert parameters in (documented(text), documented(attributes)[: len(parameters)]), called
