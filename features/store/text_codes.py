"""The codes of the texts that a store keeps with some events: positions in a list that only grows at its end."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.errors import StoreError
from features.schema import VISIT_CONTENTS
from features.store.customer_ids import CustomerIdEncoder
from features.store.event_store import EventStore
from features.store.layout import ABSENT, TEXT_DTYPES
from features.store.row_packing import (
    CONTENT_WORD,
    MOST_CONTENTS,
    OPTIONAL_WORDS,
    WITHOUT_CONTENT,
    Words,
    add_contents,
    contents,
)
from features.store.text_files import write_texts

FIRST_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {"content": VISIT_CONTENTS, "plan_item": ()}
"""The texts with which each list begins."""

PLAN_ITEM = OPTIONAL_WORDS["plan_item"]


class TextEncoder:
    """Gives the texts of `layout.TEXT_DTYPES` codes: those of a store stay, new ones follow in their own order.

    Parameters
    ----------
    known : mapping of str to pyarrow.StringArray
        The texts of a store that is added to, which keep their codes.
    """

    def __init__(self, known: Mapping[str, pa.StringArray]) -> None:
        self._known = {name: len(known.get(name, FIRST_TEXTS[name])) for name in TEXT_DTYPES}
        self._encoders = {name: CustomerIdEncoder() for name in TEXT_DTYPES}
        self._settled: dict[str, NDArray[np.int64]] = {}
        for name, encoder in self._encoders.items():
            encoder.codes(known.get(name, pa.array(FIRST_TEXTS[name], pa.string())))

    def encode(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with codes in the place of these texts, in order of first appearance until `settle`.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            Its columns of `layout.TEXT_DTYPES`, where it has any, are text or dictionaries of text.
        """
        for name, encoder in self._encoders.items():
            if name in batch.schema.names:
                texts = batch[name]
                present = texts.is_valid().to_numpy(zero_copy_only=False)
                codes = np.full(len(texts), ABSENT[name], TEXT_DTYPES[name])
                if present.any():
                    codes[present] = encoder.codes(_compact(texts.filter(pa.array(present))))
                of_rows = pa.array(codes, mask=~present)
                batch = batch.set_column(batch.schema.get_field_index(name), name, of_rows)
        return batch

    def settle(self, words: Words) -> None:
        """Give packed rows the codes of the files, in place; no more rows may be encoded then.

        Parameters
        ----------
        words : numpy.ndarray of int64, shape (rows, 4 to 10)
        """
        if (codes := contents(words)).max(initial=-1) >= self._known["content"]:
            words[:, CONTENT_WORD] &= WITHOUT_CONTENT
            add_contents(words, _recoded(codes, self._ranks("content")))
        if words.shape[1] > PLAN_ITEM:
            words[:, PLAN_ITEM] = _recoded(words[:, PLAN_ITEM], self._ranks("plan_item"))

    def _order(self, name: str) -> NDArray[np.int64]:
        """Return the codes of encoding in the order of the file."""
        known = self._known[name]
        new = pc.sort_indices(self._encoders[name].ids()[known:]).to_numpy().astype(np.int64)
        return np.concatenate((np.arange(known), known + new))

    def _ranks(self, name: str) -> NDArray[np.int64]:
        if name not in self._settled:
            order = self._order(name)
            self._settled[name] = np.empty(len(order), np.int64)
            self._settled[name][order] = np.arange(len(order))
        return self._settled[name]

    def texts(self, name: str) -> pa.StringArray:
        """Return the texts of a column in the order of the file; no more rows may be encoded then."""
        return self._encoders[name].ids().take(pa.array(self._order(name)))

    def write(self, folder: Path, names: Iterable[str]) -> None:
        """Write the texts of some columns to a data folder; raises StoreError when there are too many contents."""
        for name in names:
            texts = self.texts(name)
            if name == "content" and len(texts) > MOST_CONTENTS:
                raise StoreError(
                    f"the visits have {len(texts):,} different contents, expected {MOST_CONTENTS:,} at most: ingest "
                    "the log without the column content"
                )
            write_texts(folder, name, texts)


def _recoded(codes: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return other codes for codes; -1 stays."""
    recoded: NDArray[np.int64] = np.append(ranks, ABSENT["plan_item"])[codes]
    return recoded


def _compact(texts: pa.Array) -> pa.Array:
    """Return texts without null, of a dictionary without entries that no row has."""
    if not pa.types.is_dictionary(texts.type):
        return texts
    used, rows = np.unique(texts.indices.to_numpy(), return_inverse=True)
    return pa.DictionaryArray.from_arrays(pa.array(rows.astype(np.int32)), texts.dictionary.take(pa.array(used)))


def texts_of(store: EventStore, name: str, rows: NDArray[Any] | slice = slice(None)) -> pa.StringArray:
    """Return the texts of a column of some events, null where absent.

    Parameters
    ----------
    store : EventStore
    name : {"content", "plan_item"}
    rows : numpy.ndarray of int64 or bool, or slice
        Rows of the store, all by default.

    Returns
    -------
    pyarrow.StringArray
    """
    if name not in store.text_codes:
        return pa.nulls(len(np.empty(store.n_events, np.bool_)[rows]), pa.string())
    codes = store.text_codes[name][rows]
    return store.texts[name].take(pa.array(codes, mask=codes < 0))
