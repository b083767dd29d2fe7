"""Files at other addresses are fetched and read as local ones; errors and reports show no secret."""

import functools
import gzip
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from pyarrow import fs

from features.errors import MissingExtraError, SourceError
from features.ingestion import remote_files
from features.ingestion.remote_files import fetch_files
from tests.features.reading import HEADER, csv_file, parquet_file, read

GOOD = "A,2024-01-01,usage,,,,,,"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a line for each request; /denied/ needs a log-in."""

    def do_GET(self) -> None:
        if self.path.startswith("/denied/"):
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Serve a folder `www` over HTTP; give its address."""
    (tmp_path / "www").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_file_over_http_is_read_like_a_local_one(server: str, tmp_path: Path) -> None:
    """Compressed too; what follows the question mark may be a signature and is shown nowhere."""
    path = tmp_path / "www" / "log.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{GOOD}\nB,x,usage,,,,,,\n".encode()))
    result = read(f"{server}/log.csv.gz?X-Amz-Signature=abcdef123456")
    assert result.events == read(path).events
    assert result.report.sources == [f"{server}/log.csv.gz"]
    assert result.report.digest == read(path).report.digest
    assert "abcdef123456" not in str(result)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.csv", "there is no file {url}: check the address"),
        ("denied/log.csv?token=abcdef123456", "cannot be fetched ("),
    ],
)
def test_what_cannot_be_fetched_is_one_line(path: str, message: str, server: str) -> None:
    """Without what the address keeps secret."""
    url = f"{server}/{path}"
    with pytest.raises(SourceError) as refusal:
        read(url)
    assert message.format(url=url) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "abcdef123456" not in str(refusal.value)


def test_a_server_that_does_not_answer_is_one_line() -> None:
    """Connection refused; the password of the address is not shown."""
    with pytest.raises(SourceError, match=r"^http://me:\*\*\*@127.0.0.1:9/log.csv cannot be fetched \(") as refusal:
        read("http://me:sec@ret99@127.0.0.1:9/log.csv")
    assert "ret99" not in str(refusal.value)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let s3:// be a folder: the file systems of pyarrow are alike."""
    (tmp_path / "bucket").mkdir()
    monkeypatch.setattr(
        remote_files,
        "_open",
        lambda url: (fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()), url.removeprefix("s3://")),
    )
    return tmp_path / "bucket"


def test_globs_and_folders_of_a_bucket_are_files(bucket: Path) -> None:
    """Values in the path are columns; hidden files are none; compressed ones are not unpacked on the way."""
    for day in ("1", "2"):
        folder = bucket / "lake" / "event_type=usage" / f"day={day}"
        folder.mkdir(parents=True)
        parquet_file(folder, {"customer_id": [day], "event_time": ["2024-01-01"]}, "a.parquet")
    (bucket / "lake" / "_temporary").mkdir()
    (bucket / "lake" / "_temporary" / "b.parquet").touch()
    result = read("s3://bucket/lake")
    assert [event["customer_id"] for event in result.events] == ["1", "2"]
    assert result.report.sources[0] == "s3://bucket/lake/event_type=usage/day=1/a.parquet"
    assert read("s3://bucket/lake/*/day=2/*.parquet").report.kept == 1
    (bucket / "log.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n{GOOD}\n".encode()))
    assert next(iter(read("s3://bucket/*.gz").report.assumed.values()))["packed"] == "gzip"


def test_tables_with_a_log_are_refused(bucket: Path) -> None:
    """Their removed rows would live again."""
    (bucket / "delta" / "_delta_log").mkdir(parents=True)
    (bucket / "delta" / "_delta_log" / "0.json").touch()
    parquet_file(bucket / "delta", {"customer_id": ["A"], "event_time": ["2024-01-01"], "event_type": ["usage"]})
    for url in ("s3://bucket/delta", "s3://bucket/delta/*.parquet"):
        with pytest.raises(SourceError, match="is a table of Delta at another address: copy its folder here"):
            read(url)
    for url, message in {"s3://bucket/none/*": "no file matches", "s3://bucket/none": "there is no file"}.items():
        with pytest.raises(SourceError, match=message):
            read(url)


def test_an_address_of_a_local_file_is_that_file(tmp_path: Path) -> None:
    """Its name may be encoded."""
    path = csv_file(tmp_path, GOOD, name="my log.csv")
    assert read(f"file://{tmp_path}/my%20log.csv").report.sources == [str(path)]


def test_any_file_system_of_fsspec_will_do(tmp_path: Path) -> None:
    """Here the one in memory; without fsspec the extra is named."""
    fsspec.filesystem("memory").pipe("/shop/log.csv", f"{HEADER}\n{GOOD}\n".encode())
    assert read("memory://shop/log.csv").report.kept == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "fsspec", None)
        with pytest.raises(MissingExtraError, match=r"memory:// needs regulars\[lake\]"):
            fetch_files("memory://shop/log.csv", tmp_path / "copies")
