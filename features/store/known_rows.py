"""Finds the new rows that a store has already, and the versions that new rows and stored ones are of each other.

The texts of an event, its content and plan item, are no part of what it is: a row that differs in them alone is known,
and its texts are those of the addition, where that has any.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.store.layout import ABSENT, KIND_CODES
from features.store.row_packing import CONTENT_SHIFT, CONTENT_WORD, OPTIONAL_WORDS, WITHOUT_CONTENT, Words
from features.timezones import BusinessTimezone

REFERENCE, KNOWN_UNTIL, KNOWN_FROM = (OPTIONAL_WORDS[name] for name in ("reference", "known_until", "known_from"))
SALE = OPTIONAL_WORDS["sale_reference"]
PLAN_ITEM = OPTIONAL_WORDS["plan_item"]
NO_TEXT = ABSENT["plan_item"]
INCENTIVE = KIND_CODES["incentive"]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]


class RowsOfCustomers(NamedTuple):
    """Rows with all optional words; those of customer c are `offsets[c]` to `offsets[c + 1]`, in any order."""

    words: Words
    offsets: Positions


class Resolved(NamedTuple):
    """Which rows stay.

    Attributes
    ----------
    old, new : numpy.ndarray of bool, shape (rows,)
        Of the stored and of the new rows.
    changed : bool
        Whether what stays differs from what was stored.
    seen : int
        New rows that were stored already, without those that another new row replaced.
    differing : int
        New rows beside stored ones of the same reference and time of recording.
    same_day : int
        Those of them whose day, and sale that they name, are the same too; 0 without a time zone.
    """

    old: Mask
    new: Mask
    changed: bool
    seen: int
    differing: int
    same_day: int = 0


def resolve(
    old: RowsOfCustomers,
    new: RowsOfCustomers,
    replace_references: bool = False,
    timezone: BusinessTimezone | None = None,
) -> Resolved:
    """Find out which stored and new rows of some customers one ingest of all of them would keep.

    Parameters
    ----------
    old, new : RowsOfCustomers
        Of the same customers. The word `known_until` is set anew where rows are versions of each other.
    replace_references : bool
        Whether new rows replace stored ones of their reference and time of recording.
    timezone : BusinessTimezone, optional
        The zone in which days are counted.

    Returns
    -------
    Resolved
    """
    kept_old, kept_new = np.ones(len(old.words), bool), np.ones(len(new.words), bool)
    latest = new.words[:, KNOWN_UNTIL] == ABSENT["known_until"]
    theirs, ours = (np.flatnonzero(found) for found in _shared(*old, *new))
    if not len(theirs):
        return Resolved(kept_old, kept_new, bool(len(kept_new)), 0, 0)
    rows = np.concatenate((old.words[theirs], new.words[ours]))
    customer = np.concatenate(
        [np.searchsorted(old.offsets, theirs, "right"), np.searchsorted(new.offsets, ours, "right")]
    )
    is_new = np.arange(len(rows)) >= len(theirs)
    referenced = rows[:, REFERENCE] != 0
    before = rows[:, KNOWN_UNTIL].copy()
    rows[referenced, KNOWN_UNTIL] = ABSENT["known_until"]
    texts = _texts(rows)
    content = _groups(np.column_stack((customer, _without_texts(rows))))
    event = _groups(np.column_stack((customer, _event(rows))))
    version = _groups(np.column_stack((event, rows[:, KNOWN_FROM])))
    kept = _first_copies(content, is_new, referenced)
    _settle_texts(texts, content, is_new, referenced, kept)
    if replace_references:
        again = np.isin(content, content[is_new])
        kept &= is_new | ~referenced | again | ~np.isin(version, version[is_new & referenced])
    until = _next_version(event, rows[:, KNOWN_FROM])
    rows[referenced, KNOWN_UNTIL] = until[referenced]
    changed = bool((rows[:, KNOWN_UNTIL] != before)[~is_new].any() or not kept[~is_new].all())
    changed |= bool((texts != _texts(rows))[~is_new].any())
    rows[:, CONTENT_WORD] = (rows[:, CONTENT_WORD] & WITHOUT_CONTENT) | (texts[:, 0] + 1) << CONTENT_SHIFT
    rows[:, PLAN_ITEM] = texts[:, 1]
    old.words[theirs], new.words[ours] = rows[~is_new], rows[is_new]
    kept_old[theirs], kept_new[ours] = kept[~is_new], kept[is_new]
    differing = same_day = 0
    if not replace_references:
        differing = _beside(version, is_new, referenced, kept)
        if timezone is not None:
            day = timezone.days(rows[:, 0])
            same_day = _beside(_groups(np.column_stack((version, day, rows[:, SALE]))), is_new, referenced, kept)
    return Resolved(
        kept_old, kept_new, changed or bool(kept_new.any()), int((latest & ~kept_new).sum()), differing, same_day
    )


def _beside(groups: Positions, is_new: Mask, referenced: Mask, kept: Mask) -> int:
    """Return how many new rows that are kept share a group with stored ones."""
    return int((is_new & referenced & kept & np.isin(groups, groups[~is_new & referenced])).sum())


def _first_copies(content: Positions, is_new: Mask, referenced: Mask) -> Mask:
    """Return which rows to keep of equal ones: all stored ones, and the new ones that are more than these.

    Of a reference, equal rows are copies of one event, however many there are.
    """
    stored = np.bincount(content[~is_new], minlength=len(content))
    order = np.argsort(np.where(is_new, content, -1), kind="stable")[np.count_nonzero(~is_new) :]
    groups = content[order]
    copy = np.arange(len(order)) - np.searchsorted(groups, groups, side="left")
    kept = np.ones(len(content), bool)
    kept[order] = np.where(referenced[order], stored[groups] == 0, copy >= stored[groups])
    return kept


def _texts(rows: Words) -> Words:
    """Return the codes of the content and the plan item of rows, shape (rows, 2), -1 where absent."""
    return np.column_stack(((rows[:, CONTENT_WORD] >> CONTENT_SHIFT) - 1, rows[:, PLAN_ITEM]))


def _without_texts(rows: Words) -> Words:
    bare = rows.copy()
    bare[:, CONTENT_WORD] &= WITHOUT_CONTENT
    bare[:, PLAN_ITEM] = 0
    return bare


def _settle_texts(texts: Words, content: Positions, is_new: Mask, referenced: Mask, kept: Mask) -> None:
    """Give stored rows the texts of new rows that they are equal to in all else, in place.

    Of several equal rows without a reference those of equal texts belong together, and the others in order; `kept` is
    set anew among the new ones.
    """
    said = is_new & (texts != NO_TEXT).any(axis=1)
    if not said.any():
        return
    stored_rows, new_rows = (np.bincount(content[part], minlength=len(content)) for part in (~is_new, is_new))
    single = (stored_rows == 1) & ((new_rows == 1) | _of_groups(content, referenced))
    known = np.zeros(len(content), np.int64)
    known[content[~is_new]] = np.flatnonzero(~is_new)
    new = np.flatnonzero(said & single[content])
    _take_over(texts, known[content[new]], new)
    order = np.argsort(content, kind="stable")
    ordered = content[order]
    for group in np.unique(content[said & ~single[content] & (stored_rows[content] > 0)]).tolist():
        first, last = np.searchsorted(ordered, (group, group + 1)).tolist()
        members = order[first:last]
        stored, added = (members[is_new[members] == part].tolist() for part in (False, True))
        pairs = _pairs(texts, stored, added)
        kept[added] = True
        kept[[row for _, row in pairs]] = False
        _take_over(texts, *np.transpose(pairs))


def _of_groups(content: Positions, rows: Mask) -> Mask:
    """Return by group whether it has any of some rows."""
    is_known = np.zeros(len(content), bool)
    is_known[content[rows]] = True
    return is_known


def _take_over(texts: Words, known: Positions, new: Positions) -> None:
    """Give known rows the texts of new ones, where those have any, in place."""
    texts[known] = np.where(texts[new] == NO_TEXT, texts[known], texts[new])


def _pairs(texts: Words, stored: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Return which stored row each new row is, of rows that are equal but for their texts; some may be left."""
    free, pairs, others = list(stored), [], []
    for row in new:
        same = next((known for known in free if (texts[known] == texts[row]).all()), None)
        if same is None:
            others.append(row)
        else:
            free.remove(same)
            pairs.append((same, row))
    free.sort(key=lambda known: int((texts[known] != NO_TEXT).sum()))
    return pairs + list(zip(free, others, strict=False))


def _next_version(event: Positions, known_from: Positions) -> Positions:
    """Return, for each row, when the next version of its event was recorded; ABSENT of the last one."""
    versions, of_row = np.unique(np.column_stack((event, known_from)), axis=0, return_inverse=True)
    until = np.full(len(versions), ABSENT["known_until"])
    same = versions[1:, 0] == versions[:-1, 0]
    until[:-1][same] = versions[1:, 1][same]
    return until[of_row.reshape(-1)]


def _event(rows: Words) -> Words:
    """Return what rows of one event of a customer share: type, reference and, of an incentive, the outcome."""
    kind = rows[:, 1] >> 32 & 0xFF
    outcome = np.where(kind == INCENTIVE, (rows[:, 2] >> 16) & 0xFF, 0)
    return np.column_stack((kind, rows[:, REFERENCE], outcome))


def _groups(rows: Words) -> Positions:
    """Return a number for each row, the same for equal rows."""
    groups: Positions = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    return groups


@njit(nogil=True, cache=True)
def _shared(old, old_offsets, new, new_offsets):  # type: ignore[no-untyped-def]
    """Return which stored and which new rows have one of the other side that may be of the same event.

    They are found by hashes, and compared in full later.
    """
    of_old, of_new = np.zeros(len(old), np.bool_), np.zeros(len(new), np.bool_)
    for customer in range(len(new_offsets) - 1):
        first, last = new_offsets[customer], new_offsets[customer + 1]
        if old_offsets[customer] == old_offsets[customer + 1]:
            continue
        hashes = np.empty(last - first, np.uint64)
        for row in range(first, last):
            hashes[row - first] = _hash(new[row])
        matched = np.zeros(last - first, np.bool_)
        order = np.argsort(hashes)
        ordered = hashes[order]
        for row in range(old_offsets[customer], old_offsets[customer + 1]):
            wanted = _hash(old[row])
            place = np.searchsorted(ordered, wanted)
            while place < len(ordered) and ordered[place] == wanted:
                of_old[row] = True
                if matched[place]:  # and so are the equal ones after it
                    break
                matched[place] = True
                place += 1
        for place in range(len(order)):
            of_new[first + order[place]] = matched[place]
    return of_old, of_new


@njit(nogil=True, cache=True)
def _hash(row):  # type: ignore[no-untyped-def]
    """Return a hash of a row's event, or of the whole row where it has no reference."""
    hashed = np.uint64(14695981039346656037)
    for word in range(len(row)):
        value = row[word]
        if word == CONTENT_WORD:
            value &= WITHOUT_CONTENT
        elif word == PLAN_ITEM:
            value = np.int64(0)
        if row[REFERENCE] != 0:
            kind = row[1] >> 32 & 0xFF
            if word == 1:
                value = kind
            elif word == 2:
                value = (row[2] >> 16) & 0xFF if kind == INCENTIVE else np.int64(0)
            elif word != REFERENCE:
                value = np.int64(0)
        hashed = (hashed ^ np.uint64(value)) * np.uint64(13787848793156543929)
        hashed ^= hashed >> np.uint64(29)
    return hashed
