"""The notebooks: each runs from top to bottom as it stands, shows something, and keeps no output."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the notebooks beside the examples, as in the repository."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "notebooks").mkdir()
    return folder / "notebooks"


def cells(book: Path, kind: str) -> list[str]:
    return ["".join(each["source"]) for each in json.loads(book.read_text())["cells"] if each["cell_type"] == kind]


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_runs_from_top_to_bottom(book: Path, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the last line of a cell gives is shown as a notebook shows it: as a text, a table or a picture."""
    from IPython.core.formatters import DisplayFormatter

    monkeypatch.chdir(desk)
    known: dict[str, object] = {}
    rich = 0
    for number, source in enumerate(cells(book, "code"), 1):
        tree = ast.parse(source, f"{book.name}, cell {number}")
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"{book.name}, cell {number}", "exec"), known)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"{book.name}, cell {number}", "eval"), known)
            shown, _ = DisplayFormatter().format(value)
            assert value is not None
            rich += bool({"text/html", "image/svg+xml"} & set(shown))
    assert rich >= 3


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_keeps_no_output(book: Path) -> None:
    """No output, no count of runs: a change in it is a change in what it says."""
    for cell in json.loads(book.read_text())["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_notebooks_are_numbered_thin_and_linked() -> None:
    """01, 02, ...; no function or class of their own; each begins with a question and links lead somewhere."""
    assert [book.name[:3] for book in BOOKS] == [f"{number:02}_" for number in range(1, len(BOOKS) + 1)]
    for book in BOOKS:
        for source in cells(book, "code"):
            tree = ast.parse(source)
            kinds = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While)
            assert not [node for node in ast.walk(tree) if isinstance(node, kinds)], book.name
        texts = cells(book, "markdown")
        assert re.match(r"# .+\n\n\*.+\?\*", texts[0]), book.name
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", "\n".join(texts)):
            assert (book.parent / link).exists(), (book.name, link)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_the_docs_have_an_executed_copy(book: Path) -> None:
    """It has every cell of the notebook as it is today, else `make notebook-pages`; its pictures are there."""
    page = ROOT / "docs" / "notebooks" / f"{book.stem}.md"
    text = page.read_text()
    assert all(f"```python\n{source}\n```" in text for source in cells(book, "code"))
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert [name for name in pictures if not (page.parent / name).exists()] == []
    assert f"notebooks/{page.name}" in (ROOT / "mkdocs.yml").read_text()
