"""`make bench` runs every benchmark."""

import ast
import re
import sys
from pathlib import Path

import pytest

from benchmarks import small
from benchmarks.stopwatch import CHECKOUT, LEFT_OUT

FOLDER = CHECKOUT / "benchmarks"
TEXTS = {file.stem: file.read_text() for file in FOLDER.glob("*.py")}
STARTED = [name for name, text in TEXTS.items() if "__main__" in text]
PROGRAMS = [name for name in STARTED if "ArgumentParser(" in TEXTS[name] and name != "small"]
README = (FOLDER / "README.md").read_text()
COSTS = (CHECKOUT / "docs" / "scale.md").read_text()


def test_no_benchmark_is_forgotten() -> None:
    """Each program with options is run, and each other one that can be started is a part that one of them starts."""
    assert {command.split()[0] for command in small.SMALL} == set(PROGRAMS)
    for part in set(STARTED) - set(PROGRAMS) - {"small"}:
        assert any(part in strings(text) for name, text in TEXTS.items() if name != part), part


def strings(text: str) -> set[str]:
    """The words of the strings of a module."""
    constants = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {word for value in constants if isinstance(value, str) for word in re.findall(r"\w+", value)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_benchmark_has_its_table(program: str) -> None:
    """In the section that names the command, with its date; those of `scale` and `spark` are in the docs."""
    sections = [*re.split(r"^## ", README, flags=re.MULTILINE)[1:], COSTS]
    naming = [part for part in sections if f"python -m benchmarks.{program}" in part and "\n|---" in part]
    assert naming
    assert any(re.search(r"\b20\d\d-\d\d-\d\d\b", part) for part in naming)


@pytest.mark.parametrize(
    ("code", "status", "row"), [(0, 0, "|  |"), (LEFT_OUT, 0, "| left out |"), (3, 1, "| failed, exit code 3 |")]
)
def test_what_fails_is_said_and_what_is_left_out_is_no_failure(
    code: int,
    status: int,
    row: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The table has a row a program; what it printed is in its file."""
    monkeypatch.setattr(small, "SMALL", ("one --size 3",))
    monkeypatch.setattr(small, "_command", lambda words: [sys.executable, "-c", f"print({words!r}); exit({code})"])
    monkeypatch.setattr(sys, "argv", ["small", "--out", str(tmp_path)])
    if status:
        with pytest.raises(SystemExit, match="1 of 1 failed: one --size 3"):
            small.main()
    else:
        small.main()
    assert (tmp_path / "one.md").read_text() == "['one', '--size', '3']\n"
    assert row in (tmp_path / "small.md").read_text()
    assert row in capsys.readouterr().out
