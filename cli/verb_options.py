"""What every verb has: --quiet, --json, and a help that is readable at 80 columns."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli import terminal

WIDTH = 76
"""Columns of an example: a terminal of 80 less the margins of a help."""
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Print warnings and failures only.", rich_help_panel="Output of every verb")
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON object on standard output in place of the text.",
        rich_help_panel="Output of every verb",
    ),
]


class Verb(TyperCommand):
    """A verb, whose help names no type beside options that take no value."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _hide_types_of_flags(self.get_params(ctx))
        super().format_help(ctx, formatter)


class VerbGroup(TyperGroup):
    """A group of verbs, see `Verb`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _hide_types_of_flags(self.get_params(ctx))
        super().format_help(ctx, formatter)


def add_verb_options(app: typer.Typer, prefix: str = "") -> None:
    """Give every verb of the application --quiet, --json and examples that fit a line.

    Parameters
    ----------
    app : typer.Typer
        Its verbs are registered. Groups of verbs within it are included.
    prefix : str
        The words before a verb's name, for its name in JSON: `store ` for those of `regulars store`.
    """
    for command in app.registered_commands:
        if command.callback is not None:
            name = command.name or command.callback.__name__.replace("_", "-")
            command.callback = _with_output_options(command.callback, prefix + name)
            command.cls = Verb
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.cls = VerbGroup
            add_verb_options(group.typer_instance, f"{prefix}{group.name} ")


def group_help(app: typer.Typer, panels: Mapping[str, Sequence[Any]]) -> None:
    """Register verbs by what one wants to do: the help of the command shows them under these titles."""
    for title, verbs in panels.items():
        for verb in verbs:
            before = len(app.registered_commands), len(app.registered_groups)
            verb.register(app)
            for command in app.registered_commands[before[0] :]:
                command.rich_help_panel = title
            for group in app.registered_groups[before[1] :]:
                group.rich_help_panel = title


def _with_output_options(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the function of a verb with two parameters more, which set what the terminal shows while it runs."""

    @functools.wraps(function)
    def verb(*arguments: Any, quiet: bool = False, json: bool = False, **named: Any) -> Any:
        with terminal.output_of(name, quiet=quiet, json=json):
            return function(*arguments, **named)

    signature = inspect.signature(function, eval_str=True)
    more = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for option, annotation in (("quiet", Quiet), ("json", Json))
    ]
    verb.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more])  # type: ignore[attr-defined]
    verb.__annotations__ = {**function.__annotations__, "quiet": Quiet, "json": Json}
    verb.__doc__ = _examples_in_lines(inspect.cleandoc(function.__doc__ or ""))
    return verb


def _examples_in_lines(text: str) -> str:
    """Return a help with the examples that are longer than a line continued on the next one, as a shell reads it."""
    return re.sub(r"^`(regulars [^`]+)`$", lambda found: _continued(found[1]), text, flags=re.M)


def _continued(command: str) -> str:
    """Return a command as lines of code, each but the last with a backslash at its end, broken before options."""
    pieces = re.split(r" (?=--)", command)
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + 3 <= WIDTH:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"  {piece}")
    return "  \n".join(f"`{line}`" for line in [*(f"{line} \\" for line in lines[:-1]), lines[-1]])


def _hide_types_of_flags(params: Sequence[Any]) -> None:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
