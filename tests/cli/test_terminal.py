"""Lines, tables and progress on standard error."""

import io
import json
import re
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import typer
from rich.cells import cell_len
from rich.console import Console

from cli import terminal


@pytest.fixture(autouse=True)
def output() -> Iterator[None]:
    """Each test begins and ends as a new command."""
    terminal.forget_output()
    yield
    terminal.forget_output()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 60 columns."""
    file = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(file=file, force_terminal=True, width=60))
    return file


def test_a_line_is_printed_whole_and_without_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """Long lines are not wrapped, brackets stay, and control characters are escaped."""
    terminal.echo("[b]" + "x" * 200 + "\x1b[31m")
    assert capsys.readouterr().err == "[b]" + "x" * 200 + "\\x1b[31m\n"


def test_printable_text_is_unchanged() -> None:
    """Letters of any script stay; line ends, tabs and escapes do not."""
    assert terminal.printable("王小明 é") == "王小明 é"
    assert terminal.printable("a\tb\nc") == "a\\tb\\nc"


def test_a_bar_never_passes_its_total(screen: io.StringIO) -> None:
    """The last chunk may be larger than the rest."""
    with terminal.progress_bar("customers", 10) as advance:
        advance(7)
        advance(7)
    assert "10/10" in screen.getvalue()
    assert "14" not in screen.getvalue()


def test_steps_are_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each step, in order."""
    with terminal.progress_steps() as step:
        step("one")
        step("two")
    assert capsys.readouterr().err == "one\ntwo\n"


def test_steps_are_one_changing_line_on_a_terminal(screen: io.StringIO) -> None:
    """Nothing stays on the terminal when the block ends."""
    with terminal.progress_steps() as step:
        step("training\x07")
    assert "\x07" not in screen.getvalue()
    assert "\n" not in screen.getvalue().rstrip("\n").split("\x1b[2K")[-1].strip("\x1b[?25h")


def test_a_warning_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the file and the line of code that Python prints."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = terminal.echo_warning
        warnings.warn("the search\nended early", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: the search ended early\n"


# Tables and output


def wide_table(columns: int) -> None:
    figures = [terminal.Figure(column, ",.1f") for column in range(columns)]
    rows = [["customer 1", *figures], ["customer 2", *figures]]
    terminal.echo_table("a title", ["name", *(f"measure {column}" for column in range(columns))], rows)


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_no_cell_is_folded_or_cut(width: int, screen: io.StringIO) -> None:
    """At every width each name and number is whole, and no line is longer than the terminal."""
    terminal.console.width = width
    wide_table(9)
    lines = screen.getvalue().splitlines()
    words = " ".join(lines)
    assert all(f"measure {column}" in words for column in range(9))
    assert max(cell_len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) <= width
    assert "…" not in words


def test_a_row_that_is_too_wide_is_a_list(screen: io.StringIO) -> None:
    """Where not even one column fits beside the first, each row is names with values, in order."""
    terminal.echo_table("", ["source", "rows"], [["x" * 70, terminal.Figure(1200)]])
    lines = [line.strip() for line in screen.getvalue().splitlines() if line.strip()]
    assert lines == [f"source: {'x' * 70}", "rows: 1,200"]


def test_a_figure_is_written_on_a_terminal_and_a_number_in_json() -> None:
    """What is missing is a dash and null."""
    assert str(terminal.Figure(0.1234, ".1%", "*")) == "12.3%*"
    assert [str(terminal.Figure(share, "+.0%")) for share in (-0.001, 0.001, -0.01)] == ["0%", "0%", "-1%"]
    assert str(terminal.Figure(float("nan"))) == str(terminal.Figure(None)) == "-"


def test_quiet_keeps_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines and tables are left out, a warning is printed."""
    with terminal.output_of("score", quiet=True, json=False):
        terminal.echo("done")
        terminal.echo_table("t", ["a"], [["b"]])
        terminal.echo("warning: the log is old")
        with terminal.progress_steps() as step:
            step("one")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "warning: the log is old\n")


def test_json_is_one_object_with_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures are numbers, what is not finite is null, warnings are apart, and standard error is empty."""
    with terminal.output_of("store info", quiet=False, json=True):
        terminal.echo("3 customers", customers=np.int64(3), mean=float("nan"))
        terminal.echo("warning: the log is old")
        terminal.echo_table("t", ["name", "share"], [["a", terminal.Figure(0.25, ".1%")], ["b", terminal.Figure(None)]])
    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out) == {
        "verb": "store info",
        "exit_code": 0,
        "values": {"customers": 3, "mean": None},
        "tables": [{"title": "t", "columns": ["name", "share"], "rows": [["a", 0.25], ["b", None]]}],
        "lines": ["3 customers"],
        "warnings": ["the log is old"],
    }


def test_json_has_the_exit_code_and_the_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """A verb that ends itself with a code prints it; one that fails prints the line, on standard error too."""
    with pytest.raises(typer.Exit), terminal.output_of("retrain", quiet=False, json=True):
        raise typer.Exit(3)
    assert json.loads(capsys.readouterr().out)["exit_code"] == 3
    with pytest.raises(OSError, match="gone"), terminal.output_of("fit", quiet=False, json=True):
        raise OSError("gone")
    terminal.echo_failure("regulars: gone", 1)
    said = capsys.readouterr()
    assert (json.loads(said.out)["failure"], said.err) == ("regulars: gone", "regulars: gone\n")
    terminal.forget_output()
    terminal.echo_failure("regulars: gone", 1)
    assert capsys.readouterr().out == ""
