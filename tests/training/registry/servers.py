"""MLflow servers for tests, and a proxy that answers slowly or not at all."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

from tests.ports import free_port


@contextmanager
def mlflow_server(folder: Path, database: str | None = None) -> Iterator[str]:
    """Run a server with a database and proxied artifacts of its own in `folder`; yield its address."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    database = database or f"sqlite:///{folder / 'server.db'}"
    options = ["--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    command = [sys.executable, "-m", "mlflow", "server", "--serve-artifacts", *options, "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, 15)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, 9)
                server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.2)
    raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")


@contextmanager
def proxy(address: str | None, delay: float = 0.0) -> Iterator[str]:
    """Pass connections on to `address` after a delay, or, without an address, accept them and never answer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        opened: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    opened.append(client)
                    if address is not None:
                        Thread(target=forward, args=(client, address, delay, opened), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for connection in opened:
            connection.close()


def forward(client: socket.socket, address: str, delay: float, opened: list[socket.socket]) -> None:
    port = int(address.rpartition(":")[2])
    with suppress(OSError):
        server = socket.create_connection(("127.0.0.1", port))
        opened.append(server)
        Thread(target=copy, args=(server, client, 0.0), daemon=True).start()
        copy(client, server, delay)


def copy(source: socket.socket, target: socket.socket, delay: float) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            time.sleep(delay)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
