"""`regulars serve` and `regulars key` at the command line; the service itself has its own tests."""

import socket
from collections.abc import Callable
from pathlib import Path

from serving.runtime.api_keys import find_key, read_keys
from tests.cli.conftest import Ended

Command = Callable[..., Ended]


def test_a_key_is_said_once(regulars: Command, tmp_path: Path) -> None:
    """It opens what it was made for; the file has its digest alone."""
    ended = regulars("key", "shop", "--keys", "keys.toml", "--scope", "score", "--scope", "customers")
    assert ended.code == 0
    secret = ended.error.splitlines()[1]
    (key,) = read_keys(tmp_path / "keys.toml")
    assert find_key([key], f"Bearer {secret}", None) == key
    assert key.scopes == {"score", "customers"}
    assert secret not in (tmp_path / "keys.toml").read_text()


def test_a_faulty_key_is_refused(regulars: Command, tmp_path: Path) -> None:
    """A name twice, a name that is none, a rate that is none: one line, and nothing is written."""
    assert regulars("key", "shop", "--keys", "keys.toml").code == 0
    before = (tmp_path / "keys.toml").read_bytes()
    for arguments in (["shop"], ["The Shop"], ["b", "--rate", "often"]):
        ended = regulars("key", *arguments, "--keys", "keys.toml")
        assert ended.code == 1
        assert len(ended.error.splitlines()) == 1
    assert regulars("key", "b", "--keys", "keys.toml", "--scope", "all").code == 2
    assert (tmp_path / "keys.toml").read_bytes() == before


def test_a_port_that_is_taken_is_told(regulars: Command, monkeypatch) -> None:
    """In one line, before anything is loaded; so is a host that is no address."""
    for name in ("KEYS", "RATE", "SCORES", "TIMEZONE", "WORKERS"):
        monkeypatch.setenv(f"REGULARS_{name}", "")  # the verb sets them: have them as they were afterwards
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = regulars("serve", "--port", taken.getsockname()[1])
    assert ended.code == 1
    assert "Address already in use" in ended.error
    assert ended.error.rstrip().endswith("take another port")
    ended = regulars("serve", "--host", "example.org")
    assert ended.code == 1
    assert "'example.org' is no IP address" in ended.error
