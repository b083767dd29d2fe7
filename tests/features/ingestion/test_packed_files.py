"""Compressed files are read as streams, in bounded memory, and one that is damaged or too good is refused."""

import bz2
import gzip
import lzma
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import UnreadableSourceError
from features.ingestion import packed_files
from features.ingestion.packed_files import PackedFile, open_packed, read_start, zip_members
from tests.features.reading import HEADER, read

LINES = "".join(f"c{number},2024-01-01,purchase,{number}.50\n" for number in range(20_000))
DATA = f"customer_id,event_time,event_type,amount\n{LINES}".encode()


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("compression", "packed"),
    [
        ("gzip", gzip.compress(DATA)),
        ("gzip", gzip.compress(DATA[:1000]) + gzip.compress(DATA[1000:])),  # as `cat a.gz b.gz` makes it
        ("zstd", pa.compress(DATA, codec="zstd", asbytes=True)),
        ("bz2", bz2.compress(DATA)),
        ("xz", lzma.compress(DATA)),
    ],
)
def test_a_compressed_table_gives_the_events_of_the_plain_one(compression: str, packed: bytes, tmp_path: Path) -> None:
    """Whatever its name; the report says how it was packed."""
    plain, path = tmp_path / "plain.csv", tmp_path / "log"
    plain.write_bytes(DATA)
    path.write_bytes(packed)
    result = read(path)
    assert result.events == read(plain).events
    assert result.report.assumed[str(path)]["packed"] == compression


def test_an_archive_of_one_table_is_that_table(tmp_path: Path) -> None:
    """Beside it only what operating systems add."""
    path = zipped(tmp_path / "log.zip", **{"log.csv": DATA, "__MACOSX/._log.csv": b"x", ".DS_Store": b"x"})
    assert open_packed(path) == PackedFile(path, "zip", "log.csv")
    assert zip_members(path) == ["log.csv"]
    assert read(path).report.kept == 20_000


def test_the_first_bytes_are_those_of_the_content(tmp_path: Path) -> None:
    """Also where a stream gives them in pieces, or has fewer."""
    path = zipped(tmp_path / "log.zip", **{"log.csv": DATA})
    assert read_start(open_packed(path)) == DATA[: packed_files.START]
    assert read_start(open_packed(zipped(tmp_path / "short.zip", **{"log.csv": b"ab"}))) == b"ab"


@pytest.mark.parametrize("compression", ["gzip", "zip"])
def test_what_unpacks_to_far_more_than_its_size_is_refused(
    compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip bomb: its unpacking ends at the limit, which the message names."""
    monkeypatch.setattr(packed_files, "SMALL", 1 << 20)
    data = b"a,b\n" * (4 << 20)
    path = zipped(tmp_path / "log.zip", **{"log.csv": data})
    if compression == "gzip":
        path.write_bytes(gzip.compress(data))
    message = "unpacks to more than 3 MB, 250 times its size, which no log does"
    with open_packed(path).open("rb") as stream, pytest.raises(UnreadableSourceError, match=message):
        list(iter(lambda: stream.read(1 << 20), b""))


def test_a_fault_in_the_middle_ends_the_reading_in_one_line(tmp_path: Path) -> None:
    """A wrong check sum at the end too, after all rows were read."""
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    (tmp_path / "log.csv.gz").write_bytes(packed)
    with pytest.raises(Exception, match=r"log.csv.gz is a damaged gzip file \(.*incorrect data check\)"):
        read(tmp_path / "log.csv.gz")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """400 MB of text from 40 MB of gzip are read in a process that may take 600 MB more than it starts with."""
    rows = b"".join(b"c%d,2024-01-%02d,purchase,%d.50\n" % (n * 7919 % 99991, n % 28 + 1, n) for n in range(500_000))
    with gzip.open(tmp_path / "log.csv.gz", "wb", compresslevel=1) as file:
        file.write(HEADER[:40].encode() + b"\n")
        for _ in range(24):
            file.write(rows)
    program = f"""
import resource
from pathlib import Path
from features.ingestion.read_options import ReadOptions
from features.ingestion.sources import open_sources, read_batches
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sources = open_sources([{str(tmp_path)!r} + "/log.csv.gz"], ReadOptions(), Path())
count = sum(len(batch.numbers) for _, _, batch in read_batches(sources))
assert count == 24 * 500_000, count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 600 << 10  # in kB
