"""Translates the codes of a store that was written with other event words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.event_words import EventWords
from features.store.layout import WORD_LISTS

CODES = 256


def recoded(columns: Mapping[str, NDArray[Any]], stored: EventWords, known: EventWords) -> Mapping[str, NDArray[Any]]:
    """Return the columns of a store with the codes of the known words.

    Parameters
    ----------
    columns : mapping of str to numpy.ndarray, shape (events,)
        Columns of `layout.DTYPES`, with the codes of the stored words.
    stored, known : EventWords
        The words that the store was written with, and those of today, without a `conflict` between them.

    Returns
    -------
    mapping of str to numpy.ndarray
        The same arrays where no code differs, else read-only copies. Rows need no other order.
    """
    if same_codes(stored, known):
        return columns
    translated = dict(columns)
    kind = columns["kind"]
    translated["kind"] = _new_codes(stored.types, known.types)[kind]
    for column, name in WORD_LISTS.items():
        table = np.tile(np.arange(CODES, dtype=np.uint8), (CODES, 1))
        for event_type, words in getattr(stored, name).items():
            table[stored.types.index(event_type)] = _new_codes(words, getattr(known, name)[event_type])
        translated[column] = table[kind, columns[column]]
    for array in translated.values():
        array.flags.writeable = False  # as in a mapped store, so that the same machine code serves
    return translated


def same_codes(stored: EventWords, known: EventWords) -> bool:
    """Return whether all stored codes stand for the same words among the known ones."""
    today = known.lists()
    return all(words == today.get(name, ())[: len(words)] for name, words in stored.lists().items())


def _new_codes(words: tuple[str, ...], today: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return the code of today for each stored code; codes without a word, such as absent, stay."""
    codes = np.arange(CODES, dtype=np.uint8)
    codes[: len(words)] = [today.index(word) for word in words]
    return codes
