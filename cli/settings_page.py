"""A commented settings file, and docs/settings.md, from the dataclasses of the sections and their docstrings.

Run `python -m cli.settings_page > docs/settings.md` after changing a section.
"""

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from inspect import getdoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from cli.settings import SECTIONS, section_class
from features.settings_file import PathOrAddress

FILE_HEAD = """\
# Settings of Regulars. A line that begins with #name shows a default, or an example where there is none; remove the #
# to set it. A variable REGULARS_<SECTION>_<KEY> stands above this file, an option of the command above both.
"""
PAGE_HEAD = """\
# Settings

Written by `python -m cli.settings_page`; a test keeps it current. `regulars init` writes a settings file with all of
these, commented out.

The settings file is the one of `regulars --config FILE VERB ...`, else of the variable `REGULARS_CONFIG`, else
`regulars.toml` in the working directory; an empty `REGULARS_CONFIG` means none. The command, `bentoml serve` and their
worker processes read the same file. A variable `REGULARS_<SECTION>_<KEY>` stands above the file, for instance
`REGULARS_TRIALS_COUNT=5` or `REGULARS_FIT_HORIZONS=30,90`, and an option of the command above both. Paths in the file
are relative to the file. An unknown section or key, or a value that cannot be used, ends the command with exit code 2
and one line before it begins to work.
"""
SECTION_HEAD = """
## [{name}]

{summary}

| key | type | default | meaning |
|---|---|---|---|
"""
WIDTH = 118
TYPES = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    Path: "path",
    PathOrAddress: "path or address",
}


class Key(NamedTuple):
    """A key of a section.

    Attributes
    ----------
    name : str
    type : str
        In words.
    default : object
        None where it is not set.
    example : object
        None where the default says enough.
    meaning : str
    """

    name: str
    type: str
    default: object
    example: object
    meaning: str


def summary_of(name: str) -> str:
    """Return what a section is for, from its docstring."""
    text = getdoc(section_class(name)) or ""
    return " ".join(text.partition("\n\n")[0].split())


def keys_of(name: str) -> list[Key]:
    """Return the keys of a section, in order."""
    settings_class = section_class(name)
    hints, meanings = get_type_hints(settings_class), _meanings(settings_class)
    return [
        Key(
            each.name,
            type_in_words(hints[each.name]),
            _default(each),
            each.metadata.get("example"),
            meanings[each.name],
        )
        for each in fields(settings_class)
    ]


def settings_file() -> str:
    """Return the text of a settings file with every key commented out."""
    lines = [FILE_HEAD.rstrip()]
    for name in SECTIONS:
        lines += ["", "", f"[{name}]", *_comment(summary_of(name))]
        for key in keys_of(name):
            value, note = key.default, ""
            if key.default is None:
                value, note = key.example, " Not set; for instance:"
            elif key.example is not None:
                note = f" For instance {to_toml(key.example)}."
            lines += ["", *_comment(key.meaning + note), f"#{key.name} = {to_toml(value)}"]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the text of docs/settings.md."""
    parts = [PAGE_HEAD]
    for name in SECTIONS:
        parts.append(SECTION_HEAD.format(name=name, summary=summary_of(name)))
        for key in keys_of(name):
            default = "" if key.default is None else f"`{to_toml(key.default)}`"
            example = "" if key.example is None else f" For instance `{to_toml(key.example)}`."
            parts.append(f"| `{key.name}` | {key.type} | {default} | {key.meaning}{example} |\n")
    return "".join(parts)


def to_toml(value: object) -> str:
    """Return a value as TOML, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_bare(name)} = {to_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def type_in_words(hint: Any) -> str:
    """Return a type such as `tuple[int, ...] | None` in words: list of whole numbers."""
    origin, inner = get_origin(hint), [each for each in get_args(hint) if each not in (NoneType, Ellipsis)]
    if origin in (Union, UnionType):
        return " or ".join(map(type_in_words, inner))
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in inner)
    if origin is tuple:
        return f"list of {_plural(type_in_words(inner[0]))}"
    if origin is not None and issubclass(origin, Mapping):
        return f"table of {_plural(type_in_words(inner[1]))}"
    return TYPES[hint]


def _plural(words: str) -> str:
    return words.replace("list of", "lists of") if words.startswith("list of") else f"{words}s"


def _bare(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _default(each: "Field[Any]") -> object:
    return each.default if each.default_factory is MISSING else each.default_factory()


def _meanings(settings_class: type[Any]) -> dict[str, str]:
    """Return what each attribute means, from the numpydoc section Attributes."""
    text = re.search(r"^Attributes\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}$|\Z)", getdoc(settings_class) or "", re.M | re.S)
    entries = re.split(r"^(\w[\w, ]*) : .*\n", text[1] if text else "", flags=re.M)[1:]
    pairs = zip(entries[::2], entries[1::2], strict=True)
    return {name: " ".join(meaning.split()) for names, meaning in pairs for name in names.split(", ")}


if __name__ == "__main__":
    print(page(), end="")
