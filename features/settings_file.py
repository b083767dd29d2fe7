"""The settings file `regulars.toml`: one section for each part of Regulars, checked when it is read.

The file is that of REGULARS_CONFIG, else `regulars.toml` in the working directory; an empty REGULARS_CONFIG means none.
A variable `REGULARS_<SECTION>_<KEY>` stands above the file, for instance REGULARS_TRIALS_COUNT=5; lists are written
with commas or as in TOML. Each section is a dataclass beside the code that it steers.
"""

import math
import os
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from features.errors import InvalidArgumentError, RegularsError, SettingsFileError
from features.known_names import check_name

CONFIG_VARIABLE = "REGULARS_CONFIG"
DEFAULT_NAME = "regulars.toml"
SECTIONS = (
    *("store", "ingest", "events", "formula", "segments", "forecast", "fit", "candidates", "trials", "gate", "refit"),
    *("publish", "tracking", "retrain", "monitor", "data_retention", "encryption", "serve", "plugins"),
)
"""The sections of the file; a test holds them together with the dataclasses, which higher layers define."""

T = TypeVar("T")


class PathOrAddress(str):
    """The path of a file, or an address with `://`, such as that of a database."""

    __slots__ = ()


def config_path() -> Path | None:
    """Return the settings file in use, or None; the file that REGULARS_CONFIG names need not exist."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named is not None:
        return Path(named) if named else None
    default = Path(DEFAULT_NAME)
    return default if default.is_file() else None


def raw_section(name: str) -> dict[str, Any]:
    """Return a section as the file has it, without the environment and without any check of its keys.

    Parameters
    ----------
    name : str
        One of `SECTIONS`.

    Returns
    -------
    dict
        A copy; empty without a file or without the section.

    Raises
    ------
    SettingsFileError
        When the file cannot be read, or has a section that is not one of `SECTIONS`.
    """
    path = config_path()
    return deepcopy(_sections(path).get(name, {})) if path else {}


def read_settings(name: str, settings_class: type[T], older_variables: Mapping[str, str] = MappingProxyType({})) -> T:
    """Return a section as an instance of its dataclass; what neither the file nor the environment sets is the default.

    Parameters
    ----------
    name : str
        One of `SECTIONS`.
    settings_class : type
        A dataclass whose fields are the keys of the section. Their types may be numbers, strings, booleans, literals,
        paths, tuples, mappings and optional forms of these. A path is relative to the file that holds it.
    older_variables : mapping of str to str
        Other variables that set a key, with the key; the file stands below them.

    Returns
    -------
    settings_class

    Raises
    ------
    SettingsFileError
        For an unknown key, a value of another type, and whatever the dataclass refuses itself.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class TrialSettings:
    ...     count: int = 3
    >>> os.environ["REGULARS_TRIALS_COUNT"] = "5"
    >>> read_settings("trials", TrialSettings)
    TrialSettings(count=5)
    >>> del os.environ["REGULARS_TRIALS_COUNT"]
    """
    hints = get_type_hints(settings_class)
    types_of_keys = {field.name: hints[field.name] for field in fields(settings_class)}  # type: ignore[arg-type]
    path = config_path()
    values, origins = {}, []
    for key, value in raw_section(name).items():
        origin = f"{path}: [{name}]"
        check_name(f"{origin}: unknown key", key, types_of_keys, SettingsFileError)
        values[key] = _converted(f"{origin} {key}", value, types_of_keys[key], path.parent if path else Path())
        origins = [origin]
    for variable, (key, text) in _variables(name, older_variables).items():
        check_name(f"{variable}: unknown setting", key, types_of_keys, SettingsFileError)
        values[key] = _converted(variable, _from_text(variable, text, types_of_keys[key]), types_of_keys[key])
        origins.append(variable)
    try:
        return settings_class(**values)
    except (RegularsError, ValueError, TypeError) as error:
        raise SettingsFileError(f"{', '.join(origins) or f'[{name}]'}: {error}") from None


def _variables(section: str, older: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the variables that set keys of a section, with key and text; an empty variable sets nothing."""
    prefix = f"REGULARS_{section.upper()}_"
    keys = {name: name.removeprefix(prefix).lower() for name in sorted(os.environ) if name.startswith(prefix)}
    return {name: (key, text) for name, key in {**older, **keys}.items() if (text := os.environ.get(name))}


def check_file() -> None:
    """Read the settings file and check its form and the names of its sections; raises SettingsFileError."""
    path = config_path()
    if path is not None:
        _sections(path)


def _sections(path: Path) -> Mapping[str, dict[str, Any]]:
    try:
        status = path.stat()
    except OSError as error:
        raise SettingsFileError(f"{path}: {error.strerror}; `regulars init` writes a settings file") from None
    return _parsed(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _parsed(path: Path, modified: int, size: int) -> Mapping[str, dict[str, Any]]:
    """Return the sections of a file; its time and size make the cache notice a change."""
    try:
        sections = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise SettingsFileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsFileError(f"{path}: not in UTF-8: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsFileError(f"{path}: not TOML: {error}") from None
    for name, section in sections.items():
        check_name(f"{path}: unknown section", name, SECTIONS, SettingsFileError)
        if not isinstance(section, dict):
            raise SettingsFileError(f"{path}: {name} is {section!r}, expected a section: write [{name}] above its keys")
    return sections


def _converted(origin: str, value: object, hint: Any, folder: Path | None = None) -> Any:
    """Return a value as its type, or raise SettingsFileError; a path is relative to the folder of the file.

    Without a folder the value comes from a variable, where "5" stands for a number.
    """

    def to_path(kind: type, text: object) -> Path | PathOrAddress:
        if not isinstance(text, str) or not text:
            raise InvalidArgumentError("expected the path of a file")
        scheme, is_address, rest = text.partition("://")
        if kind is PathOrAddress and is_address:
            file = f"sqlite:///{(folder or Path()) / rest.removeprefix('/')}"
            return PathOrAddress(file if scheme == "sqlite" else text)
        path = (folder or Path()) / Path(text).expanduser()
        return path if kind is Path else PathOrAddress(path)

    lax = folder is None

    try:
        converted = msgspec.convert(value, hint, strict=not lax, dec_hook=to_path)
    except msgspec.ValidationError as error:
        message = re.sub("`(.+?)`", lambda kinds: _in_words(kinds[1]), str(error).replace(" - at `$", " in `"))
        message = f"{message[0].lower()}{message[1:]}".replace(", got", ", found")
        raise SettingsFileError(f"{origin} is {value!r}: {_expected_words(hint) or message}") from None
    if _has_nan(converted):
        raise SettingsFileError(f"{origin} is {value!r}: expected a number")
    return converted


def _from_text(variable: str, text: str, hint: Any) -> object:
    """Return the text of a variable as a list or table where its setting is one, else the text itself."""
    kinds = {get_origin(kind) for kind in _alternatives(hint)}
    is_table, is_list = bool(kinds & {dict, Mapping}), bool(kinds & {tuple, list, frozenset})
    if is_table or (is_list and text.lstrip().startswith("[")):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            form = "a table like {name = 1}" if is_table else "a list like [1, 2]"
            raise SettingsFileError(f"{variable} is {text!r}: expected {form}") from None
    return [part.strip() for part in text.split(",")] if is_list else text


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


KINDS = {
    **{"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"},
    **{"array": "a list", "object": "a table", "date": "a date", "datetime": "a time"},
}


def _in_words(kinds: str) -> str:
    """Return msgspec's names of types, such as `float | null`, in words; a file has no null."""
    return " or ".join(KINDS.get(kind, kind) for kind in kinds.split(" | ") if kind != "null")


def _expected_words(hint: Any) -> str:
    """Return the words that a setting may have, if it has only words to choose from."""
    words = [word for kind in _alternatives(hint) if get_origin(kind) is Literal for word in get_args(kind)]
    return f"expected one of {', '.join(words)}" if words else ""


def _has_nan(value: object) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    values = value.values() if isinstance(value, Mapping) else value if isinstance(value, (tuple, list)) else ()
    return any(map(_has_nan, values))
