"""Packed rows: nothing is lost in packing, and the words sort as the store does."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.schema import AMOUNT_MAXIMUM
from features.store.layout import ABSENT, DTYPES, SORT_ORDER
from features.store.row_packing import (
    INSERTION_SORT_ROWS,
    MOST_CONTENTS,
    PACKED_COLUMNS,
    WORDS,
    contents,
    optional_columns,
    pack_rows,
    reference_codes,
    scatter_rows,
    sort_rows,
    unpack_rows,
)

RANGES = {
    "time": (-(2**53), 2**53),
    "kind": (0, 5),
    "cents": (0, int(AMOUNT_MAXIMUM * 100)),
    "channel": (0, 253),
    "goal": (0, 253),
    "outcome": (0, 253),
    "satisfaction": (0, 10**9),
    "loyalty": (0, 10**9),
}
NAMES = tuple(RANGES)
VALUES = {
    name: st.one_of(st.integers(*ends), st.sampled_from(ends), *([st.none()] if name in ABSENT else []))
    for name, ends in RANGES.items()
}
ROWS = st.lists(st.tuples(*VALUES.values()), min_size=1, max_size=30)
ORDER = [name for name in SORT_ORDER if name in NAMES]


def as_batch(rows: list[Any], **more: pa.Array) -> pa.RecordBatch:
    columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
    arrays = {name: pa.array(values, pa.from_numpy_dtype(DTYPES[name])) for name, values in columns.items()}
    return pa.RecordBatch.from_pydict(arrays | more)


def as_stored(rows: list[Any]) -> list[tuple[int, ...]]:
    return [tuple(ABSENT[n] if v is None else v for n, v in zip(NAMES, row, strict=True)) for row in rows]


def unpacked(words: np.ndarray[Any, Any]) -> list[tuple[int, ...]]:
    columns = {name: np.empty(len(words), DTYPES[name]) for name in PACKED_COLUMNS}
    unpack_rows(words, *columns.values())
    return list(zip(*(columns[name].tolist() for name in NAMES), strict=True))


@given(ROWS)
def test_what_is_packed_comes_out_again(rows: list[Any]) -> None:
    """Every value in its range and what is absent, through four words a row."""
    words = pack_rows(as_batch(rows))
    assert words.shape == (len(rows), WORDS)
    assert unpacked(words) == as_stored(rows)


@given(ROWS)
def test_words_sort_as_the_columns_do(rows: list[Any]) -> None:
    """Word by word is the order of the store: time, kind, then the content."""
    stored = as_stored(rows)
    by_columns = sorted(stored, key=lambda row: [row[NAMES.index(name)] for name in ORDER])
    assert [unpacked(np.array([words]))[0] for words in sorted(pack_rows(as_batch(rows)).tolist())] == by_columns


@given(st.lists(st.integers(0, 3), max_size=200), st.randoms(use_true_random=False))
def test_rows_of_a_customer_are_put_in_order(few: list[int], dice: Any) -> None:
    """However many there are, and those of others stay where they are."""
    rows = np.array([[dice.randrange(3) for _ in range(WORDS + 2)] for _ in range(len(few) + 4)], np.int64)
    begin, end = 2, len(few) + 2
    expected = [*rows[:begin].tolist(), *sorted(rows[begin:end].tolist()), *rows[end:].tolist()]
    sort_rows(rows, np.array([begin, end]), 0, 1)
    assert rows.tolist() == expected


@pytest.mark.parametrize("size", [1, INSERTION_SORT_ROWS, INSERTION_SORT_ROWS + 1, 1000])
def test_reversed_rows_are_put_in_order(size: int) -> None:
    """Both where they are moved one by one and where they are sorted by each word."""
    rows = np.arange(WORDS * size)[::-1].reshape(size, WORDS).copy()
    expected = sorted(rows.tolist())
    sort_rows(rows, np.array([0, size]), 0, 1)
    assert rows.tolist() == expected


def test_rows_are_as_long_as_the_last_word_that_any_has() -> None:
    """A reference takes one more word, that of a sale two, times of recording four, a hash of other columns five."""
    row = (5, 0, None, None, None, None, None, None)
    nothing, known = pa.nulls(1, pa.int64()), pa.array([7], pa.int64())
    reference, details = pa.array(["r1"]), pa.array([9], pa.uint64())
    code = reference_codes(reference)[0]
    always = ABSENT["known_from"], ABSENT["known_until"]
    for more, optional, words in (
        ({"known_from": nothing, "known_until": nothing, "reference": pa.nulls(1, pa.string())}, set(), []),
        ({"reference": reference}, {"reference"}, [code]),
        ({"sale_reference": reference}, {"sale_reference"}, [0, code]),
        ({"known_from": known}, {"known_from", "known_until"}, [0, 0, always[1], 7]),
        ({"known_until": known}, {"known_from", "known_until"}, [0, 0, 7, always[0]]),
        (
            {"reference": reference, "other_columns": details},
            {"reference", "details"},
            [code, 0, always[1], always[0], 9],
        ),
        ({"other_columns": details}, set(), []),
    ):
        packed = as_batch([row], **more)
        assert optional_columns(packed) == optional
        assert pack_rows(packed)[0, WORDS:].tolist() == words


def test_references_have_codes_by_their_text() -> None:
    """Null has 0, equal texts have equal codes, in whatever form they come."""
    texts = pa.array(["a", None, "b", "a", ""])
    codes = reference_codes(texts)
    assert codes[0] == codes[3] != codes[2]
    assert codes[1] == 0
    assert 0 not in codes[[0, 2, 4]]
    assert reference_codes(texts.dictionary_encode()).tolist() == codes.tolist()


def test_rows_are_placed_in_turn() -> None:
    """Each at its customer's next free place; words that narrow rows lack are left as they were."""
    rows = np.full((3, WORDS + 2), -9, np.int64)
    free = np.array([2, 0])
    scatter_rows(np.array([[1] * WORDS, [2] * WORDS]), np.array([1, 0], np.int32), free, rows)
    scatter_rows(np.array([[3] * (WORDS + 2)]), np.array([1], np.int32), free, rows)
    assert rows[:, 0].tolist() == [1, 3, 2]
    assert rows[:, -1].tolist() == [-9, 3, -9]
    assert free.tolist() == [3, 2]


@given(ROWS, st.data())
def test_contents_take_no_room_and_decide_last(rows: list[Any], data: st.DataObject) -> None:
    """Four words a row still hold them; rows sort as without them, and among equal ones by their codes."""
    size = len(rows)
    codes = data.draw(st.lists(st.sampled_from([None, 0, 1, 70_000, MOST_CONTENTS - 1]), min_size=size, max_size=size))
    words = pack_rows(as_batch(rows, content=pa.array(codes, pa.int32())))
    assert words.shape == (size, WORDS)
    assert unpacked(words) == as_stored(rows)
    absent = [ABSENT["content"] if code is None else code for code in codes]
    assert contents(words).tolist() == absent
    expected = sorted(
        zip(as_stored(rows), absent, strict=True),
        key=lambda row: [*(row[0][NAMES.index(name)] for name in ORDER), row[1]],
    )
    sort_rows(words, np.array([0, size]), 0, 1)
    assert list(zip(unpacked(words), contents(words).tolist(), strict=True)) == expected
    many = np.concatenate([words] * (1 + INSERTION_SORT_ROWS // size))[::-1].copy()
    sort_rows(many, np.array([0, len(many)]), 0, 1)
    assert np.array_equal(many[:: len(many) // size], words)
