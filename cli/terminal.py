"""Talking to people: lines, tables and bars on standard error. What machines read goes to files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

talk = Console(stderr=True)


def say(line: str) -> None:
    """Print the line as it is: no markup in it, and never folded, so that a path can be copied."""
    talk.print(plain(line), markup=False, highlight=False, soft_wrap=True)


def show(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, the first column to the left, the others to the right."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for at, name in enumerate(head):
        table.add_column(name, justify="right" if at else "left", no_wrap=not at)
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    talk.print(table)


def plain(text: str) -> str:
    """Return the text with anything that could steer a terminal shown as its code."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal while the block runs; call what it gives with the number of things just done.

    Without a total, which is not known before a log is read, the bar counts.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        done = 0

        def step(more: int) -> None:
            nonlocal done
            done += more
            if total is not None:
                done = min(done, total)  # the last chunk may be larger than what was left
            bar.update(task, completed=done)

        yield step


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Say what is being done while the block runs: on a terminal one line that changes, elsewhere a line a step."""
    if not talk.is_terminal:
        yield say
        return
    with talk.status("starting") as status:
        yield lambda step: status.update(plain(step))
