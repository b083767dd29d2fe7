"""What pages become is read off their headers, and agrees with what the file says of itself."""

import io
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.api.parquet_pages import PLAIN, RLE_DICTIONARY, Chunk, Pages, add_pages, column_chunks


def pages_of(body: bytes) -> Pages:
    """The pages of the first column of a file."""
    pages = Pages()
    for group in column_chunks(body):
        add_pages(pages, body, group[0], 1000)
    return pages


def written(values: list[str | None], **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array(values, pa.string())}), sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
@given(
    values=st.lists(st.none() | st.text(max_size=9), min_size=1, max_size=60),
    group=st.integers(1, 60),
    page=st.integers(1, 200),
)
def test_the_pages_of_a_file_are_counted_in_full(
    compression: str, version: str, dictionary: bool, values: list[str | None], group: int, page: int
) -> None:
    """Headers and pages together have the uncompressed size that an honest footer states, in the encodings used."""
    body = written(
        values,
        compression=compression,
        data_page_version=version,
        use_dictionary=dictionary,
        row_group_size=group,
        data_page_size=page,
        write_batch_size=4,
    )
    metadata = pq.read_metadata(io.BytesIO(body))
    stated = sum(metadata.row_group(n).column(0).total_uncompressed_size for n in range(metadata.num_row_groups))
    pages = pages_of(body)
    assert 0 < pages.decompressed_bytes < stated
    assert stated - pages.decompressed_bytes < 200 * pages.count  # headers
    assert pages.encodings <= {PLAIN, RLE_DICTIONARY}


@given(at=st.integers(4, 1000), value=st.integers(0, 255))
def test_a_damaged_file_is_an_error_or_a_count(at: int, value: int) -> None:
    """Never another exception, and never without an end."""
    body = bytearray(written(["a", "b", None] * 5))
    body[at % len(body)] = value
    with suppress(ValueError):
        pages_of(bytes(body))


def test_the_chunks_are_those_that_pyarrow_finds() -> None:
    """Their places, sizes and rows, by row group and column; lists of more than fourteen among them."""
    table = pa.table({f"c{number}": pa.array(range(50)) for number in range(20)})
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=3)
    metadata = pq.read_metadata(sink)
    groups = column_chunks(sink.getvalue())
    assert len(groups) == metadata.num_row_groups == 17
    for number, group in enumerate(groups):
        columns = [metadata.row_group(number).column(at) for at in range(20)]
        rows = metadata.row_group(number).num_rows
        found = [(c.dictionary_page_offset, c.total_compressed_size, rows, c.num_values) for c in columns]
        assert group == [Chunk(*each) for each in found]


def test_more_pages_than_may_be_are_an_error() -> None:
    """Whatever their size."""
    body = written(["a"] * 100, data_page_size=1, write_batch_size=1, use_dictionary=False)
    with pytest.raises(ValueError, match="more than 50 pages"):
        add_pages(Pages(), body, column_chunks(body)[0][0], 50)
