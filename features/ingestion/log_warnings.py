"""What may be wrong with a log as a whole, although each of its rows is valid."""

from features.ingestion.row_counts import RowCounts


def log_warnings(counts: RowCounts) -> list[str]:
    """Return the warnings, each one line with its figure and what to do.

    Parameters
    ----------
    counts : RowCounts
        What was counted as the rows passed.
    """
    warnings = []
    if counts.by_reference.parts:
        warnings.append(
            f"{counts.by_reference.parts:,} rows share customer, type and reference with others and differ from them: "
            "they are kept as events of their own; if they are lines of one order give --one-event-per reference, if "
            "the last of them counts --replace-references"
        )
    return warnings
