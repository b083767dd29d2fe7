"""Puts pseudonyms in the place of customers' ids."""

import pyarrow as pa
import pyarrow.compute as pc

from features.key_files import keyed_hash

ID_COLUMN = "customer_id"


def pseudonymise_table(table: pa.Table, key: bytes) -> pa.Table:
    """Return a table with a pseudonym for each customer, in the order of pseudonyms.

    A pseudonym is the BLAKE2b hash of the id under the key, in hex: the same in every table under this key. Rows keep
    their order within a customer; those of customers are mixed, for their order would tell that of the ids.

    Parameters
    ----------
    table : pyarrow.Table
        With `customer_id`.
    key : bytes

    Examples
    --------
    >>> table = pa.table({"customer_id": ["anna", "ben", "anna"], "x": [1, 2, 3]})
    >>> pseudonymise_table(table, bytes(32))["x"].to_pylist()
    [2, 1, 3]
    """
    encoded = table[ID_COLUMN].combine_chunks().cast(pa.string()).dictionary_encode()
    names = pa.array([keyed_hash(each, key).hex() for each in encoded.dictionary.to_pylist()], pa.string())
    place = table.schema.get_field_index(ID_COLUMN)
    table = table.set_column(place, pa.field(ID_COLUMN, pa.string()), names.take(encoded.indices))
    row = pa.array(range(len(table)), pa.int64())
    order = pc.sort_indices(
        pa.table({ID_COLUMN: table[ID_COLUMN], "row": row}), [(ID_COLUMN, "ascending"), ("row", "ascending")]
    )
    return table.take(order)
