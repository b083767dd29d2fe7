"""Starting the service: BentoML's server on an address that is free, and a word with an example when it answers."""

import ipaddress
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

from bentoml.exceptions import BentoMLException

import serving
from features.errors import ServerStartError
from serving.bento import serve

EXAMPLE = {
    "customers": [
        {
            "customer_id": "anna",
            "events": [
                {"event_type": "purchase", "event_time": "2011-06-05T10:00:00Z", "amount": 120.0},
                {"event_type": "purchase", "event_time": "2011-09-12T16:30:00Z", "amount": 80.5},
                {"event_type": "purchase", "event_time": "2011-11-20T09:15:00Z", "amount": 210.0},
            ],
        }
    ],
    "as_of": "2011-12-10",
    "horizon_days": 90,
}
PATIENCE = 120
SERVICE = "serving.service:service"


def free_address(host: str, port: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address, if one can listen there; raises ServerStartError when not."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ServerStartError(f"{host!r} is no IP address: use 127.0.0.1 for this machine alone") from None
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise ServerStartError(
                f"nothing can listen at {host}:{port} ({error.strerror}): take another port"
            ) from None
    return address


def start(host: str, port: int, drain_seconds: int, keep_alive_seconds: int) -> None:
    """Run the service until it is told to stop; raises ServerStartError for what its check before the start refuses."""
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


def tell_when_ready(host: str, port: int, say: Callable[[str], None]) -> None:
    """Wait in a thread until the service answers, then say how to ask it, and what it answers."""
    threading.Thread(target=_tell, args=(host, port, say), daemon=True).start()


def _tell(host: str, port: int, say: Callable[[str], None]) -> None:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    url = f"http://{name}:{port}"
    until = time.monotonic() + PATIENCE
    while (ready := _asked(f"{url}/readyz")) is None:
        if time.monotonic() > until:
            say(f"no answer at {url}/readyz after {PATIENCE} seconds; the lines above may say why")
            return
        time.sleep(0.2)
    say(f"serving at {url} ({json.loads(ready)['status']}); Ctrl-C ends it. To try:")
    body = json.dumps(EXAMPLE)
    say(f"curl {url}/score -H 'Content-Type: application/json' -d '{body}'")
    if answer := _asked(f"{url}/score", body.encode()):
        say(answer)
    else:
        say("(with a key: -H 'Authorization: Bearer KEY')")


def _asked(url: str, body: bytes | None = None) -> str | None:
    """Return what the service answers with 200, else None."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"} if body else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy between a machine and itself
    try:
        with opener.open(request, timeout=5) as answer:
            return str(answer.read().decode())
    except (URLError, OSError):
        return None
