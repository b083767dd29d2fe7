"""Starts the BentoML server and, once it is ready, prints its URL and an example request."""

import errno
import ipaddress
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

from bentoml.exceptions import BentoMLException

import serving
from features.errors import ServerStartError
from serving.api.trial_request import HEADER, make_token
from serving.bento import serve
from serving.runtime.first_process import take_failure
from serving.runtime.supervision import first_process_of

START_SECONDS = 120
COMMAND_LENGTH = 120
SERVICE = "serving.service:service"


def free_address(host: str, port: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address if a server can listen there; raises ServerStartError if not."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ServerStartError(f"{host!r} is no IP address: use 127.0.0.1 for this machine alone") from None
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            holder = _holder(port) if error.errno == errno.EADDRINUSE else ""
            raise ServerStartError(
                f"nothing can listen at {host}:{port} ({error.strerror}{holder}): take another port"
                + (", or end that process" if holder else "")
            ) from None
    return address


def _holder(port: int) -> str:
    """Return in words which process listens at a port, of a service the first one; nothing where that is hidden."""
    import psutil  # here, so that without the extra it is BentoML that is missing first: psutil is of another one too

    with suppress(psutil.Error, OSError):
        listening = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
        holders = [psutil.Process(each.pid) for each in listening if each.pid and each.laddr.port == port]
        if holders:
            process = min(holders, key=lambda holder: (holder.create_time(), holder.pid))
            first, parent = first_process_of(process.environ()), process.parent()
            if first is not None and parent is not None and parent.pid == first:
                process = (
                    parent  # a service is ended by its first process, which starts another worker for an ended one
                )
            elif first is not None and first != process.pid:
                return f" by process {process.pid}, a worker of a service whose first process {first} has ended"
            command = " ".join(" ".join(process.cmdline()).split())
            return f" by process {process.pid}: {command[:COMMAND_LENGTH]}"
    return ""


def run_server(host: str, port: int, drain_seconds: int, keep_alive_seconds: int) -> None:
    """Run the service until it is stopped.

    Raises ServerStartError when its check before the start fails, a folder that it needs cannot be made, or none of its
    workers can start.
    """
    project = str(Path(serving.__file__).parents[1])
    try:
        serve(
            SERVICE,
            project,
            host=host,
            port=port,
            timeout_graceful_shutdown=drain_seconds,
            timeout_keep_alive=keep_alive_seconds,
        )
    except BentoMLException as error:
        raise ServerStartError(str(error)) from None
    except (OSError, RuntimeError) as error:
        raise ServerStartError(take_failure() or f"the service cannot start: {error}") from None
    if failure := take_failure():
        raise ServerStartError(failure)


def announce_when_ready(host: str, port: int, say: Callable[..., None], end: Callable[[], None]) -> None:
    """Wait in a thread until the service answers, then say how to try it and where to open it.

    Parameters
    ----------
    host, port : str, int
        Where it listens.
    say : callable
        Prints a line; figures of it are keyword arguments.
    end : callable
        Called after the last line.
    """
    threading.Thread(target=_announce, args=(host, port, make_token(), say, end), daemon=True).start()


def _announce(host: str, port: int, token: str, say: Callable[..., None], end: Callable[[], None]) -> None:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    url = f"http://{name}:{port}"
    deadline = time.monotonic() + START_SECONDS
    while (ready := _response(f"{url}/readyz")) is None:
        if time.monotonic() > deadline:
            say(f"no answer at {url}/readyz after {START_SECONDS} seconds; the lines above may say why")
            return
        time.sleep(0.2)
    status = json.loads(ready)["status"]
    say(f"serving at {url} ({status}); Ctrl-C ends it. To try:", url=url, status=status)
    body = json.dumps(json.loads(Path(__file__).with_name("first_request.json").read_text()))
    say(f"curl {url}/score -H 'Content-Type: application/json' -d '{body}'")
    headers = {"Content-Type": "application/json", HEADER: token}  # it is of no customer, so it is not logged
    say(_response(f"{url}/score", body.encode(), headers) or "(with a key: -H 'Authorization: Bearer KEY')")
    say(f"{url}/docs describes it, with examples to try")
    say(f"open {url} in a browser")
    end()


def _response(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> str | None:
    """Return the response body if the status is 200, else None."""
    request = urllib.request.Request(url, body, dict(headers or {}))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy between a machine and itself
    try:
        with opener.open(request, timeout=5) as response:
            return str(response.read().decode())
    except (URLError, OSError):
        return None
