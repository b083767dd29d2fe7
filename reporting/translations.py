"""The texts of the page in each language, and their markup, from which the page can switch the language."""

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
    """Return the texts of a language by dotted key.

    Parameters
    ----------
    language : {"en", "zh"}
        The language.

    Returns
    -------
    dict of str to str

    Raises
    ------
    InvalidArgumentError
        When there is no catalogue of the language.

    Examples
    --------
    >>> catalogue("en")["segment.repeat"]
    'Repeat'
    """
    if language not in LANGUAGES:
        raise InvalidArgumentError(f"there is no catalogue {language!r}: choose one of {', '.join(LANGUAGES)}")
    texts: dict[str, str] = {}
    for name in (f"{language}.toml", f"versions_{language}.toml", f"base_{language}.toml", f"monitor_{language}.toml"):
        text = resources.files("reporting").joinpath(name).read_text(encoding="utf-8")
        texts |= _flattened(tomllib.loads(text))
    return texts


def translator(texts: Mapping[str, str]) -> Callable[..., Markup]:
    """Return the function that renders a text as HTML with its key and arguments as data attributes.

    The function takes the key of a text and its arguments: numbers already formatted, or the keys of other texts as
    `@key`. The page's script reads the attributes to show the text in another language.
    """

    def translate(key: str, **arguments: object) -> Markup:
        values = {name: str(value) for name, value in arguments.items()}
        attribute = Markup(' data-a="{}"').format(json.dumps(values, ensure_ascii=False)) if values else Markup("")
        return Markup('<span data-t="{}"{}>{}</span>').format(key, attribute, html_text(texts, key, values))

    return translate


def plain_text(texts: Mapping[str, str], key: str, arguments: Mapping[str, str] | None = None) -> str:
    """Return a text with its arguments filled in.

    For an unknown key, such as that of a part of the user's own rule, the last word of the key is returned.
    """
    text = texts.get(key, key.rpartition(".")[2].replace("_", " "))
    for name, value in (arguments or {}).items():
        text = text.replace(f"{{{name}}}", plain_text(texts, value[1:]) if value.startswith("@") else value)
    return text


def html_text(texts: Mapping[str, str], key: str, arguments: Mapping[str, str] | None = None) -> Markup:
    """Return `plain_text` as escaped HTML, with *stars* as bold."""
    return Markup(re.sub(r"\*(.+?)\*", r"<strong>\1</strong>", str(escape(plain_text(texts, key, arguments)))))


def _flattened(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
