"""What may be wrong with the ids of customers, although each of them is valid."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import SourceError
from features.ingestion.casting import text_bytes

WHOLE_NUMBER = r"^-?\d+\.0+$"
SHORTENED = r"^\d([.,]\d+)?E\+\d+$"
AT_ONCE = 100_000
"""Ids whose bytes are counted at once, at some 40 bytes of memory an id."""


def id_warnings(ids: pa.StringArray) -> list[str]:
    """Return the warnings about ids of which one customer may have several, or several customers one.

    Examples
    --------
    >>> [text.partition(":")[0] for text in id_warnings(pa.array(["A@x.example", "a@x.example", "007"]))]
    ['1 customer ids differ from another in capitals alone, such as a@x.example']
    """
    warnings = []
    names = _addresses_and_names(ids)
    folded = pc.utf8_lower(names).value_counts()
    repeated = folded.filter(pc.greater(folded.field("counts"), 1))
    if len(repeated):
        count = pc.sum(repeated.field("counts")).as_py() - len(repeated)
        warnings.append(
            f"{count:,} customer ids differ from another in capitals alone, such as {repeated[0]['values']}: if they "
            "are one customer give --fold-case"
        )
    if number := next(iter(numbers_twice(ids)), None):
        warnings.append(
            f"ids such as {number}.0 and {number} are kept as two customers: if they are one give whole_numbers = true "
            "under [ids] of a profile"
        )
    shortened = _matching(ids, "E+", SHORTENED)
    if len(shortened):
        warnings.append(
            f"{len(shortened):,} customer ids look like numbers that a spreadsheet shortened, such as {shortened[0]}: "
            "different customers may share one; export the column as text"
        )
    return warnings


def numbers_twice(ids: pa.StringArray, before: pa.StringArray | None = None) -> list[str]:
    """Return the ids that are there both as N and as N.0, without those that were both there `before`.

    Examples
    --------
    >>> numbers_twice(pa.array(["7", "7.0", "8.0"]))
    ['7']
    """
    decimals = _matching(ids, ".0", WHOLE_NUMBER)
    if not len(decimals):  # the search in all ids would take longer than the rest
        return []
    numbers = pc.replace_substring_regex(decimals, r"\.0+$", "")
    twice = pc.is_in(numbers, ids)
    if before is not None:
        twice = pc.and_(twice, pc.invert(pc.and_(pc.is_in(numbers, before), pc.is_in(decimals, before))))
    repeated: list[str] = numbers.filter(twice).to_pylist()
    return repeated


def _addresses_and_names(ids: pa.StringArray) -> pa.StringArray:
    """Return the ids with an @ or without a digit, in which capitals mean nothing.

    Codes with digits, such as those of Salesforce, may differ in capitals alone.
    """
    parts = [_addresses_and_names_of(ids.slice(start, AT_ONCE)) for start in range(0, len(ids), AT_ONCE)]
    return pa.concat_arrays(parts) if parts else ids


def _addresses_and_names_of(ids: pa.StringArray) -> pa.StringArray:
    data = text_bytes(ids)
    if not len(data):
        return ids
    ends = np.frombuffer(ids.buffers()[1], np.int32)[ids.offset : ids.offset + len(ids) + 1]
    digits = np.concatenate(([0], np.cumsum((data >= ord("0")) & (data <= ord("9")), dtype=np.int32)))[ends - ends[0]]
    suspicious = digits[1:] == digits[:-1]
    if (data == ord("@")).any():
        suspicious |= pc.match_substring(ids, "@").to_numpy(zero_copy_only=False)
    return ids.filter(pa.array(suspicious))


def _matching(ids: pa.StringArray, part: str, pattern: str) -> pa.StringArray:
    """Return the ids that match a pattern, which all contain a part: looking for that is much quicker."""
    ids = ids.filter(pc.match_substring(ids, part))
    return ids.filter(pc.match_substring_regex(ids, pattern))


def check_numbers(ids: pa.StringArray, before: pa.StringArray) -> None:
    """Raise SourceError if an addition made the ids of a store that has N or N.0 the other way too."""
    if twice := numbers_twice(ids, before):
        raise SourceError(
            f"{len(twice):,} customer ids are {twice[0]}.0 on one side, store or addition, {twice[0]} on the other: "
            "give a profile with whole_numbers = true under [ids], or ingest the whole log with it and --replace"
        )
