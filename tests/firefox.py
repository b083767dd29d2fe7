"""Debian's Firefox, driven by WebDriver BiDi: Playwright drives a Firefox of its own build alone."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PATIENCE = 60


class Firefox:
    """One tab; `wrong` has the errors and warnings of its pages.

    Parameters
    ----------
    connection : ClientConnection
        To the browser's session.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._count = connection, 0
        self.wrong: list[str] = []
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self._tab = self._send("browsingContext.getTree")["contexts"][0]["context"]

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._count += 1
        self._connection.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(PATIENCE))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] in ("error", "warn"):
                self.wrong.append(message["params"]["text"])
            if message.get("id") == self._count:
                assert message["type"] == "success", message
                return dict(message["result"])

    def open(self, url: str, width: int = 1440, height: int = 900) -> None:
        """Show a page at a width, and wait until it is drawn."""
        self._send("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})
        self._send("browsingContext.navigate", context=self._tab, url="about:blank", wait="complete")
        self._send("browsingContext.navigate", context=self._tab, url=url, wait="complete")
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """Wait until all charts are drawn, as after another language or theme."""
        self.evaluate(
            "new Promise((drawn) => { const look = () => document.documentElement.dataset.drawn === 'yes' "
            "? drawn(true) : setTimeout(look, 20); look(); })"
        )

    def evaluate(self, expression: str) -> Any:
        """Return what an expression of JavaScript is, or what its promise becomes, as JSON has it."""
        wrapped = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self._tab}
        answer = self._send("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def run(self, script: str) -> None:
        """Run a script in the page, whatever the page's policy."""
        target = {"context": self._tab}
        answer = self._send("script.evaluate", expression=f"{script}; null", target=target, awaitPromise=False)
        assert answer["type"] == "success", answer

    def press(self, text: str) -> None:
        """Type a text where the focus is; `\ue007` is the Enter key."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._send("input.performActions", context=self._tab, actions=[{"type": "key", "id": "keys", "actions": keys}])

    def picture(self, file: Path, whole: bool = False) -> None:
        """Save what is seen, or the whole page, as PNG."""
        origin = "document" if whole else "viewport"
        answer = self._send("browsingContext.captureScreenshot", context=self._tab, origin=origin)
        file.write_bytes(base64.b64decode(answer["data"]))

    def print(self) -> bytes:
        """Return the page on A4 as PDF."""
        page = {"width": 21.0, "height": 29.7}
        return base64.b64decode(self._send("browsingContext.print", context=self._tab, page=page)["data"])


@contextmanager
def firefox(program: str, folder: Path, dark: bool = False) -> Iterator[Firefox]:
    """Run a Firefox with a profile of its own in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"ui.systemUsesDarkTheme": int(dark), "browser.shell.checkDefaultBrowser": False}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
    (folder / "user.js").write_text("\n".join(lines))
    command = [program, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            found = None
            while found is None:
                line = process.stderr.readline()
                assert line, "Firefox ended"
                found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
            with connect(f"{found[1]}/session", max_size=None, proxy=None) as connection:
                yield Firefox(connection)
        finally:
            process.terminate()
