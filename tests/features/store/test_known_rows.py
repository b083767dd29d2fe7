"""New rows beside stored ones: equal ones are known, and versions of one event are those of one ingest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.store.known_rows import RowsOfCustomers, resolve
from features.store.layout import ABSENT, KIND_CODES
from features.store.merging import ALL_WORDS
from features.store.row_packing import OPTIONAL_WORDS, Words, add_contents, contents
from features.timezones import business_timezone

BERLIN = business_timezone("Europe/Berlin")
FROM, UNTIL = ABSENT["known_from"], ABSENT["known_until"]


def rows(*given: tuple[int, int, int, int]) -> Words:
    """Rows of one purchase each: time, cents, reference, known_from."""
    words = np.zeros((len(given), ALL_WORDS), np.int64)
    words[:, OPTIONAL_WORDS["plan_item"]] = ABSENT["plan_item"]
    for place, (time, cents, reference, known_from) in enumerate(given):
        words[place, :4] = time, KIND_CODES["purchase"] << 32, 0, cents
        words[place, OPTIONAL_WORDS["reference"]] = reference
        words[place, OPTIONAL_WORDS["known_from"]] = known_from
        words[place, OPTIONAL_WORDS["known_until"]] = UNTIL
    return words


def one(words: Words) -> RowsOfCustomers:
    """Rows of one customer."""
    return RowsOfCustomers(words, np.array([0, len(words)]))


def resolved(old: Words, new: Words, **options: bool) -> tuple[list[tuple[int, ...]], bool, int, int]:
    """The rows that are kept, as time, cents, reference, known_from and known_until, and the counts."""
    found = resolve(one(old), one(new), **options)
    kept = np.concatenate((old[found.old], new[found.new]))
    columns = (0, 3, *(OPTIONAL_WORDS[name] for name in ("reference", "known_from", "known_until")))
    return sorted(tuple(row[list(columns)].tolist()) for row in kept), *found[2:5]


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_of_equal_rows_the_greater_number_counts(old: list[int], new: list[int]) -> None:
    """Without references, for each content: those of the store or those of the addition, whichever are more."""
    kept, changed, seen, differing = resolved(
        rows(*((t, 1, 0, FROM) for t in old)), rows(*((t, 1, 0, FROM) for t in new))
    )
    expected = [t for t in range(4) for _ in range(max(old.count(t), new.count(t)))]
    assert [row[0] for row in kept] == expected
    assert seen == len(old) + len(new) - len(expected)
    assert changed == (len(expected) > len(old))
    assert differing == 0


def test_a_version_recorded_later_ends_the_one_before() -> None:
    """Whichever of them the store has; one between two others ends the first and is ended by the second."""
    first, second, third = (0, 1, 7, FROM), (0, 2, 7, 50), (0, 3, 7, 90)
    whole = sorted([(*first, 50), (*second, 90), (*third, UNTIL)])
    for old, new in (((first, third), (second,)), ((second,), (first, third)), ((third, first), (second, first))):
        kept, changed, _, differing = resolved(rows(*old), rows(*new))
        assert (kept, changed, differing) == (whole, True, 0)


def test_a_known_version_changes_nothing() -> None:
    """Its row is seen, and until when the stored one was known stays."""
    old = rows((0, 1, 7, FROM), (0, 2, 7, 50))
    old[0, OPTIONAL_WORDS["known_until"]] = 50
    kept, changed, seen, _ = resolved(old, rows((0, 2, 7, 50)))
    assert kept == [(0, 1, 7, FROM, 50), (0, 2, 7, 50, UNTIL)]
    assert (changed, seen) == (False, 1)


@pytest.mark.parametrize("replace", [False, True])
def test_rows_that_differ_without_a_later_record_are_parts_or_replace(replace: bool) -> None:
    """They stand beside the stored ones and are counted, unless rows are to replace those of their reference."""
    kept, changed, seen, differing = resolved(rows((0, 1, 7, FROM)), rows((0, 2, 7, FROM)), replace_references=replace)
    assert [row[1] for row in kept] == ([2] if replace else [1, 2])
    assert (changed, seen, differing) == (True, 0, 0 if replace else 1)
    kept, changed, seen, _ = resolved(rows((0, 1, 7, FROM)), rows((0, 1, 7, FROM)), replace_references=replace)
    assert ([row[1] for row in kept], changed, seen) == ([1], False, 1)


def test_rows_of_other_customers_types_and_outcomes_are_other_events() -> None:
    """The same reference of another customer, another type, or another outcome of an incentive."""
    old, new = rows((0, 1, 7, FROM)), rows((0, 1, 7, FROM))
    other = resolve(RowsOfCustomers(old, np.array([0, 1, 1])), RowsOfCustomers(new, np.array([0, 0, 1])))
    assert (other.new.tolist(), other.seen) == ([True], 0)
    new[0, 1] = KIND_CODES["return"] << 32
    assert resolve(one(old), one(new)).seen == 0
    old[0, 1] = new[0, 1] = KIND_CODES["incentive"] << 32
    assert resolve(one(old), one(new)).seen == 1
    new[0, 2] = 1 << 16
    found = resolve(one(old), one(new))
    assert (found.new.tolist(), found.seen, found.differing) == ([True], 0, 0)


def test_nothing_and_nothing_is_nothing() -> None:
    """No rows on one side or on both."""
    assert resolved(rows(), rows()) == ([], False, 0, 0)
    assert resolved(rows((0, 1, 7, FROM)), rows())[1:] == (False, 0, 0)
    assert resolved(rows(), rows((0, 1, 7, FROM)))[1:] == (True, 0, 0)


def test_a_replacing_addition_keeps_what_it_repeats() -> None:
    """Of a reference with events on two days the repeated one stays, and only the others are replaced."""
    old, day = rows((0, 1, 7, FROM), (5, 2, 7, FROM)), 86_400_000_000
    kept, *_ = resolved(old, rows((0, 1, 7, FROM), (day, 9, 7, FROM)), replace_references=True)
    assert [row[:2] for row in kept] == [(0, 1), (day, 9)]
    found = resolve(one(rows((0, 1, 7, FROM))), one(rows((5, 2, 7, FROM), (day, 9, 7, FROM))), False, BERLIN)
    assert (found.differing, found.same_day) == (2, 1)


def visits(*texts: tuple[int, int], reference: int = 0) -> Words:
    """Visits that differ in nothing but the codes of their contents and plan items."""
    words = rows(*((0, -1, reference, FROM) for _ in texts))
    words[:, 1] = KIND_CODES["visit"] << 32
    add_contents(words, np.array([content for content, _ in texts], np.int64))
    words[:, OPTIONAL_WORDS["plan_item"]] = [item for _, item in texts]
    return words


def settled(old: Words, new: Words) -> tuple[list[tuple[int, int]], bool]:
    """The texts of the rows that are kept, and whether the stored ones changed."""
    found = resolve(one(old), one(new))
    kept = np.concatenate((old[found.old], new[found.new]))
    items = kept[:, OPTIONAL_WORDS["plan_item"]].tolist()
    return sorted(zip(contents(kept).tolist(), items, strict=True)), found.changed


@pytest.mark.parametrize("reference", [0, 7])
def test_texts_are_no_part_of_an_event(reference: int) -> None:
    """A row that differs in them alone is known; where it says something the store takes it over, else it keeps its."""
    assert settled(visits((-1, -1), reference=reference), visits((2, 5), reference=reference)) == ([(2, 5)], True)
    assert settled(visits((2, 5), reference=reference), visits((-1, -1), reference=reference)) == ([(2, 5)], False)
    assert settled(visits((2, 5), reference=reference), visits((-1, 6), reference=reference)) == ([(2, 6)], True)
    assert settled(visits((2, 5), reference=reference), visits((2, 5), reference=reference)) == ([(2, 5)], False)


def test_of_equal_rows_those_of_equal_texts_belong_together() -> None:
    """What is stored stays where the addition has it too, and a further row is the one that the store has not."""
    assert settled(visits((0, 1), (0, 2)), visits((0, 2))) == ([(0, 1), (0, 2)], False)
    assert settled(visits((0, 1), (0, 2)), visits((0, 3), (0, 2), (0, 1))) == ([(0, 1), (0, 2), (0, 3)], True)
    assert settled(visits((-1, -1), (0, 2)), visits((0, 2), (0, 3))) == ([(0, 2), (0, 3)], True)


@given(st.lists(st.integers(-1, 2), max_size=6), st.lists(st.integers(-1, 2), max_size=6), st.booleans())
def test_an_addition_twice_is_the_addition(old: list[int], new: list[int], named: bool) -> None:
    """Whatever texts its rows have, the second time changes nothing; as many rows as without texts are kept."""
    reference = 7 if named else 0
    new = new[:1] if named else new
    stored = visits(*((0, item) for item in (old[:1] if named else old)), reference=reference)
    added = visits(*((0, item) for item in new), reference=reference)
    found = resolve(one(stored), one(added))
    after = np.concatenate((stored[found.old], added[found.new]))
    assert len(after) == max(len(stored), len(added))
    again = resolve(one(after), one(visits(*((0, item) for item in new), reference=reference)))
    assert (again.changed, again.new.any()) == (False, False)
