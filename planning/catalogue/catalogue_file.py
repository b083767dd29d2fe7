"""Reads a catalogue of actions from TOML, checks it as a whole, and says in one line which key is wrong."""

import math
import string
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from features.definitions import FEATURE_NAMES
from features.definitions.generic import generic_family
from features.errors import CatalogueError, EventWordsError
from features.event_words import EventWords
from features.known_names import check_name
from features.schema import WORDS
from planning.catalogue.actions import PLANNING_COLUMNS, Action, Catalogue, ContentRule, Minimum, Pool, check_action
from planning.catalogue.conditions import check_condition

PRESETS = ("retail", "travel", "finance")
"""The catalogues that come along."""


def load_catalogue(source: str | Path | None = None) -> Catalogue:
    """Read and check a catalogue.

    Parameters
    ----------
    source : str or Path, optional
        The name of a preset (retail, travel, finance) or the path of a TOML file like theirs in
        `planning/catalogue/presets/`; by default `retail`.

    Returns
    -------
    Catalogue

    Raises
    ------
    CatalogueError
        When the file cannot be read or used; the message has the file and the key.

    Examples
    --------
    >>> catalogue = load_catalogue("retail")
    >>> catalogue.action("phone").channel, catalogue.pool("budget").unit
    ('phone', 'currency')
    """
    source = "retail" if source is None else source
    preset = isinstance(source, str) and source in PRESETS
    file = resources.files("planning.catalogue").joinpath(f"presets/{source}.toml") if preset else Path(source)
    try:
        return _catalogue(tomllib.loads(file.read_bytes().decode("utf-8-sig")))
    except FileNotFoundError:
        raise CatalogueError(
            f"{file}: there is no such file; expected a catalogue in TOML, or one of {', '.join(PRESETS)}"
        ) from None
    except OSError as error:
        raise CatalogueError(f"{file}: {error.strerror}, expected a catalogue in TOML; check the path") from None
    except (CatalogueError, ValueError) as error:
        raise CatalogueError(f"{file}: {error}") from None


def converted(found: Any, into: Any, place: str) -> Any:
    """Return a table of TOML as a struct; raises CatalogueError that begins with its place in the file.

    Parameters
    ----------
    found : object
    into : type
        A msgspec.Struct.
    place : str
        Like `actions.phone`; empty for the whole file.
    """
    where = f"{place}: " if place else ""
    if not isinstance(found, Mapping):
        raise CatalogueError(f"{where}found {str(found)[:60]!r}, expected a table of keys")
    for key in found:
        check_name(f"{where}unknown key", key, into.__struct_fields__, CatalogueError)
    try:
        instance = msgspec.convert(found, into)
    except msgspec.ValidationError as error:
        message, _, path = str(error).replace("`", "").partition(" - at $.")
        raise CatalogueError(f"{where}{message}{f', in {path}' if path else ''}") from None
    for name in into.__struct_fields__:
        if isinstance(value := getattr(instance, name), float) and not math.isfinite(value):
            raise CatalogueError(f"{where}{name} is {value}, expected a finite number")
    return instance


def _catalogue(found: dict[str, Any]) -> Catalogue:
    tables: dict[str, Any] = {
        "pools": _named(found, "pools", Pool),
        "actions": _named(found, "actions", Action),
        "content_rules": _listed(found, "content_rules", ContentRule),
        "minimums": _listed(found, "minimums", Minimum),
    }
    try:
        events = EventWords.from_dict(found.get("events", {}))
        words = WORDS.plus(_without(events, WORDS), "events")
    except EventWordsError as error:
        message = str(error)
        raise CatalogueError(message if message.startswith("events") else f"events: {message}") from None
    for name in Catalogue.__struct_fields__:
        if name not in found and name in ("version", "currency", "margin", "horizon_days", "pools", "actions"):
            raise CatalogueError(f"{name} is missing: planning/catalogue/presets/retail.toml shows every key")
    whole = {**found, **{name: msgspec.to_builtins(table) for name, table in tables.items()}}
    catalogue: Catalogue = converted(whole, Catalogue, "")
    _check(catalogue, words)
    return catalogue


def _named(found: Mapping[str, Any], key: str, into: type) -> tuple[Any, ...]:
    """Return the structs of a table of tables, whose keys are the names."""
    tables = found.get(key, {})
    if not isinstance(tables, Mapping) or not tables:
        raise CatalogueError(f"{key} is missing or empty: expected a table with one line for each, by name")
    return tuple(
        converted({"name": name, **table} if isinstance(table, Mapping) else table, into, f"{key}.{name}")
        for name, table in tables.items()
    )


def _listed(found: Mapping[str, Any], key: str, into: type) -> tuple[Any, ...]:
    tables = found.get(key, [])
    if not isinstance(tables, list):
        raise CatalogueError(f"{key} is {str(tables)[:60]!r}, expected a list of tables: [[{key}]]")
    return tuple(converted(table, into, f"{key}[{number}]") for number, table in enumerate(tables, 1))


def _without(events: EventWords, known: EventWords) -> EventWords:
    """Return the words that are not known yet; those of the settings file may be there already."""

    def unknown(name: str) -> dict[str, tuple[str, ...]]:
        lists = getattr(known, name)
        return {t: tuple(w for w in ws if w not in lists.get(t, ())) for t, ws in getattr(events, name).items()}

    return EventWords(
        tuple(word for word in events.types if word not in known.types),
        unknown("channels"),
        unknown("goals"),
        unknown("outcomes"),
        tuple(word for word in events.amounts if word not in known.amounts),
    )


def columns_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names that conditions of a catalogue may use."""
    types = [name for name in catalogue.events.types if name not in WORDS.types]
    families = [generic_family(name, name in catalogue.events.amounts) for name in types]
    own = [column.name for family in families for column in family.columns]
    return (*FEATURE_NAMES, *own, *PLANNING_COLUMNS, *catalogue.attributes)


def _check(catalogue: Catalogue, words: EventWords) -> None:
    """Check what needs more than one table; raises CatalogueError that begins with the key."""
    columns = columns_of(catalogue)
    for name in catalogue.attributes:
        if name in columns_of(msgspec.structs.replace(catalogue, attributes=())):
            raise CatalogueError(f"attributes: {name} is a column of Regulars: give the attribute another name")
    for pool in catalogue.pools:
        if pool.per == "day" and pool.unit != "contacts":
            raise CatalogueError(f"pools.{pool.name}: per day is for contacts, found {pool.unit}: give rep or plan")
    for rating in ("satisfaction", "loyalty"):
        points = [getattr(action, f"{rating}_points") for action in catalogue.actions]
        if getattr(catalogue, f"worth_of_{rating}_point") and not any(points):
            raise CatalogueError(f"worth_of_{rating}_point is above 0, but no action has {rating}_points: give some")
    for action in catalogue.actions:
        try:
            check_action(action, catalogue, words, columns)
        except CatalogueError as error:
            raise CatalogueError(f"actions.{action.name}: {error}") from None
    goals, contents = (
        {each for a in catalogue.actions for each in a.goals},
        {each for a in catalogue.actions for each in a.contents},
    )
    for number, rule in enumerate(catalogue.content_rules, 1):
        place = f"content_rules[{number}]"
        check_name(f"{place}: content: no action has", rule.content, sorted(contents), CatalogueError)
        check_name(f"{place}: goal: no action has", rule.goal, sorted(goals), CatalogueError)
        try:
            check_condition(rule.when, columns)
        except CatalogueError as error:
            raise CatalogueError(f"{place}: when: {error}") from None
        for text in (rule.reason, rule.reason_zh):
            _check_template(f"{place}: reason", text, columns)
    for number, minimum in enumerate(catalogue.minimums, 1):
        place = f"minimums[{number}]"
        check_name(f"{place}: goal: no action has", minimum.goal, sorted(goals), CatalogueError)
        check_name(f"{place}: unknown pool", minimum.pool, [p.name for p in catalogue.pools], CatalogueError)


FORMATS = ("", ".0f", ".1f", ".2f", ".0%")
"""How a reason may write a number."""


def _check_template(place: str, text: str, columns: tuple[str, ...]) -> None:
    """Check that a reason's braces hold nothing but names of columns."""
    try:
        fields = [(name, spec, how) for _, name, spec, how in string.Formatter().parse(text) if name is not None]
    except ValueError:
        raise CatalogueError(f"{place}: {text!r} has a brace without its other; expected {{column}}") from None
    for name, spec, how in fields:
        check_name(f"{place}: unknown column", name, columns, CatalogueError)
        if how or spec not in FORMATS:
            expected = ", ".join(FORMATS[1:])
            raise CatalogueError(f"{place}: {text!r} formats {name} with {how or spec!r}; expected one of {expected}")
