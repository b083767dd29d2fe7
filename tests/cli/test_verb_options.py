"""Every verb has --quiet and --json, and a help that can be read and copied at 80 columns."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.main import VERBS, app
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]


def leaves(commands: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command.commands, f"{before}{name} ")
        else:
            yield before + name, command


COMMANDS = dict(leaves(typer.main.get_command(app).commands))  # type: ignore[attr-defined]


def help_of(*words: str) -> str:
    found = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert found.exit_code == 0
    return found.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_verb_has_the_options(name: str) -> None:
    """Of every verb and every verb within a group; they mean the same everywhere."""
    options = {word for param in COMMANDS[name].params for word in param.opts}
    assert {"--quiet", "--json"} <= options


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns(name: str) -> None:
    """No type stands beside an option that takes no value, no text is cut, and an example can be copied whole."""
    shown = help_of(*name.split())
    assert "<bool>" not in shown
    assert "…" not in shown
    text = "\n".join(line.strip() for line in shown.partition("Example")[2].split("╭")[0].splitlines())
    examples = re.findall(rf"^(?:s:|:)?\s*(regulars {name}(?:.*\\\n)*.*)$", text, re.M)
    assert examples
    for example in examples:
        words = shlex.split(example.replace("\\\n", " "))
        COMMANDS[name].make_context(name, words[1 + len(name.split()) :], resilient_parsing=True)


def test_verbs_are_grouped_by_what_one_wants_to_do() -> None:
    """Every verb is in one group, and the help shows the groups in order."""
    shown = help_of()
    assert [shown.index(title) for title in VERBS] == sorted(shown.index(title) for title in VERBS)
    assert all(re.search(rf"^│ {name.split()[0]} ", shown, re.M) for name in COMMANDS)


def test_the_version_is_that_of_the_distribution(regulars: Regulars) -> None:
    """--version prints it on standard output and ends with 0."""
    ended = regulars("--version")
    assert (ended.code, ended.out) == (0, f"regulars {version('regulars')}\n")


def test_a_failure_is_in_the_object_too(regulars: Regulars, tmp_path: Path) -> None:
    """--json of a verb that fails prints the failure on standard output and the line on standard error."""
    ended = regulars("store", "info", tmp_path, "--json")
    found = json.loads(ended.out)
    assert (ended.code, found["exit_code"], found["verb"]) == (1, 1, "store info")
    assert found["failure"] + "\n" == ended.error


def test_quiet_prints_nothing_where_all_is_well(regulars: Regulars, store: Path) -> None:
    """What the verb writes is written all the same."""
    ended = regulars("features", store, "--as-of", "2024-04-01", "--out", "f.parquet", "--quiet")
    assert (ended.code, ended.out, ended.error) == (0, "", "")
    assert Path("f.parquet").exists()
