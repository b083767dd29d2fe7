"""Computes how many bytes Arrow columns become when dictionaries and views are decoded, before they are."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

VIEW_BYTES = 16


def decoded_bytes(column: pa.ChunkedArray) -> int:
    """Return the bytes of a column as a plain array.

    Parameters
    ----------
    column : ChunkedArray
        Valid in full: of numbers, times, texts, or dictionaries of these.
    """
    return sum(_decoded_bytes(chunk) for chunk in column.chunks)


def _decoded_bytes(array: pa.Array) -> int:
    if pa.types.is_dictionary(array.type):
        values = array.dictionary
        if not len(values) or not len(array):
            return 8 * len(array)
        if is_variable(values.type):
            lengths = text_lengths(values)
            codes = array.indices.drop_null().to_numpy(zero_copy_only=False)
            return int(lengths[codes].sum()) + 8 * len(array)
        return len(array) * -(-_decoded_bytes(values) // len(values))
    if is_variable(array.type):
        return int(text_lengths(array).sum()) + 8 * len(array)
    return int(array.nbytes)


def is_variable(type_: pa.DataType) -> bool:
    """Return whether values of a type have lengths of their own."""
    return bool(
        pa.types.is_string(type_)
        or pa.types.is_large_string(type_)
        or pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_string_view(type_)
        or pa.types.is_binary_view(type_)
    )


def text_lengths(array: pa.Array) -> NDArray[np.int64]:
    """Return the bytes of each text, 0 where null."""
    if pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):
        views = np.frombuffer(array.buffers()[1], np.int32)[: 4 * (array.offset + len(array))]
        of_views = views[4 * array.offset :: 4].astype(np.int64)
        of_views[array.is_null().to_numpy(zero_copy_only=False)] = 0
        return of_views
    lengths: NDArray[np.int64] = pc.binary_length(array).fill_null(0).cast(pa.int64()).to_numpy()
    return lengths
