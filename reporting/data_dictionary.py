"""The data dictionary: what every table of the report holds, its columns, their units and meanings."""

import tomllib
from collections.abc import Mapping
from importlib import resources

import pandas as pd

TITLE = "_"


def dictionary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row a column of the tables: `table`, `column`, `unit`, `meaning`; a table's own row has no column.

    Raises KeyError for a column that dictionary.toml does not tell of.
    """
    told = tomllib.loads(resources.files("reporting").joinpath("dictionary.toml").read_text(encoding="utf-8"))
    rows: list[tuple[str, ...]] = []
    for name, table in tables.items():
        about = told[name]
        rows.append((name, "", "", about[TITLE]))
        rows += [(name, str(column), *_entry(about, str(column))) for column in table]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])


def _entry(about: Mapping[str, list[str]], column: str) -> list[str]:
    return about[column] if column in about else about[f"{column.partition('_')[0]}_*"]
