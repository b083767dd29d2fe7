"""The page docs/columns.md: a row for each column of the log and of the feature table."""

import subprocess
import sys
from pathlib import Path

from features.definitions import FAMILIES, FEATURE_COLUMNS
from features.definitions.__main__ import page

ROOT = Path(__file__).parents[3]


def test_every_column_has_a_row_under_its_family() -> None:
    """Name, unit, meaning and null rule; the rule reads "never" for a column that is never null."""
    sections = page().split("\n### ")[1:]
    assert [section.split("\n")[0] for section in sections] == [family.name.capitalize() for family in FAMILIES]
    for family, section in zip(FAMILIES, sections, strict=True):
        for column in family.columns:
            null = "never" if not column.null_when else column.null_rule.removeprefix("null ")
            assert f"| `{column.name}` | {column.unit} | {column.meaning} | {null} |" in section
    assert f"{len(FEATURE_COLUMNS)} columns beside" in page()


def test_the_module_prints_the_page() -> None:
    """`python -m features.definitions` writes the page and nothing else."""
    ended = subprocess.run(
        [sys.executable, "-m", "features.definitions"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout == page()
