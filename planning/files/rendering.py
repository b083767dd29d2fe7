"""Pages that work offline: both languages in the page, one script, one style, and a policy that allows no others."""

from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from features.atomic_file import atomic_write
from features.content_security import content_security_policy
from planning.files.translations import in_chinese, in_english

LANGUAGES = ("en", "zh")
SCRIPT, STYLE = "page.js", "page.css"


def write_page(path: str | Path, template: str, language: str, **context: object) -> None:
    """Write a page from a template of this package.

    Parameters
    ----------
    path : str or Path
        Replaced in one step.
    template : str
        A file of this package that extends `base.html`.
    language : {"en", "zh"}
        The language shown first; the page can switch it.
    context : object
        What the template reads.
    """
    script, style = _file(SCRIPT), _file(STYLE)
    text = (
        _environment()
        .get_template(template)
        .render(
            language=language,
            style=Markup(style),
            script=Markup(script),
            policy=content_security_policy([script], [style]),
            **context,
        )
    )
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("planning.files", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"t": both, "word": word}
    environment.filters |= {"count": count, "money": money, "signed": signed}
    return environment


def both(english: object, chinese: object) -> Markup:
    """Return a text in both languages, of which the page shows one."""
    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(english, chinese)


def word(text: str | None) -> Markup:
    """Return a word of the event log or of a plan in both languages."""
    return both(in_english(text), in_chinese(text))


def count(number: float) -> str:
    """Return a number of things: 1,234; a dash for none."""
    return "–" if _missing(number) else f"{number:,.0f}".replace("-", "−")


def money(number: float) -> str:
    """Return currency with as many digits as people read: 1,234, 12.3, 0.45; a dash for none."""
    if _missing(number):
        return "–"
    digits = 0 if abs(number) >= 100 or abs(number) < 0.005 else 1 if abs(number) >= 10 else 2
    return f"{0.0 if abs(number) < 0.005 else number:,.{digits}f}".replace("-", "−")


def signed(number: float) -> str:
    """Return currency with its sign."""
    return f"+{money(number)}" if not _missing(number) and number >= 0.005 else money(number)


def _missing(number: float | None) -> bool:
    return number is None or bool(pd.isna(number))


@cache
def _file(name: str) -> str:
    return resources.files("planning.files").joinpath(name).read_text(encoding="utf-8")
