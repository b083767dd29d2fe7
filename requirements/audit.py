"""Audits the pins with pip-audit against a database of advisories that was downloaded before: it needs no network.

    python requirements/audit.py advisories.zip [--ignore-vuln ID ...]

The database is OSV's export of the ecosystem PyPI, one JSON file an advisory. A server on the loopback answers
pip-audit's questions from it for as long as the audit runs. Pins for other versions of Python than the running one are
left out. `make audit` installs what this needs.
"""

import json
import re
import subprocess
import sys
import threading
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.version import InvalidVersion, Version

FOLDER = Path(__file__).parent
LISTS = ("service", "spark", "dev")
STALE = timedelta(days=14)

Advisories = Mapping[str, Sequence[Mapping[str, Any]]]


def read_advisories(path: Path) -> tuple[Advisories, datetime]:
    """Return the advisories of a database by package, and when the latest of them was changed."""
    by_package: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    latest = datetime.fromtimestamp(0, UTC)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            advisory = json.loads(archive.read(name))
            latest = max(latest, datetime.fromisoformat(advisory["modified"].replace("Z", "+00:00")))
            for package in {normal(each["package"]["name"]) for each in advisory.get("affected", ())}:
                by_package[package].append(advisory)
    return by_package, latest


def normal(name: str) -> str:
    """Return a package's name as indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def affecting(advisories: Advisories, name: str, version: str) -> list[Mapping[str, Any]]:
    """Return the advisories that affect a version of a package: it is listed, or lies in a range."""
    return [
        advisory
        for advisory in advisories.get(normal(name), ())
        if any(
            each["package"].get("ecosystem") == "PyPI"
            and normal(each["package"]["name"]) == normal(name)
            and (
                version in each.get("versions", ())
                or any(_in_range(Version(version), r) for r in each.get("ranges", ()))
            )
            for each in advisory["affected"]
        )
    ]


def _in_range(version: Version, affected: Mapping[str, Any]) -> bool:
    if affected["type"] != "ECOSYSTEM":
        return False
    inside = False
    try:
        events = sorted(
            ((Version(text), kind) for event in affected["events"] for kind, text in event.items()),
            key=lambda event: event[0],
        )
    except InvalidVersion:
        return True  # rather a look too many than one too few
    for start, kind in events:
        if kind == "introduced" and version >= start:
            inside = True
        elif (kind == "fixed" and version >= start) or (kind == "last_affected" and version > start):
            inside = False
    return inside


def serve(advisories: Advisories) -> ThreadingHTTPServer:
    """Answer OSV's query for a package and version on a free port of the loopback, in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = affecting(advisories, asked["package"]["name"], asked["version"])
            body = json.dumps({"vulns": found} if found else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main(path: str, *options: str) -> int:
    """Audit all lists of pins; return 1 where one has a known vulnerability."""
    advisories, latest = read_advisories(Path(path))
    print(f"{sum(map(len, advisories.values())):,} advisories, the latest of {latest:%Y-%m-%d}", file=sys.stderr)
    if datetime.now(UTC) - latest > STALE:
        print(f"{path} is older than {STALE.days} days: download it again", file=sys.stderr)
        return 1
    worst = 0
    with serve(advisories) as server, TemporaryDirectory() as cache:
        for name in LISTS:
            print(f"{name}.txt", file=sys.stderr)
            worst |= subprocess.run(
                [
                    *(sys.executable, "-m", "pip_audit", "--requirement", str(FOLDER / f"{name}.txt")),
                    *(
                        "--disable-pip",
                        "--require-hashes",
                        "--strict",
                        "--progress-spinner",
                        "off",
                        "--cache-dir",
                        cache,
                    ),
                    *("--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"),
                    *options,
                ],
                check=False,
            ).returncode
        server.shutdown()
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
