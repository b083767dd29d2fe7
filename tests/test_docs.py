"""The docs cannot rot: what there is stands in them, and what stands in them is so."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from cli.main import app
from features.definitions import FEATURE_NAMES
from features.definitions.__main__ import page
from features.loyalty.formula import load_formula
from features.schema import EVENT_TYPES, LOG_COLUMN_NAMES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = (ROOT / "docs" / "commands.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")])
COMMAND = typer.main.get_command(app)
OF_EVERY_VERB = {"--help", "--quiet", "--json"}  # described once, at the top of the page
VERBS = COMMAND.commands  # type: ignore[attr-defined]


def section(text: str, heading: str) -> str:
    """The text below the heading, up to the next of its level."""
    assert f"\n{heading}\n" in text, f"the docs have no section {heading!r}"
    level = heading.partition(" ")[0]
    after = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"^{level} ", after, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_told(verb: str) -> None:
    """docs/commands.md has a section for each verb, which names all its options; the README names the verb."""
    told = section(COMMANDS, f"## regulars {verb}")
    options = [name for option in VERBS[verb].params for name in option.opts if name.startswith("--")]
    assert [name for name in options if name not in OF_EVERY_VERB and f"`{name}" not in told] == []
    assert f"regulars {verb}" in README


def test_no_option_is_told_that_is_not_there() -> None:
    """Every option in the docs is one of some verb."""
    commands = (COMMAND, *VERBS.values())
    known = {name for command in commands for option in command.params for name in option.opts} | {"--help"}
    told = {option for text in (README, COMMANDS) for option in re.findall(r"`(--[a-z-]+)", text)}
    assert told <= known


def test_the_page_of_columns_is_current() -> None:
    """docs/columns.md is what the definitions say; else `python -m features.definitions > docs/columns.md`."""
    assert (ROOT / "docs" / "columns.md").read_text() == page()


def test_every_column_is_told() -> None:
    """docs/columns.md names every feature and every column of the log, the README every column of the log."""
    told = (ROOT / "docs" / "columns.md").read_text()
    assert [name for name in (*FEATURE_NAMES, *LOG_COLUMN_NAMES) if f"| `{name}` |" not in told] == []
    assert [name for name in (*LOG_COLUMN_NAMES, *EVENT_TYPES) if f"`{name}`" not in README] == []


def test_the_parts_of_the_rule_read_columns_that_are_told() -> None:
    """The formula that comes along reads only features."""
    assert set(load_formula().columns) <= set(FEATURE_NAMES)


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    """Every relative link of a page is to a file that exists."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text())
    assert [link for link in links if not (file.parent / link).exists()] == []


def console(text: str) -> Iterator[tuple[str, str]]:
    """The commands of the blocks marked console, each with what the page says that it prints."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def plain(text: str) -> list[str]:
    """Lines without trailing space and empty ones, the random part of a folder's name and a byte order mark."""
    text = re.sub(r"events-[0-9a-f]{12}", "events-", text.replace("\ufeff", ""))
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_the_readme_runs_as_written(tmp_path: Path) -> None:
    """The commands of the README, run in order in an empty folder with the examples, print what it says they print."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "regulars").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli.main "$@"\n')
    (programs / "regulars").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
    }
    commands = list(console(README))
    assert {command.split()[1] for command, _ in commands if command.startswith("regulars")} >= {
        "ingest",
        "features",
        "score",
        "simulate",
    }
    for command, output in commands:
        ended = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}"
        assert plain(ended.stdout) == plain(output), command


def test_the_first_log_of_the_tutorial_is_read_as_written(tmp_path: Path) -> None:
    """The file that the tutorial shows, read with the command below it, has the one faulty row that the page names."""
    (_, log), (command, rest) = console((ROOT / "docs" / "tutorial.md").read_text())
    (tmp_path / "orders.csv").write_text(log)
    ended = subprocess.run(
        f"{command}\n{rest}".replace("regulars", f'"{sys.executable}" -m cli.main', 1),
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "4 rows in: 3 kept, 1 quarantined" in ended.stderr
    assert "event_time is a day that does not exist" in ended.stderr


def recipes(heading: str) -> list[list[str]]:
    """The words of the commands below a heading of the page about logs."""
    page = section((ROOT / "docs" / "how-to" / "logs.md").read_text(), heading)
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    texts = [
        text for block in blocks for text in re.split(r"^(?=regulars |cp )", block.replace("\\\n", " "), flags=re.M)
    ]
    return [words for text in texts if (words := shlex.split(text, comments=True))]


def run_recipe(words: list[str]) -> str:
    """Run a command of a recipe in this process, and return what it says."""
    if words[0] == "cp":
        shutil.copy(words[1], words[2])
        return ""
    ended = CliRunner().invoke(app, words[1:])
    assert ended.exit_code == 0, f"{words}\n{ended.output}{ended.exception}"
    return ended.output


def test_the_recipes_of_files_read_what_they_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A glob of exports; tables of different columns; tables that a query joins."""
    monkeypatch.chdir(tmp_path)
    exports, tables, joined = recipes("## From files")
    Path("exports").mkdir()
    for month in (1, 2):
        Path(f"exports/2024-{month:02}.csv").write_text(f"client,day,total\na,2024-{month:02}-01,10\n")
    assert "2 rows in: 2 kept" in run_recipe(exports)
    shutil.rmtree("store")
    Path("orders.csv").write_text("client,day,amount\na,2024-01-01,10\n")
    pd.DataFrame({"customer": ["a"], "when": ["2024-01-02"], "amount": [4.0]}).to_excel(
        "refunds-2024.xlsx", index=False
    )
    assert "events: 1 purchase, 1 return" in run_recipe(tables)
    shutil.rmtree("store")
    Path("orders.csv").write_text("order_id,client,day\n1,7,2024-01-01\n")
    Path("clients.csv").write_text("client,mail\n7,a@x.example\n")
    Path("lines").mkdir()
    pd.DataFrame({"order_id": [1, 1], "price": [2.5, 1.0], "quantity": [2, 3]}).to_parquet("lines/part.parquet")
    assert "1 row in: 1 kept" in run_recipe(joined)


def test_the_recipes_for_faulty_rows_bring_them_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option of the first, and the corrected copy of the second."""
    monkeypatch.chdir(tmp_path)
    mended, copied, added = recipes("## Mend faulty rows")
    rows = "".join(f"c{day},2024-01-{day:02},purchase,5\n" for day in range(1, 29))
    Path("log.csv").write_text(f"customer_id,event_time,event_type,amount\n{rows}")
    february, march = (rows.replace("-01-", month) for month in ("-02-", "-03-"))
    Path("week-27.csv").write_text(f"customer_id,event_time,event_type,amount\n{february}d,2024-02-01,order,7\n")
    run_recipe(["regulars", "ingest", "log.csv", "--out", "store"])
    assert "29 rows in: 28 kept, 1 quarantined" in run_recipe(["regulars", "append", "week-27.csv", "--store", "store"])
    assert "29 rows in: 1 kept, 0 quarantined, 0 duplicates, 28 in the store already" in run_recipe(mended)
    Path("week-28.csv").write_text(f"customer_id,event_time,event_type,amount\n{march}e,2024-03-32,purchase,7\n")
    run_recipe(["regulars", "append", "week-28.csv", "--store", "store"])
    shown = "".join(run_recipe(["regulars", "store", "info", "store"]).split())
    found = re.search(r"store/events-[0-9a-f]{12}/quarantine\.csv", shown)
    assert found, shown
    run_recipe(["cp", found[0], copied[2]])
    Path(copied[2]).write_text(Path(copied[2]).read_text("utf-8-sig").replace("2024-03-32", "2024-03-31"))
    assert "1 row in: 1 kept" in run_recipe(added)
