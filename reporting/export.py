"""The tables of a report as files: Parquet and CSV for Excel, Tableau and Power BI.

Customer ids come from outside. In CSV, a text that a spreadsheet would run as a formula (it starts with = + - @, a tab
or a line end) gets a leading apostrophe; Parquet has them unchanged. The workbook is `reporting.workbook`'s.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from features.atomic_file import atomic_write
from features.encryption.parquet_files import write_parquet
from features.table_files import escape_formulas
from training.evaluation.catalog import BUILT_IN, METRICS

TABLE_KEY, SHEET_KEY = "_", "_sheet"
NOT_IN_CSV = ["rule_place", "model_place", "T", "stayed_away"]
"""Columns of the customers that neither the page's download nor their CSV file has; Parquet has them."""
CSV_DIGITS = 7
"""Significant digits of a number in a CSV file, those of the page's download; Parquet has them all."""


def data_dictionary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the description of the tables and of each of their columns.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Tables of a report, by name.

    Returns
    -------
    pandas.DataFrame
        `table`, `column`, `unit`, `meaning`. The first row of a table describes the table and has no column.

    Raises
    ------
    KeyError
        When dictionary.toml does not describe a column that is no metric from a plugin.
    """
    descriptions = _descriptions()
    rows: list[tuple[str, ...]] = []
    for name, table in tables.items():
        description = descriptions[name]
        rows.append((name, "", "", description[TABLE_KEY]))
        rows += [(name, str(column), *_column_entry(description, str(column))) for column in table]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])


def sheet_names(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the name of each table's sheet in a workbook."""
    descriptions = _descriptions()
    return {name: descriptions[name][SHEET_KEY] for name in tables}


@cache
def _descriptions() -> dict[str, Any]:
    text = resources.files("reporting").joinpath("dictionary.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _column_entry(description: Mapping[str, list[str]], column: str) -> list[str]:
    if column in METRICS and column not in BUILT_IN:
        return ["", f"a metric from a plugin; {METRICS[column].direction}"]
    return description[column] if column in description else description[f"{column.partition('_')[0]}_*"]


def write_tables(folder: str | Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write every table and the data dictionary as `<name>.parquet` and `<name>.csv`.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where to write; created if it is missing.
    tables : mapping of str to pandas.DataFrame
        Tables of a report, by name.
    """
    folder = Path(folder)
    for name, table in {**tables, "dictionary": data_dictionary(tables)}.items():
        with atomic_write(folder / f"{name}.parquet") as part:
            write_parquet(part, pa.Table.from_pandas(table, preserve_index=False))
        with atomic_write(folder / f"{name}.csv") as part:
            # Excel reads UTF-8 as such only with a byte order mark; without it Chinese names are garbled.
            escape_formulas(_rounded(csv_columns(table))).to_csv(
                part, index=False, encoding="utf-8-sig", lineterminator="\r\n"
            )


def csv_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as its CSV file has it: that of the customers has the columns of the page's download."""
    return table.drop(columns=NOT_IN_CSV) if set(NOT_IN_CSV) <= set(table) else table


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with floats to `CSV_DIGITS` significant digits."""
    out = table.copy()
    for name in out.select_dtypes("float").columns:
        out[name] = [float(f"{value:.{CSV_DIGITS}g}") + 0.0 for value in out[name]]
    return out
