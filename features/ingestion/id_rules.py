"""Tells customers from words for nobody, and makes ids of one customer equal where a profile asks for it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.ingestion.casting import RowErrors, cast_text, strip_whitespace, text_bytes
from features.ingestion.profile import IdProfile

NOBODY = (
    *("null", "nan", "none", "nil", "n/a", "na", "#n/a", "<na>", "(null)", "undefined", "unknown", "anonymous"),
    *("guest", "-", "?"),
)
"""Words that stand for no customer in the exports of shops and in tables of pandas, whatever their case."""
TOTALS = (
    *("total", "totals", "grand total", "subtotal", "sub total", "sub-total", "sum", "summe", "gesamt", "gesamtsumme"),
    *("zwischensumme", "insgesamt", "totale", "total general", "合计", "总计", "小计"),
)
"""Words for the rows of totals that spreadsheets and reports have below, and between, those of customers."""
IS_TOTAL = "is a total of other rows, not a customer"
WHOLE_NUMBER = r"^(-?\d+)\.0+$"


def read_ids(column: pa.Array, rules: IdProfile, errors: RowErrors) -> pa.Array:
    """Return ids as the rules make them equal; words for nobody are added to the errors.

    Parameters
    ----------
    column : pyarrow.Array, shape (rows,)
        A dictionary stays one, and each of its texts is looked at once.
    rules : IdProfile
    errors : RowErrors
    """
    if pa.types.is_dictionary(column.type) and len(column.dictionary):
        entry_errors = RowErrors()
        entries = _read(column.dictionary, rules, entry_errors)
        for name, reason, rows in entry_errors.entries:
            wrong = np.zeros(len(entries) + 1, bool)
            wrong[rows] = True
            errors.add(name, reason, wrong[column.indices.cast(pa.int32()).fill_null(len(entries)).to_numpy()])
        return pa.DictionaryArray.from_arrays(column.indices, entries)
    return _read(column, rules, errors)


def _read(column: pa.Array, rules: IdProfile, errors: RowErrors) -> pa.Array:
    if not pa.types.is_string(column.type):
        column = cast_text("customer_id", column, errors)
    if rules.whole_numbers or rules.fold_case or rules.fold_spaces:
        column = strip_whitespace(column)
    if rules.whole_numbers:
        column = pc.replace_substring_regex(column, WHOLE_NUMBER, r"\1")
    if rules.fold_case:
        column = pc.utf8_lower(column)
    if rules.fold_spaces:
        column = pc.replace_substring_regex(column, r"\s+", "")
    nobody = [*NOBODY, *(word.strip().lower() for word in rules.nobody)]
    rows = _candidates(column, [*nobody, *TOTALS])
    if len(rows):
        texts = pc.utf8_rtrim(pc.utf8_lower(pc.utf8_trim_whitespace(column.take(pa.array(rows)))), ":")
        for words, reason in (
            (nobody, "stands for nobody: leave the row out, or give the customer"),
            ([word for word in TOTALS if word not in nobody], IS_TOTAL),
        ):
            is_word = np.zeros(len(column), bool)
            is_word[rows] = pc.is_in(texts, pa.array(words)).to_numpy(zero_copy_only=False)
            errors.add("customer_id", reason, is_word)
    return column


def are_whole_numbers(column: pa.Array, rules: IdProfile) -> bool:
    """Return whether all ids are whole numbers such as 12346.0; words for nobody and of totals are no ids."""
    ids = strip_whitespace(cast_text("", column, RowErrors())).unique().drop_null()
    words = [*NOBODY, *TOTALS, "", *(word.strip().lower() for word in rules.nobody)]
    ids = ids.filter(pc.invert(pc.is_in(pc.utf8_rtrim(pc.utf8_lower(ids), ":"), pa.array(words))))
    return bool(len(ids) and pc.all(pc.match_substring_regex(ids, WHOLE_NUMBER)).as_py())


def _candidates(text: pa.StringArray, words: list[str]) -> NDArray[np.int64]:
    """Return the rows whose first byte begins a word, or white space; most columns of ids have hardly any."""
    data = text_bytes(text)
    if not len(data):
        return np.empty(0, np.int64)
    begins = np.zeros(256, bool)
    begins[[byte for word in words if word for byte in (word.encode()[0], word.upper().encode()[0])]] = True
    begins[:33] = True
    begins[128:] = True
    ends = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    starts = ends - ends[0]
    lengths = np.diff(starts)
    longest = max(len(word.encode()) for word in words) + 8
    rows: NDArray[np.int64] = np.flatnonzero((lengths > 0) & (lengths <= longest))
    likely: NDArray[np.int64] = rows[begins[data[starts[rows]]]]
    return likely
