"""Reads amounts as people and programs write them: marks between thousands, currency signs, brackets for negatives."""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from features.ingestion.casting import RowErrors, cast_numbers, cast_text, strip_whitespace
from features.ingestion.characters import plain_numbers

OTHER_CURRENCY = r"\p{Sc}|\b[A-Z]{3}\b"


@dataclass(frozen=True)
class AmountMarks:
    """How amounts are written.

    Attributes
    ----------
    decimal : str
        "." or ",".
    thousands : str
        The mark between thousands, or "".
    sign : str
        The currency sign or code that amounts may have, or "".
    certain : bool
        Whether the decimal mark was given or is in the sample; else "." is as good as ",".
    """

    decimal: str = "."
    thousands: str = ""
    sign: str = ""
    certain: bool = True


def read_amounts(name: str, column: pa.Array, marks: AmountMarks, errors: RowErrors) -> pa.DoubleArray:
    """Return amounts as numbers, null where blank or invalid; what is invalid is added to the errors.

    Parameters
    ----------
    name : str
        The column, for the errors.
    column : pyarrow.Array, shape (rows,)
        Text, or numbers, which are taken as they are.
    marks : AmountMarks
    errors : RowErrors

    Examples
    --------
    >>> texts = pa.array(["1.234,50", "(3,00 €)", "7"])
    >>> read_amounts("amount", texts, AmountMarks(",", ".", "€"), RowErrors()).to_pylist()
    [1234.5, -3.0, 7.0]
    """
    if not (pa.types.is_string(column.type) or pa.types.is_dictionary(column.type)):
        return cast_numbers(name, column, marks.decimal, errors, hints=True)
    text = plain_numbers(strip_whitespace(cast_text(name, column, errors)))
    if marks.sign:
        sign = re.escape(marks.sign)
        text = pc.replace_substring_regex(text, rf"(?i)^([-+]?)\s*{sign}\s*([-+]?[\d.,])", r"\1\2")
        text = pc.replace_substring_regex(text, rf"(?i)([\d.,)-])\s*{sign}$", r"\1")
        text = plain_numbers(text)
        others = pc.match_substring_regex(text, OTHER_CURRENCY)
        errors.add(name, f"is not in {marks.sign}, and currencies are not added up", others)
        text = pc.if_else(others, None, text)
    if marks.thousands:
        mark, point = re.escape(marks.thousands), re.escape(marks.decimal)
        grouped = pc.match_substring_regex(text, rf"^[-+]?\d{{1,3}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}(?:{point}\d*)?$")
        misplaced = pc.and_(pc.match_substring(text, marks.thousands), pc.invert(grouped))
        errors.add(name, f"is no number: has the thousands mark {marks.thousands!r} out of place", misplaced)
        text = pc.if_else(misplaced, None, pc.replace_substring(text, marks.thousands, ""))
    return cast_numbers(name, text, marks.decimal, errors, hints=True)
