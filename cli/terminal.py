"""Lines, tables and progress bars on standard error, or with --json one object on standard output."""

import json as json_format
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

console = Console(stderr=True)


@dataclass
class Output:
    """What a verb has to show, and whom.

    Attributes
    ----------
    verb : str
        The verb's name.
    quiet : bool
        Whether only warnings and failures are printed.
    json : bool
        Whether all is collected here, to be printed as one object.
    """

    verb: str = ""
    quiet: bool = False
    json: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def document(self, code: int, failure: str | None = None) -> str:
        """Return everything as JSON."""
        ending = {"verb": self.verb, "exit_code": code, **({"failure": failure} if failure else {})}
        shown = {"values": self.values, "tables": self.tables, "lines": self.lines, "warnings": self.warnings}
        return json_format.dumps({**ending, **shown}, ensure_ascii=False, default=str, allow_nan=False)


output = Output()


@dataclass(frozen=True)
class Figure:
    """A cell of a table: a number, and how it is written on a terminal.

    Parameters
    ----------
    value : float or int or None
        The number; NaN and None are written as `-`, and null in JSON.
    form : str
        The format specification, with what may follow the number: `.1%`, `,`, `.3f`.
    after : str
        A mark behind the number on the terminal.
    """

    value: float | None
    form: str = ","
    after: str = ""

    @property
    def missing(self) -> bool:
        """Whether there is no number."""
        return self.value is None or math.isnan(self.value)

    def __str__(self) -> str:
        text = "-" if self.missing else format(self.value, self.form)
        if text[:1] in "+-" and not self.missing and not any(digit in text for digit in "123456789"):
            text = text[1:]  # what rounds to 0 has no sign
        return text + self.after


@contextmanager
def output_of(verb: str, *, quiet: bool, json: bool) -> Iterator[None]:
    """Set what is shown while the block runs, and print the JSON object at its end; `echo_failure` does so else."""
    global output
    output = Output(verb, quiet, json)
    try:
        yield
    except typer.Exit as ended:
        echo_json(ended.exit_code)
        raise
    echo_json()


def echo_json(code: int = 0) -> None:
    """Print with --json what was collected, at once: for a verb that goes on for as long as it is not stopped."""
    if output.json:
        print(output.document(code), flush=True)
        output.json, output.quiet = False, True


def forget_output() -> None:
    """Forget what the verb before, in the same process, had to show."""
    global output
    output = Output()


def echo_failure(line: str, code: int) -> None:
    """Print why a verb failed: a line on standard error, and with --json the object on standard output."""
    print(line, file=sys.stderr)
    if output.json:
        print(output.document(code, line), flush=True)


def echo(line: str, **values: Any) -> None:
    """Print a line without markup and without wrapping, so that a path in it can be copied.

    Parameters
    ----------
    line : str
        The text; one that begins with `warning:` is printed with --quiet too.
    values : Any
        Figures and files of the line, for the object of --json.
    """
    warning = line.startswith("warning: ")
    output.values |= {name: _plain(value) for name, value in values.items()}
    if output.json:
        (output.warnings if warning else output.lines).append(line.removeprefix("warning: "))
    elif warning or not output.quiet:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def echo_table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with the first column aligned left and the others right.

    Where the terminal is too narrow, the columns that do not fit follow in a table of their own, with the first column
    repeated; where not even one column fits beside the first, each row is a list of names and values. So no name or
    number is folded.
    """
    cells = [list(row) for row in rows]
    if output.json:
        columns = [str(name) for name in head]
        values = [[_plain(cell.value) if isinstance(cell, Figure) else cell for cell in row] for row in cells]
        output.tables.append({"title": title, "columns": columns, "rows": values})
        return
    if output.quiet:
        return
    if title:
        console.print(printable(title), markup=False, highlight=False, soft_wrap=True, style="table.title")
    tables = _tables_that_fit(head, cells)
    if any(_width(table) > console.width for table in tables):
        for row in cells:
            console.print()
            for name, cell in zip(head, row, strict=True):
                console.print(printable(f"  {name}: {cell}"), markup=False, highlight=False, soft_wrap=True)
        tables = []
    for table in tables:
        console.print(table)
    if not tables:
        console.print()


def _tables_that_fit(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[Table]:
    """Return the columns as tables of the terminal's width, each with at least one column beside the first."""
    tables: list[Table] = []
    first = 1
    while first < len(head) or not tables:
        last = len(head)
        while last > first + 1 and _width(_table(head, rows, range(first, last))) > console.width:
            last -= 1
        tables.append(_table(head, rows, range(first, last)))
        first = last
    return tables


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], positions: Iterable[int]) -> Table:
    """Return the first column and those at the positions as a table."""
    positions = list(positions)
    table = Table(box=SIMPLE_HEAD)
    table.add_column(head[0], no_wrap=True)
    for position in positions:
        table.add_column(head[position], justify="right")
    for row in rows:
        table.add_row(*(Text(printable(str(row[position]))) for position in [0, *positions]))
    return table


def _width(table: Table) -> int:
    """Return the columns that a table takes if nothing in it is folded."""
    unlimited = console.options.update(width=10_000)
    return Measurement.get(console, unlimited, table).maximum


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: null for a number that is not finite, and Python's numbers for NumPy's."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    hidden = output.quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
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
    if output.quiet:
        yield lambda step: None
        return
    if not console.is_terminal:
        yield lambda step: console.print(printable(step), markup=False, highlight=False, soft_wrap=True)
        return
    with console.status("starting") as status:
        yield lambda step: status.update(printable(step))
