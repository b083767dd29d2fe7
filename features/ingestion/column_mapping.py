"""Matches the log's columns with the columns of a source."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from features.errors import MissingColumnError, SourceError
from features.ingestion.column_names import CURRENCY_NAMES, NAMES, letters, name_score
from features.ingestion.read_options import OWN
from features.schema import LOG_COLUMN_NAMES, REQUIRED_LOG_COLUMNS

SHOWN_NAMES, SHOWN_CHARACTERS = 12, 40


def map_columns(
    source: str, header: Sequence[str], given: Mapping[str, str], constants: Collection[str]
) -> dict[str, str]:
    """Return the source's name of each log column that it has, and of columns of its own that are read.

    Parameters
    ----------
    source : str
        The source's name, for messages.
    header : sequence of str
        Its columns.
    given : mapping of str to str
        Log columns that the source names otherwise, and columns of its own by `OWN` and their names; each must be in
        the header.
    constants : collection of str
        Log columns that it need not have.

    Raises
    ------
    MissingColumnError
        When a required or given column is missing; suggests a mapping.
    SourceError
        When a column is in the header twice.
    """
    repeated = sorted({column for column in header if list(header).count(column) > 1})
    if repeated:
        raise SourceError(f"{source} has the column {', '.join(repeated)} more than once: rename or remove one")
    columns, missing = {}, []
    for name in LOG_COLUMN_NAMES:
        source_name = given.get(name, name)
        if source_name in header:
            columns[name] = source_name
        elif name in given or (name in REQUIRED_LOG_COLUMNS and name not in constants):
            missing.append(source_name)
    for name, source_name in given.items():
        if name.startswith(OWN):
            if source_name in header:
                columns[name] = source_name
            else:
                missing.append(source_name)
    columns |= {OWN + column: column for column in header if re.fullmatch(CURRENCY_NAMES, letters(column))}
    if missing:
        raise MissingColumnError(f"{source} has no column {', '.join(missing)}: {_suggestion(missing, header)}")
    return columns


def _suggestion(missing: Sequence[str], header: Sequence[str]) -> str:
    """Return how to map the missing columns to those of nearly the same, or a usual, name."""
    nearest = {name: near for name in missing if (near := _nearest(name, header))}
    names = ", ".join(name[:SHOWN_CHARACTERS] for name in header[:SHOWN_NAMES])
    names += ", ..." if len(header) > SHOWN_NAMES else ""
    hints = [f"--map {shlex.quote(f'{name}={near}')}" for name, near in nearest.items()]
    constant = "--set event_type=purchase" if "event_type" in missing and "event_type" not in nearest else ""
    if not hints:
        such = f", such as {constant}," if constant else ""
        return f"map it to one of its columns ({names}) or give it as a constant{such}; `regulars inspect` suggests how"
    also = f" {constant}" if constant else ""
    return f"did you mean {' '.join(hints)}{also}? Its columns are {names}"


def _nearest(name: str, header: Sequence[str]) -> str:
    """Return the column of nearly the same name, else one that usually means it, else an empty text."""
    by_letters = {letters(column): column for column in header if column not in LOG_COLUMN_NAMES}
    if near := get_close_matches(letters(name), by_letters, 1, 0.55):
        return by_letters[near[0]]
    usual = {column: name_score(column, name) for column in by_letters.values()} if name in NAMES else {}
    best = max(usual, key=lambda column: usual[column], default="")
    return best if usual.get(best, 0) > 0.85 else ""
