"""The example of a proxy works: TLS outside, the service inside, and health and metrics for the machine alone."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.ports import free_port
from tests.serving.running import eventually

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
OPENSSL = shutil.which("openssl")
EXAMPLE = Path(__file__).parents[1] / "examples" / "proxy" / "nginx.conf"

pytestmark = [
    pytest.mark.needs_nginx,
    pytest.mark.skipif(not (NGINX and OPENSSL), reason="nginx or openssl is not here: install Debian's nginx-light"),
]


class Upstream(BaseHTTPRequestHandler):
    """Says what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        said = self.path + "\n" + str(self.headers)
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, ssl.SSLContext]]:
    """The example, with its ports and certificates changed alone: the port outside, that for the machine, and trust."""
    folder = tmp_path_factory.mktemp("proxy")
    pem, key = folder / "regulars.pem", folder / "regulars.key"
    command = [str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key)]
    command += ["-out", str(pem), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    Thread(target=upstream.serve_forever, daemon=True).start()
    outside, inside = free_port(), free_port()
    text = EXAMPLE.read_text()
    for ours, theirs in {
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "127.0.0.1:3000": f"127.0.0.1:{upstream.server_port}",
        "listen 443 ssl": f"listen 127.0.0.1:{outside} ssl",
        "listen 127.0.0.1:9100": f"listen 127.0.0.1:{inside}",
        "/etc/ssl/regulars.shop.example.pem": str(pem),
        "/etc/ssl/private/regulars.shop.example.key": str(key),
    }.items():
        assert text.count(ours) == 1, ours
        text = text.replace(ours, theirs)
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"), "-g", "daemon off;"]
    process = subprocess.Popen(command)
    trust = ssl.create_default_context(cafile=str(pem))

    def listens() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{inside}/readyz", trust_env=False, timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    eventually(listens, "nginx answers", process)
    yield outside, inside, trust
    process.terminate()
    process.wait(60)
    upstream.shutdown()
    upstream.server_close()


def test_the_service_is_reached_through_tls(proxy: tuple[int, int, ssl.SSLContext]) -> None:
    """With an id for the request, and the caller's address as the proxy saw it, not as the caller says."""
    outside, _, trust = proxy
    with httpx.Client(verify=trust, trust_env=False, timeout=60) as client:
        answer = client.get(f"https://localhost:{outside}/versions", headers={"X-Forwarded-For": "1.2.3.4"})
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert "X-Forwarded-For: 127.0.0.1" in answer.text
    assert "1.2.3.4" not in answer.text
    assert "X-Request-ID: " in answer.text


def test_health_and_metrics_are_for_the_machine_alone(proxy: tuple[int, int, ssl.SSLContext]) -> None:
    """Outside they are not there; at the port of the loopback they are."""
    outside, inside, trust = proxy
    with httpx.Client(verify=trust, trust_env=False, timeout=60) as client:
        for path in ("metrics", "readyz", "livez", "healthz"):
            assert client.get(f"https://localhost:{outside}/{path}").status_code == 404
        assert client.get(f"http://127.0.0.1:{inside}/metrics").status_code == 200
        assert client.get(f"http://127.0.0.1:{inside}/versions").status_code == 404


def test_too_large_a_body_ends_at_the_proxy(proxy: tuple[int, int, ssl.SSLContext]) -> None:
    """413 by the length that is announced, before anything is sent on."""
    outside, _, trust = proxy
    head = f"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: {65 * 2**20}\r\n\r\n"
    plain = socket.create_connection(("127.0.0.1", outside), 60)
    with trust.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
