"""A page for every customer, beside the report: each file holds the customers of one part of the base.

The part of a customer is the CRC-32 of the id, so that the report needs no index of them. Each file is as
self-contained as the report, and opens from disk and from a service alike.
"""

import json
import math
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from features.atomic_file import atomic_write
from features.schema import WORDS
from reporting.build import Report
from reporting.page.customer_columns import customer_columns, customer_facts
from reporting.page.rendering import as_json, columns, render
from reporting.timelines import event_words
from reporting.translations import LANGUAGES, catalogue

SCRIPTS = (
    *("texts.js", "customer_address.js", "customer_view.js", "timeline.js", "customer_page.js", "theme.js"),
    "customer_start.js",
)
TEXTS = (
    *(
        "band",
        "customer",
        "event",
        "factor",
        "label",
        "language",
        "nav",
        "other_language",
        "page",
        "part",
        "part_behaviour",
    ),
    *("segment", "step", "timeline", "word"),
)
"""The groups of texts that these pages show."""
PER_PAGE = 200
"""Customers a page: it is read whole for one of them, and has about a kilobyte for each."""
MOST_EVENTS = 300
"""The most events of a customer, the latest."""
MARK = "customer-data-goes-here"


def parts_of(customers: int) -> int:
    """Return into how many pages so many customers are divided."""
    return max(1, math.ceil(customers / PER_PAGE))


def part_of(customer_id: str, parts: int) -> int:
    """Return the page of a customer, as the scripts find it too."""
    return zlib.crc32(customer_id.encode()) % parts


def write_customer_pages(folder: Path, report: Report, language: str = "en") -> None:
    """Write the pages to a folder, which is made; pages of an earlier report that are no longer used are removed.

    Parameters
    ----------
    folder : pathlib.Path
    report : Report
    language : {"en", "zh"}
        The first language.
    """
    written = set()
    for name, text in customer_pages(report, language):
        with atomic_write(folder / name) as part:
            part.write_text(text, encoding="utf-8")
        written.add(name)
    for file in folder.glob("*.html"):
        if file.name not in written:
            file.unlink()


def customer_pages(report: Report, language: str = "en") -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page; see `write_customer_pages`."""
    table = customer_columns(report).reset_index(drop=True)
    parts = parts_of(len(table))
    part = np.asarray([part_of(each, parts) for each in table["customer_id"]])
    events = _events(report)
    scores = report.timelines.scores
    shared = _shared(report, language, parts)
    page = _empty_page(report, language)
    for number in range(parts):
        rows = np.flatnonzero(part == number)
        held = {
            **shared,
            "customers": columns(table.iloc[rows]),
            "events": [events[row] for row in rows],
            "scores": [list(each) for each in zip(*columns(scores.iloc[rows].round(2)).values(), strict=True)],
        }
        yield f"{number:05}.html", page.replace(json.dumps(MARK), as_json(held), 1)


def _shared(report: Report, language: str, parts: int) -> dict[str, Any]:
    texts = {name: catalogue(name) for name in LANGUAGES}
    return {
        "language": language,
        "catalogues": {
            name: {key: text for key, text in each.items() if key.partition(".")[0] in TEXTS}
            for name, each in texts.items()
        },
        "title": {"key": "customer.title", "values": {}},
        **customer_facts(report),
        "parts": parts,
        "dates": list(report.timelines.scores),
        "kinds": list(WORDS.types),
        "bands": [{"name": band.name, "at_least": band.at_least} for band in report.comparison.formula.bands],
        "most_events": MOST_EVENTS,
    }


def _empty_page(report: Report, language: str) -> str:
    return render(
        "customer.html",
        language,
        ("customer.title", {}),
        SCRIPTS,
        MARK,
        libraries=(),
        made="page.made",
        sections=("history", "scores"),
        code_version=report.comparison.compared_model.model.card.code_version,
        as_of=report.comparison.as_of,
        formula_version=report.comparison.formula.version,
    )


def _events(report: Report) -> list[list[list[Any]]]:
    """Return for each customer their latest events: the day, the kind, cents (null without), and words."""
    table = report.timelines.events
    cents = [None if math.isnan(each) else int(each) for each in table["cents"].tolist()]
    rows = zip(table["day"].tolist(), table["kind"].tolist(), cents, event_words(table), strict=True)
    events = [[day, kind, amount, *words] for day, kind, amount, words in rows]
    ends = np.searchsorted(table["position"].to_numpy(), np.arange(len(report.timelines.scores) + 1))
    return [events[max(first, last - MOST_EVENTS) : last] for first, last in pairwise(ends)]
