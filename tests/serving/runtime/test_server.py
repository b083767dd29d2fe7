"""The service starts at a free address only, and announces itself with a request that works."""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
from bentoml.exceptions import BentoMLException

from features.errors import ServerStartError
from serving.runtime import server
from serving.runtime.server import announce_when_ready, free_address, run_server
from serving.runtime.supervision import VARIABLE


def test_only_a_free_ip_address_will_do() -> None:
    """A name, a foreign address and a port that is taken are refused in one line."""
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, pytest.raises(ServerStartError, match="take another port"):
        free_address("127.0.0.1", taken.getsockname()[1])
    assert free_address("127.0.0.1", 0).is_loopback
    with pytest.raises(ServerStartError, match="is no IP address: use"):
        free_address("localhost", 3000)
    with pytest.raises(ServerStartError, match="nothing can listen at"):
        free_address("192.0.2.1", 3000)


LISTEN = """
import os, socket, time
taken = socket.create_server(("127.0.0.1", 0))
print(os.getpid(), taken.getsockname()[1], flush=True)
time.sleep(60)
"""
FIRST = f"""
import os, subprocess, sys, time
os.environ["{VARIABLE}"] = f"{{os.getpid()}} 1"
subprocess.Popen([sys.executable, "-c", {LISTEN!r}])
time.sleep(60)
"""


def test_a_port_that_a_service_holds_names_what_can_be_ended() -> None:
    """The first process, not a worker, which would be replaced; and a worker that has outlived the first one."""
    with subprocess.Popen([sys.executable, "-c", FIRST], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        worker, port = map(int, first.stdout.readline().split())
        try:
            with pytest.raises(ServerStartError, match=f"by process {first.pid}: .*take another port, or end that"):
                free_address("127.0.0.1", port)
            first.kill()
            first.wait()
            orphan = f"by process {worker}, a worker of a service whose first process {first.pid} has ended"
            with pytest.raises(ServerStartError, match=orphan):
                free_address("127.0.0.1", port)
        finally:
            first.kill()
            os.kill(worker, signal.SIGKILL)


def test_what_bentoml_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check before the start ends in an error of ours with BentoML's line."""

    def refuse(*_: object, **options: object) -> None:
        assert options["timeout_graceful_shutdown"] == 5
        raise BentoMLException("no key")

    monkeypatch.setattr(server, "serve", refuse)
    with pytest.raises(ServerStartError, match="no key"):
        run_server("127.0.0.1", 3000, 5, 7)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the service does, and keeps what it was sent."""

    bodies: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        self.reply(b'{"status":"ready"}')

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.reply(b'{"scores":[]}')

    def reply(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield httpd.server_address[1]
        httpd.shutdown()
        thread.join()


def test_a_ready_service_is_announced_with_a_request_and_its_response(port: int) -> None:
    """Where, how to try it and what it gives, the docs, the page to open; the request shown is the one sent."""
    lines: list[str] = []
    done = threading.Event()

    def say(line: str, **_: object) -> None:
        lines.append(line)

    announce_when_ready("0.0.0.0", port, say, done.set)
    assert done.wait(10)
    assert lines[0] == f"serving at http://127.0.0.1:{port} (ready); Ctrl-C ends it. To try:"
    assert lines[1].startswith(f"curl http://127.0.0.1:{port}/score -H 'Content-Type: application/json' -d '")
    assert json.loads(lines[1].split("-d '")[1][:-1]) == json.loads(Handler.bodies[-1])
    assert lines[2] == '{"scores":[]}'
    assert lines[3:] == [
        f"http://127.0.0.1:{port}/docs describes it, with examples to try",
        f"open http://127.0.0.1:{port} in a browser",
    ]
