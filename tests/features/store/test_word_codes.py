"""Codes of other event words: every row keeps its words and its place."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.event_words import EventWords, conflict
from features.store.layout import ABSENT, DTYPES, SORT_ORDER, WORD_LISTS
from features.store.word_codes import recoded

TYPES, WORDS = ("visit", "deposit", "loan", "trip"), ("wechat", "phone", "branch", "app")

ORDER = [name for name in SORT_ORDER if name in DTYPES]


@st.composite
def two_sets(draw: st.DrawFn) -> tuple[EventWords, EventWords]:
    """Draw two sets of words, the second with some more, put anywhere."""

    def part(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word for word in words if draw(st.booleans()))

    types = tuple(draw(st.permutations(TYPES)))
    fewer = part(types)
    today, stored = {}, {}
    for name in WORD_LISTS.values():
        today[name] = {event_type: tuple(draw(st.permutations(WORDS))) for event_type in types}
        stored[name] = {event_type: part(today[name][event_type]) for event_type in fewer}
    return EventWords(fewer, **stored), EventWords(types, **today)


def words_of(columns: dict[str, NDArray[np.generic]], words: EventWords) -> list[tuple[str | None, ...]]:
    rows = []
    for kind, *codes in zip(*(columns[name].tolist() for name in ("kind", *WORD_LISTS)), strict=True):
        event_type = words.types[kind]
        lists = [getattr(words, name).get(event_type, ()) for name in WORD_LISTS.values()]
        rows.append((event_type, *(None if c == 255 else w[c] for c, w in zip(codes, lists, strict=True))))
    return rows


@given(two_sets(), st.data())
def test_rows_keep_their_words_and_their_order(sets: tuple[EventWords, EventWords], data: st.DataObject) -> None:
    """The translated columns say what the stored ones said, in an order that is still the store's."""
    stored, today = sets
    assert conflict(stored, today) is None
    rows = []
    for _ in range(data.draw(st.integers(0, 8)) if stored.types else 0):
        kind = data.draw(st.integers(0, len(stored.types) - 1))
        row = {name: ABSENT.get(name, 0) for name in DTYPES} | {"kind": kind}
        for column, name in WORD_LISTS.items():
            count = len(getattr(stored, name).get(stored.types[kind], ()))
            row[column] = data.draw(st.sampled_from([*range(count), 255]))
        rows.append(row)
    rows.sort(key=lambda row: [row[name] for name in ORDER])
    columns = {name: np.array([row[name] for row in rows], dtype) for name, dtype in DTYPES.items()}
    found = recoded(columns, stored, today)
    assert {name: column.dtype for name, column in found.items()} == {n: np.dtype(d) for n, d in DTYPES.items()}
    assert words_of(dict(found), today) == words_of(columns, stored)
    keys = list(zip(*(found[name].tolist() for name in ORDER), strict=True))
    assert keys == sorted(keys)


def test_a_longer_list_of_today_costs_nothing() -> None:
    """Where the stored lists are the first words of today's, the arrays are the same ones."""
    columns = {name: np.zeros(3, dtype) for name, dtype in DTYPES.items()}
    today = EventWords(("visit", "trip"), {"visit": ("phone", "wechat")})
    assert recoded(columns, EventWords(("visit",), {"visit": ("phone",)}), today) is columns
    assert recoded(columns, EventWords(("trip",)), today) is not columns
