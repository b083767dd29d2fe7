"""Writes a source profile as TOML: each section with the keys that are set, and the others as comments."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from features.ingestion.profile import SourceProfile

TITLES = {
    "columns": "The contract's columns, and what the source calls them.",
    "constants": "The contract's columns that have one value in all rows.",
}


def profile_text(profile: SourceProfile, comments: Mapping[str, str] | None = None) -> str:
    """Return a profile as a TOML text that `parse_profile` reads as the same profile.

    Parameters
    ----------
    profile : SourceProfile
    comments : mapping of str to str, optional
        What to say above a key, such as {"columns.event_time": "certain"}; "" stands for the whole file.
    """
    comments = comments or {}
    lines = _comment(comments.get("", "A source profile: regulars ingest --profile FILE SOURCE --out STORE"))
    for section in fields(profile):
        value = getattr(profile, section.name)
        if is_dataclass(value) and not isinstance(value, type):
            lines += ["", f"[{section.name}]  # {_first_line(value)}"]
            for key in fields(value):
                name = f"{section.name}.{key.name}"
                found = getattr(value, key.name)
                unset = found == getattr(type(value)(), key.name)
                if unset and section.name not in comments and name not in comments:
                    continue
                lines += _comment(comments.get(name, key.metadata["help"]))
                lines.append(("# " if unset else "") + f"{key.name} = {toml_value(found)}")
        else:
            lines += ["", f"[{section.name}]  # {TITLES[section.name]}"]
            for key_name, text in value.items():
                lines += _comment(comments.get(f"{section.name}.{key_name}", ""))
                lines.append(f"{key_name} = {toml_value(text)}")
    return "\n".join(_without_empty_sections(lines)) + "\n"


def settings_of(profile: SourceProfile) -> list[tuple[str, str]]:
    """Return what a profile says beside columns and constants: each key that is set, and its value as TOML."""
    sections = [(each.name, getattr(profile, each.name)) for each in fields(profile)]
    return [
        (f"{section}.{key.name}", toml_value(getattr(value, key.name)))
        for section, value in sections
        if is_dataclass(value) and not isinstance(value, type)
        for key in fields(value)
        if getattr(value, key.name) != getattr(type(value)(), key.name)
    ]


def toml_value(value: Any) -> str:
    """Return a value as TOML; its strings are those of JSON, which TOML reads."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_value(key)} = {toml_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _first_line(value: Any) -> str:
    return (type(value).__doc__ or "").split("\n")[0]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in text.splitlines()]


def _without_empty_sections(lines: list[str]) -> list[str]:
    """Return the lines without sections that have neither a key nor a comment."""
    kept: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("[") and not following:
            kept.pop()
            continue
        kept.append(line)
    return kept
