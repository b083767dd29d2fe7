"""The code of a reference, in plain Python: the service computes it without Numba for the few events of a request."""

WORD = (1 << 64) - 1


def reference_code(text: str | None) -> int:
    """Return the code of a reference as `row_packing.reference_codes` does, 0 for none.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    int
        A hash, as a signed integer of 64 bits.

    Examples
    --------
    >>> reference_code("536370"), reference_code(None)
    (-6278957371503094506, 0)
    """
    if not text:
        return 0
    code = 14695981039346656037
    for byte in text.encode():
        code = (code ^ byte) * 1099511628211 & WORD
    code = (code ^ code >> 32) * 13787848793156543929 & WORD
    code = max(code ^ code >> 29, 1)
    return code - (WORD + 1) if code > WORD >> 1 else code
