"""What may be wrong with the ids of customers, although each of them is valid."""

import pyarrow as pa
import pyarrow.compute as pc

ADDRESS_OR_NAME = r"@|^\D*$"
"""Ids in which capitals mean nothing; codes with digits, such as those of Salesforce, may differ in them alone."""
SHORTENED = r"^\d([.,]\d+)?E\+\d+$"


def id_warnings(ids: pa.StringArray) -> list[str]:
    """Return the warnings about ids of which one customer may have several, or several customers one.

    Examples
    --------
    >>> [text.partition(":")[0] for text in id_warnings(pa.array(["A@x.example", "a@x.example", "007"]))]
    ['1 customer ids differ from another in capitals alone, such as a@x.example']
    """
    warnings = []
    names = ids.filter(pc.match_substring_regex(ids, ADDRESS_OR_NAME))
    folded = pc.utf8_lower(names).value_counts()
    repeated = folded.filter(pc.greater(folded.field("counts"), 1))
    if len(repeated):
        count = pc.sum(repeated.field("counts")).as_py() - len(repeated)
        warnings.append(
            f"{count:,} customer ids differ from another in capitals alone, such as {repeated[0]['values']}: if they "
            "are one customer give --fold-case"
        )
    shortened = ids.filter(pc.match_substring_regex(ids, SHORTENED))
    if len(shortened):
        warnings.append(
            f"{len(shortened):,} customer ids look like numbers that a spreadsheet shortened, such as {shortened[0]}: "
            "different customers may share one; export the column as text"
        )
    return warnings
