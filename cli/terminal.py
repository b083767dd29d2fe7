"""Lines, tables and progress bars on standard error; machine-readable output goes to files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

console = Console(stderr=True)


def echo(line: str) -> None:
    """Print a line without markup and without wrapping, so that a path in it can be copied."""
    console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def echo_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table with the first column aligned left and the others right."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for position, name in enumerate(head):
        table.add_column(name, justify="right" if position else "left", no_wrap=not position)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def echo_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning of a library as a line, in place of Python's lines of code; see `warnings.showwarning`."""
    echo(f"warning: {' '.join(str(message).split())}")


def printable(text: str) -> str:
    """Return the text with every control character, which could steer a terminal, escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


@contextmanager
def progress_bar(unit: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal while the block runs; call the yielded function with the number of units just done.

    Without a total, which is unknown before a log is read, the bar counts only.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(unit, total=total)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if total is not None:
                done = min(done, total)  # the last chunk may be larger than the rest
            bar.update(task, completed=done)

        yield advance


@contextmanager
def progress_steps() -> Iterator[Callable[[str], None]]:
    """Show the current step while the block runs: one changing line on a terminal, elsewhere a line for each step."""
    if not console.is_terminal:
        yield echo
        return
    with console.status("starting") as status:
        yield lambda step: status.update(printable(step))
