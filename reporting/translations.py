"""The words of the page: one catalogue a language, and how a text stands in the page so that another can replace it."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

from markupsafe import Markup, escape

from features.errors import InvalidArgumentError

LANGUAGES = ("en", "zh")


def catalogue(language: str) -> dict[str, str]:
    """Return the texts of a language by dotted name; raises ValueError for one that is not there."""
    if language not in LANGUAGES:
        raise InvalidArgumentError(f"there is no catalogue {language!r}: take one of {', '.join(LANGUAGES)}")
    text = resources.files("reporting").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text)))


def speaker(words: Mapping[str, str]) -> Callable[..., Markup]:
    """Return the function that puts a text on the page, with what the page needs to say it in another language.

    `name` of a text in the catalogue (an unknown one is said by its own last word, for a rule may have any part), and
    what to fill in: numbers as they are to be shown, or the names of other texts as `@name`.
    """

    def say(name: str, **filled: object) -> Markup:
        given = {key: str(value) for key, value in filled.items()}
        arguments = Markup(' data-a="{}"').format(json.dumps(given, ensure_ascii=False)) if given else Markup("")
        return Markup('<span data-t="{}"{}>{}</span>').format(name, arguments, marked(words, name, given))

    return say


def plain(words: Mapping[str, str], name: str, filled: Mapping[str, str] | None = None) -> str:
    """Return a text with its places filled in."""
    text = words.get(name, name.rpartition(".")[2].replace("_", " "))
    for key, value in (filled or {}).items():
        text = text.replace(f"{{{key}}}", plain(words, value[1:]) if value.startswith("@") else value)
    return text


def marked(words: Mapping[str, str], name: str, filled: Mapping[str, str] | None = None) -> Markup:
    """Return `plain` as HTML, escaped, with *stars* as bold."""
    return Markup(re.sub(r"\*(.+?)\*", r"<strong>\1</strong>", str(escape(plain(words, name, filled)))))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", str(value)
