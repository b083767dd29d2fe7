"""The table of mutants fits the code: each changes one place, and the tests that should notice exist."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TABLE = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text())


@pytest.mark.parametrize("row", TABLE["mutant"], ids=lambda row: row["name"])
def test_a_mutant_changes_one_place(row: dict[str, Any]) -> None:
    """Its old text is in its file exactly once, is not its new text, and its tests exist."""
    assert (ROOT / row["file"]).read_text().count(row["old"]) == 1
    assert row["old"] != row["new"]
    assert [name for name in row["tests"] if not (ROOT / name).exists()] == []


def test_the_table_has_56_mutants_of_different_names() -> None:
    """At most five of them may survive, and the modules of which others are drawn exist."""
    assert len({row["name"] for row in TABLE["mutant"]}) == 56
    assert TABLE["most_survivors"] == 5
    for file, tests in TABLE["modules"].items():
        assert [name for name in (file, *tests) if not (ROOT / name).exists()] == []
