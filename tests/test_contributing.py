"""The additions in CONTRIBUTING.md work: each is made in a copy of the project, from the lines of the text."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
HEADINGS = ("Add a feature", "Add a model", "Add an endpoint", "Add a verb")
PACKAGES = ("features", "training", "planning", "reporting", "serving", "monitoring", "cli", "regulars")
LOG = """customer_id,event_time,event_type,amount
anna,2024-01-03 10:00,purchase,20
anna,2024-02-03 10:00,purchase,7.5
anna,2024-02-03 12:00,purchase,
ben,2024-02-20 10:00,visit,
"""
pytestmark = pytest.mark.timeout(600)


def changes(heading: str) -> Iterator[tuple[str, str, str]]:
    """The hunks below a heading: file, the lines that are there, and the lines that shall be."""
    section = TEXT.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    for block in re.findall(r"```diff\n(.*?)```", section, re.DOTALL):
        for file in re.split(r"^--- ", block, flags=re.MULTILINE)[1:]:
            name, _, hunks = file.partition("\n")
            for hunk in re.split(r"^@@\n", hunks, flags=re.MULTILINE):
                lines = hunk.splitlines(keepends=True)
                before = "".join(line[1:] for line in lines if line[0] in " -")
                yield name, before, "".join(line[1:] for line in lines if line[0] in " +")


def with_addition(heading: str, folder: Path) -> Path:
    """A copy of the project with the additions of a section, which ruff finds well-formed."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    made = list(changes(heading))
    assert made
    for name, before, after in made:
        file = folder / name
        if not before:
            assert not file.exists(), f"{name} is there already"
            file.write_text(after)
            continue
        file.write_text(file.read_text().replace(before, after))
    files = sorted({name for name, _, _ in made if name.endswith(".py")})
    for check in (["check", "--no-cache"], ["format", "--no-cache", "--diff"]):
        command = [sys.executable, "-m", "ruff", *check, *files]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
    return folder


def python(folder: Path, *arguments: str, code: int = 0) -> str:
    """What the Python of this environment prints, with the copy in the place of the project."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_the_lines_before_an_addition_are_in_the_code() -> None:
    """Each once, so that there is one place to add to; a file that is new is not there yet."""
    for heading in HEADINGS:
        for name, before, _ in changes(heading):
            found = (ROOT / name).read_text().count(before) if before else int((ROOT / name).exists())
            assert found == bool(before), f"CONTRIBUTING.md, {heading}: {name} has {found} times:\n{before}"


@pytest.mark.slow
def test_a_feature(tmp_path: Path) -> None:
    """Its column is in the feature table of the command, in the page of columns, and online."""
    folder = with_addition("Add a feature", tmp_path / "copy")
    (folder / "log.csv").write_text(LOG)
    python(folder, "-m", "cli.main", "features", "log.csv", "--as-of", "2024-03-01", "--out", "features.parquet")
    table = pd.read_parquet(folder / "features.parquet").set_index("customer_id")
    assert table.at["anna", "basket_min"] == 7.5
    assert pd.isna(table.at["ben", "basket_min"])
    assert "| `basket_min` | currency | smallest purchase |" in python(folder, "-m", "features.definitions")


@pytest.mark.slow
def test_a_model(tmp_path: Path) -> None:
    """`backtest --model` takes it, measures it and prints it by segment."""
    folder = with_addition("Add a model", tmp_path / "copy")
    python(folder, "-m", "cli.main", "simulate", "--customers", "300", "--out", "log.parquet")
    options = ("--as-of", "2025-06-01", "--horizon-days", "90", "--model", "recent_rate", "--quick")
    printed = python(folder, "-m", "cli.main", "backtest", "log.parquet", *options, "--out", "backtest.parquet")
    assert "recent_rate by segment" in printed
    table = pd.read_parquet(folder / "backtest.parquet")
    assert (table["expected_purchases"] > 0).any()


ANSWERS = """
import asyncio
import json
from datetime import UTC, datetime
import httpx
from features.loyalty.formula import load_formula
from serving.api.app import make_app
from serving.state import CurrentState, ServiceState

app = make_app(CurrentState(ServiceState(load_formula(), "UTC", None, datetime(2024, 1, 1, tzinfo=UTC))))

async def responses():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        return [await client.get(path) for path in ("/columns", "/docs.json", "/columns?x=1")]

answer, described, refused = asyncio.run(responses())
print(json.dumps([answer.json(), described.json(), refused.status_code]))
"""


@pytest.mark.slow
def test_an_endpoint(tmp_path: Path) -> None:
    """It answers, refuses an unknown parameter, and stands in /docs.json with its type."""
    folder = with_addition("Add an endpoint", tmp_path / "copy")
    answer, described, refused = json.loads(python(folder, "-c", ANSWERS).splitlines()[-1])
    assert answer["columns"]["frequency"] == ["days", "repeat purchase occasions (x)"]
    assert described["paths"]["/columns"]["get"]["summary"] == "Unit and meaning of each feature."
    assert "columns" in described["components"]["schemas"]["Columns"]["properties"]
    assert refused == 400


@pytest.mark.slow
def test_a_verb(tmp_path: Path) -> None:
    """It stands in --help, prints what a column is, and refuses another in one line with exit code 2."""
    folder = with_addition("Add a verb", tmp_path / "copy")
    assert re.search(r"columns +Print the unit and meaning", python(folder, "-m", "cli.main", "--help"))
    printed = python(folder, "-m", "cli.main", "columns", "recency")
    assert printed == "recency (days): first to last purchase occasion (t_x), never null\n"
    assert len(python(folder, "-m", "cli.main", "columns", "shoe_size", code=2).splitlines()) == 1
