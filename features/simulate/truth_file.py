"""Reads the parameters of a simulation from TOML, or from a preset: retail, travel, finance."""

import tomllib
from dataclasses import fields
from importlib import resources
from pathlib import Path

import msgspec

from features.errors import InvalidArgumentError
from features.known_names import check_name
from features.simulate.behaviour import OwnEvent
from features.simulate.truth import Action, Truth

PRESETS = ("retail", "travel", "finance")
_TABLES = {"visits": Action, "incentives": Action, "own_events": OwnEvent}


def load_truth(source: str | Path) -> Truth:
    """Read the parameters of a simulation.

    Parameters
    ----------
    source : str or Path
        A preset, "retail", "travel" or "finance", or a TOML file with parameters of `Truth` by name; `[[visits]]`,
        `[[incentives]]` and `[[own_events]]` are lists of tables.

    Returns
    -------
    Truth
        Parameters that the file leaves out have their default.

    Raises
    ------
    InvalidArgumentError
        When the file cannot be read, or a parameter is unknown or out of range; the message names file and parameter.

    Examples
    --------
    >>> load_truth("finance").own_events[0].type
    'deposit'
    """
    preset = resources.files("features.simulate").joinpath("presets", f"{source}.toml")
    file = preset if str(source) in PRESETS else Path(source)
    try:
        tables = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InvalidArgumentError(
            f"{source}: {error.strerror}; expected a TOML file or one of {', '.join(PRESETS)}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(f"{source}: {error}") from None
    try:
        _check_names("unknown parameter", tables, Truth)
        for table, kind in _TABLES.items():
            rows = tables.get(table, [])
            for row in rows if isinstance(rows, list) else ():
                _check_names(f"unknown key of {table}", row, kind)
        return msgspec.convert(tables, Truth)
    except (InvalidArgumentError, msgspec.ValidationError) as error:
        raise InvalidArgumentError(f"{source}: {error}") from None


def _check_names(what: str, table: object, kind: type[Truth | Action | OwnEvent]) -> None:
    for name in table if isinstance(table, dict) else ():
        check_name(what, name, [field.name for field in fields(kind)], InvalidArgumentError)
