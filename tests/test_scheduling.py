"""The examples for schedulers: each has its scheduler's form, and its command is one that `regulars retrain` takes."""

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cli.main import app
from cli.retrain import EXIT_CODES

EXAMPLES = Path(__file__).parents[1] / "examples" / "scheduling"
COMMAND = typer.main.get_command(app)
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""The least and greatest value of the five fields of a cron line (crontab(5))."""


def parsed(command: str) -> dict[str, Any]:
    """The values that the command's own parser makes of a line; a wrong one raises."""
    words = shlex.split(command)
    words = words[next(i for i, word in enumerate(words) if Path(word).name == "regulars") + 1 :]
    assert words[0] == "retrain"
    verb = COMMAND.commands["retrain"]  # type: ignore[attr-defined]
    return dict(verb.make_context("retrain", words[1:]).params)


def at(schedule: str) -> str:
    """A schedule whose five fields are numbers in range, stars, lists, ranges or steps."""
    fields = schedule.split()
    assert len(fields) == 5
    for field, (least, greatest) in zip(fields, FIELDS, strict=True):
        assert re.fullmatch(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*", field), field
        assert all(least <= int(number) <= greatest for number in re.findall(r"\d+", re.sub(r"/\d+", "", field)))
    return schedule


def is_the_weekly_command(values: dict[str, Any]) -> None:
    assert [str(values[name]) for name in ("store", "home")] == ["store", "var"]
    assert len(values["sources"]) == 1
    assert values["profile"] == ["profile.toml"]


def test_the_cron_line() -> None:
    """On Mondays; mail for codes other than done and nothing new."""
    lines = (EXAMPLES / "crontab").read_text().splitlines()
    [line] = [line for line in lines if line and not line.startswith(("#", "MAILTO="))]
    fields = line.split(maxsplit=5)
    assert at(" ".join(fields[:5])) == "0 6 * * 1"
    assert "%" not in fields[5]  # cron makes a line end of it
    command = re.search(r"\S*regulars retrain [^>]*", fields[5])
    assert command
    is_the_weekly_command(parsed(command[0]))
    assert {int(code) for code in re.findall(r"\$code = (\d)", fields[5])} == {
        EXIT_CODES["done"],
        EXIT_CODES["nothing_new"],
    }


def test_the_airflow_dag() -> None:
    """Its one task runs the command on Mondays, and is skipped where there is nothing new."""
    tree = ast.parse((EXAMPLES / "airflow_dag.py").read_text())
    calls = {
        node.func.id: {word.arg: word.value for word in node.keywords if word.arg}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert at(ast.literal_eval(calls["DAG"]["schedule"])) == "0 6 * * 1"
    assert ast.literal_eval(calls["DAG"]["max_active_runs"]) == 1
    task = calls["BashOperator"]
    assert ast.literal_eval(task["skip_on_exit_code"]) == EXIT_CODES["nothing_new"]
    command = ast.literal_eval(task["bash_command"])
    assert set(re.findall(r"{{ (\w+) }}", command)) == {"ds"}  # the date of the run, a macro of Airflow
    is_the_weekly_command(parsed(command.replace("{{ ds }}", "2026-01-05")))


def test_the_github_workflow() -> None:
    """One run at a time, on Mondays; nothing new is a success."""
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    triggers = workflow[True]  # YAML 1.1 takes the key `on` for a truth value
    assert at(triggers["schedule"][0]["cron"]) == "0 6 * * 1"
    assert workflow["concurrency"]
    [step] = workflow["jobs"]["retrain"]["steps"]
    [line] = [line for line in step["run"].splitlines() if line.startswith("regulars ")]
    is_the_weekly_command(parsed(line.partition("||")[0]))
    assert f'"$code" = {EXIT_CODES["nothing_new"]}' in step["run"]


@pytest.mark.parametrize("command", ["regulars retrain week.csv", "regulars retrain week.csv --store s --bogus 1"])
def test_a_wrong_command_is_noticed(command: str) -> None:
    """The parser that the examples are given to refuses what the verb refuses."""
    with pytest.raises(typer.TyperException):
        parsed(command)
