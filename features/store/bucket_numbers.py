"""Which bucket of a store a customer is in."""

from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def bucket_numbers(ids: pa.StringArray, buckets: int) -> NDArray[np.uint16]:
    """Return the bucket of each customer: a BLAKE2b hash of the id's UTF-8 bytes, modulo the number of buckets.

    Parameters
    ----------
    ids : pyarrow.StringArray, shape (customers,)
        Without nulls.
    buckets : int

    Returns
    -------
    numpy.ndarray of uint16, shape (customers,)

    Examples
    --------
    >>> bucket_numbers(pa.array(["ann", "bob", "cem"]), 4).tolist()
    [1, 0, 3]
    """
    hashes = b"".join(blake2b(text, digest_size=8).digest() for text in ids.cast(pa.binary()).to_pylist())
    return (np.frombuffer(hashes, "<u8") % buckets).astype(np.uint16)
