"""What the recorder and the test of the frozen pack share: run a command, ask the service, say what came, compare.

Nothing of the project is imported here: everything goes through the command and through HTTP.
"""

import csv
import hashlib
import http.client
import io
import json
import math
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PACK = Path(__file__).parent / "pack"
HOME_ROOT = "/regulars-home"
"""Stands in the recorded homes for the folder they were in: MLflow keeps whole paths."""
TEXT_COLUMNS = [
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
]
MASKS = [
    (re.compile(r"\bevents-[0-9a-f]{12}\b"), "events-ID"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"0x[0-9a-f]{6,}"), "ADDRESS"),
    (re.compile(r"\bregulars-[a-z0-9_]{8}\b"), "regulars-SCRATCH"),
]
NUMBER = re.compile(r"(?<![\w.])[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC|[+-]\d\d:\d\d)?")
VARYING_HEADERS = {"date", "x-request-id", "server-timing", "content-length", "etag", "last-modified"}
STYLE = re.compile(r"sha256-[A-Za-z0-9+/=]+")
"""Which style the page of a policy has: how pages look is no promise."""
RunCommand = Callable[[Sequence[str], Path, Mapping[str, str]], subprocess.CompletedProcess[str]]
"""Runs `regulars` with arguments in a folder with an environment."""
TABLE = "application/vnd.apache.arrow.stream"


# Folders


def unpack(folder: Path) -> Path:
    """Copy the inputs of the pack to the folder, with the homes' paths as they are there."""
    shutil.copytree(PACK / "given", folder, dirs_exist_ok=True)
    for home in folder.glob("home*"):
        move_home(home, f"file://{HOME_ROOT}", home.resolve().as_uri())
    for keys in folder.glob("keys*.toml"):
        keys.chmod(0o600)
    return folder


def move_home(home: Path, before: str, after: str) -> None:
    """Replace the root of every path that MLflow keeps in the database of a home."""
    with closing(sqlite3.connect(home / "mlflow.db")) as database, database:
        for table, column in TEXT_COLUMNS:
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (before, after))


# Commands


def environment(**more: str) -> dict[str, str]:
    """The environment without settings of whoever runs this, wide enough that no table is folded."""
    ours = ("REGULARS_", "MLFLOW_", "BENTOML_")
    # The pack was recorded before a log with many faulty rows was refused.
    more = {"REGULARS_INGEST_ACCEPT_QUARANTINE": "true", **more}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if cache := os.environ.get("REGULARS_CACHE"):
        kept["REGULARS_CACHE"] = cache
    fixed = {"COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC", "PYTHONPATH": str(ROOT)}
    quiet = {"BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | fixed | quiet | more


def command(*arguments: str) -> list[str]:
    """What to run for `regulars ARGUMENTS`."""
    return [sys.executable, "-m", "cli.main", *arguments]


def run_process(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `regulars ARGUMENTS` in a process of its own."""
    return subprocess.run(command(*arguments), cwd=cwd, env=env, capture_output=True, text=True, check=False)


def run(case: Mapping[str, Any], work: Path, run_command: RunCommand = run_process) -> dict[str, Any]:
    """Run the steps of a case in the folder, and return how each ended, what it said, and what is in `out` then."""
    steps = []
    for arguments in case["steps"]:
        own = environment(BENTOML_HOME=str(work / case.get("bento", "out/bento")))
        found = run_command(arguments, work, own)
        said = {"stdout": found.stdout, "stderr": found.stderr}
        if "Usage:" in found.stdout:  # the words of a help may become better ones; the options are the interface
            options = sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", found.stdout)))
            said = {"options": options, "stderr": found.stderr}
        steps.append({"code": found.returncode, **masked(said, work, case)})
    files = sorted(file for file in (work / "out").rglob("*") if file.is_file())
    written = {masked(file.relative_to(work).as_posix(), work, case): content(file, work, case) for file in files}
    left_out = re.compile(case.get("leave_out", r"$^"))
    return {"steps": steps, "files": {name: what for name, what in written.items() if not left_out.search(name)}}


def masked(what: Any, work: Path, case: Mapping[str, Any]) -> Any:
    """Return the texts within, with folders, ids and, where the case says so, times replaced by words."""
    if isinstance(what, str):
        what = what.replace(str(work.resolve()), "WORK").replace(str(work), "WORK").replace(str(ROOT), "REPOSITORY")
        for pattern, word in [*MASKS, *([(CLOCK, "TIME")] if case.get("clock") else [])]:
            what = pattern.sub(word, what)
        return "\n".join(line.rstrip() for line in what.split("\n"))
    if isinstance(what, Mapping):
        hidden = set(case.get("hide", ()))
        return {
            masked(key, work, case): "HIDDEN" if key in hidden else masked(each, work, case)
            for key, each in what.items()
        }
    return [masked(each, work, case) for each in what] if isinstance(what, list) else what


def content(file: Path, work: Path, case: Mapping[str, Any]) -> Any:
    """Return what the file holds, in a form that JSON can keep: a digest for a column, the text of a text."""
    kind = file.suffix
    if kind == ".parquet":
        return masked(table_content(pq.read_table(file)), work, case)
    if kind == ".arrow":
        return masked(table_content(read_arrow(file.read_bytes())), work, case)
    if kind == ".json":
        return masked(json.loads(file.read_text()), work, case)
    if kind == ".csv" and case.get("rtol"):  # its numbers are those of a Parquet file beside it
        rows = list(csv.reader(io.StringIO(file.read_text())))
        return {"head": rows[0], "rows": len(rows) - 1}
    if kind == ".csv":
        text = masked(file.read_text(), work, case)
        return text if len(text) < 4000 else {"sha256": hashlib.sha256(text.encode()).hexdigest(), "head": text[:400]}
    if kind in (".npy", ".toml"):
        return {"bytes": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    return "there"


def read_arrow(body: bytes) -> pa.Table:
    """Read the file or the stream form of Arrow."""
    return (pa.ipc.open_file if body.startswith(b"ARROW1") else pa.ipc.open_stream)(body).read_all()


def table_content(table: pa.Table) -> dict[str, Any]:
    """Return the columns with type and a digest of their exact values each, the rows, and what the metadata say."""
    metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    metadata = {key: value for key, value in metadata.items() if key not in ("pandas", "ARROW:schema")}
    columns = {name: f"{table.schema.field(name).type} {_exact(table[name])}" for name in table.column_names}
    return {"rows": table.num_rows, "columns": columns, "metadata": metadata}


def _exact(column: pa.ChunkedArray) -> str:
    texts = (value.hex() if isinstance(value, float) else str(value) for value in _values(column))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64()).to_pylist()
    return column.to_pylist()


# The service


class Service:
    """A service that runs on a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask, as often as the request says, and return the last answer in a form that JSON can keep."""
        for _ in range(request.get("repeat", 1)):
            answer = self._ask(request)
        return answer

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.putrequest(request["method"], request["path"], skip_accept_encoding=True)
            body = body_of(request)
            headers = dict(request.get("headers", {}))
            if body is not None and not {"Content-Length", "Transfer-Encoding"} & headers.keys():
                headers["Content-Length"] = str(len(body))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            read = answer.read()
        named = {name.lower(): value for name, value in answer.getheaders()}
        kind = named.get("content-type", "").partition(";")[0]
        varying = {*VARYING_HEADERS, *request.get("vary", ())}
        kept = {name: STYLE.sub("HASH", value) for name, value in sorted(named.items()) if name not in varying}
        return {"status": answer.status, "headers": kept, "body": self._body(read, kind, request)}

    def _body(self, body: bytes, kind: str, request: Mapping[str, Any]) -> Any:
        if not body:
            return ""
        if kind == TABLE:
            table = read_arrow(body)
            return hide({**table_content(table), "columns": table.to_pydict()}, request)
        if kind.endswith("json"):
            return hide(json.loads(body), request)
        return "there" if kind in ("text/html", "text/plain") else body.decode(errors="replace")


def hide(body: Any, request: Mapping[str, Any]) -> Any:
    """Return the body with the values of the request's hidden keys replaced by a word, and NaN by its name."""
    if isinstance(body, Mapping):
        hidden = request.get("hide", ())
        return {key: "HIDDEN" if key in hidden else hide(value, request) for key, value in body.items()}
    if isinstance(body, list):
        return [hide(each, request) for each in body]
    if isinstance(body, float) and not math.isfinite(body):
        return str(body)
    return body.isoformat() if isinstance(body, (date, datetime)) else body


def body_of(request: Mapping[str, Any]) -> bytes | None:
    """Return the bytes to send: a text, JSON, a file of the pack, or pieces that are repeated; None for none."""
    if "text" in request:
        return request["text"].encode()
    if "hex" in request:
        return bytes.fromhex(request["hex"])
    if "json" in request:
        return json.dumps(request["json"]).encode()
    if "file" in request:
        return (PACK / "bodies" / request["file"]).read_bytes()[: request.get("cut")]
    if "pieces" in request:
        return "".join(text * count for text, count in request["pieces"]).encode()
    return None


@contextmanager
def serving(work: Path, bento: str, *options: str) -> Iterator[Service]:
    """Start `regulars serve` in the folder on a free port, wait until it answers, and end it afterwards."""
    port = free_port()
    log = work / f"serve-{bento}.log"
    own = environment(BENTOML_HOME=str(work / bento))
    with log.open("wb") as said:
        process = subprocess.Popen(
            command("serve", "--port", str(port), *options),
            cwd=work,
            env=own,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        wait(port, process, log)
        yield Service(port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def services(work: Path) -> Iterator[dict[str, Service]]:
    """Start both: one that anybody may ask, with model and batch; one with keys and a page, without either."""
    with (
        serving(work, "bento", "--scores", "batch.parquet") as everybody,
        serving(work, "empty-bento", "--keys", "keys.toml", "--report", "page.html") as with_keys,
    ):
        yield {"open": everybody, "keys": with_keys}


def wait(port: int, process: subprocess.Popen[bytes], log: Path, patience: float = 120) -> None:
    """Return when the service is alive; fails with its log when it ends or takes too long."""
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        try:
            if Service(port).ask({"method": "GET", "path": "/livez"})["status"] == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
    raise AssertionError(f"the service did not start:\n{log.read_text()[-4000:]}")


# Comparing


def differences(found: Any, expected: Any, rtol: float = 0.0, loose: bool = False, path: str = "") -> list[str]:
    """Return where two recorded values differ; floats within `rtol`, and if loose the numbers in texts nearly."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        said = [f"{path}/{key}: absent" for key in expected.keys() - found.keys()]
        said += [f"{path}/{key}: not expected" for key in found.keys() - expected.keys()]
        both = [key for key in expected if key in found]
        return sorted(said) + [
            each for key in both for each in differences(found[key], expected[key], rtol, loose, f"{path}/{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [each for at, (a, b) in pairs for each in differences(a, b, rtol, loose, f"{path}/{at}")]
    if found == expected and type(found) is type(expected):
        return []
    if isinstance(expected, float) and isinstance(found, float) and math.isclose(found, expected, rel_tol=rtol):
        return []
    if loose and isinstance(expected, str) and isinstance(found, str) and _nearly(found, expected):
        return []
    return [f"{path}: found {found!r:.2000}, expected {expected!r:.2000}"]


def _nearly(found: str, expected: str) -> bool:
    """Return whether texts are the same but for spaces and the last digit that a number shows."""
    if NUMBER.sub("#", found).split() != NUMBER.sub("#", expected).split():
        return False
    for a, b in zip(NUMBER.findall(found), NUMBER.findall(expected), strict=True):
        digits = len(b.partition(".")[2])
        if not math.isclose(float(a.replace(",", "")), float(b.replace(",", "")), abs_tol=1.01 * 10**-digits):
            return False
    return True


def table_differences(found: Path, expected: Path, rtol: float) -> list[str]:
    """Return which columns of two Parquet files differ: floats by more than `rtol`, anything else at all."""
    ours, theirs = pq.read_table(found), pq.read_table(expected)
    if ours.num_rows != theirs.num_rows:
        return [f"{found.name}: {ours.num_rows} rows, expected {theirs.num_rows}"]
    differ = []
    absent = set(theirs.column_names) - set(ours.column_names)
    differ += [f"{found.name} {name}: absent" for name in sorted(absent)]
    for name in (each for each in theirs.column_names if each not in absent):
        pairs = list(zip(_values(ours[name]), _values(theirs[name]), strict=True))
        unlike = [
            f"row {row}: found {a!r}, expected {b!r}" for row, (a, b) in enumerate(pairs) if not _like(a, b, rtol)
        ]
        if unlike:
            differ.append(f"{found.name} {name}: {len(unlike)} of {len(pairs)} differ, {unlike[0]}")
    return differ


def _like(a: Any, b: Any, rtol: float) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=rtol, abs_tol=1e-9 if rtol > 1e-9 else 0.0) or (a != a and b != b)
    return bool(a == b)
