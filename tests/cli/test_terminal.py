"""Lines, tables and progress on standard error."""

import io
import warnings

import pytest
from rich.console import Console

from cli import terminal


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
