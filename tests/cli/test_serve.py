"""`regulars serve` at the command line; the service itself has its own tests."""

import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended

Command = Callable[..., Ended]
NAMES = (
    "KEYS",
    "SCORES",
    "REPORT",
    "PLANS",
    "RATE",
    "TIMEZONE",
    "WORKERS",
    "PORT",
    "HOST",
    "DRAIN_SECONDS",
    "CORS_ORIGINS",
)
"""Variables that the verb sets; a test sets them, so that they are afterwards as they were."""


def test_a_port_that_is_taken_is_told(regulars: Command, monkeypatch) -> None:
    """In one line, before anything is loaded; so is a host that is no address."""
    for name in NAMES:
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = regulars("serve", "--port", taken.getsockname()[1])
    assert ended.code == 1
    assert "Address already in use" in ended.error
    assert f"by process {os.getpid()}: " in ended.error
    assert ended.error.rstrip().endswith("take another port, or end that process")
    ended = regulars("serve", "--host", "example.org")
    assert ended.code == 1
    assert "'example.org' is no IP address" in ended.error


def test_a_forecast_log_that_cannot_be_written_is_refused_at_the_start(
    regulars: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in place of the folder, and keys that others can read: one line that says why, before anything serves."""
    for name in (*NAMES, "FORECAST_LOG"):
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", "")
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentoml"))
    monkeypatch.setattr("serving.runtime.server.free_address", lambda *_: ipaddress.ip_address("127.0.0.1"))
    monkeypatch.setattr("serving.runtime.server.announce_when_ready", lambda *_: None)
    monkeypatch.setattr("serving.runtime.server.run_server", lambda *_: None)
    (tmp_path / "file").touch()
    for name, reason in (("file", "File exists"), ("file/log", "Not a directory")):
        ended = regulars("serve", "--forecast-log", tmp_path / name)
        assert (ended.code, ended.error.count("\n")) == (1, 1)
        assert f"the forecast log {tmp_path / name} cannot be used ({reason}): name a folder" in ended.error
    assert regulars("serve", "--forecast-log", tmp_path / "log").code == 0
    [key] = (tmp_path / "log-keys").iterdir()
    key.chmod(0o644)
    ended = regulars("serve", "--forecast-log", tmp_path / "log")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "log-keys cannot be used (others than its owner have access, 044: run chmod 600" in ended.error
    assert not list((tmp_path / "log").iterdir())


def test_every_option_is_a_setting_of_the_service(
    call_of: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files as absolute paths, and the rest as given, are in the environment that the service reads."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", "")
    monkeypatch.setattr("serving.runtime.server.announce_when_ready", lambda *_: None)
    monkeypatch.setattr("serving.service.check_before_start", lambda: None)
    files = ("--keys", "k.toml", "--scores", "s.parquet", "--report", "r.html", "--plans", "p")
    others = ("--rate", "5/second", "--timezone", "Asia/Tokyo", "--workers", 3, "--port", 3999, "--host", "127.0.0.2")
    others += ("--drain-seconds", 2.5, "--cors-origin", "https://a.example", "--cors-origin", "http://b.example:8080")
    call = call_of("serving.runtime.server.run_server", "serve", *files, *others)
    settings = [os.environ[f"REGULARS_SERVE_{name}"] for name in NAMES]
    absolute = [str(tmp_path / name) for name in ("k.toml", "s.parquet", "r.html", "p")]
    origins = "https://a.example,http://b.example:8080"
    assert settings == [*absolute, "5/second", "Asia/Tokyo", "3", "3999", "127.0.0.2", "2.5", origins]
    assert (call["host"], call["port"]) == ("127.0.0.2", 3999)


def test_an_open_service_without_keys_is_warned_of(regulars: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listening on all interfaces without keys is one warning; on this machine alone there is none."""
    for name in NAMES:
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", "")
    monkeypatch.setattr("serving.runtime.server.announce_when_ready", lambda *_: None)
    monkeypatch.setattr("serving.runtime.server.run_server", lambda *_: None)
    monkeypatch.setattr("serving.runtime.server.free_address", lambda host, port: ipaddress.ip_address(host))
    assert "warning: 0.0.0.0 is reachable from other machines" in regulars("serve", "--host", "0.0.0.0").error
    assert "reachable" not in regulars("serve", "--host", "127.0.0.1").error
    assert "reachable" not in regulars("serve", "--host", "0.0.0.0", "--keys", "k.toml").error


def test_a_home_without_a_version_is_named(regulars: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped BENTOML_HOME looks like a new one, so the folder stands in a warning."""
    for name in NAMES:
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", "")
    monkeypatch.setattr("serving.runtime.server.announce_when_ready", lambda *_: None)
    monkeypatch.setattr("serving.runtime.server.run_server", lambda *_: None)
    monkeypatch.setattr("serving.runtime.server.free_address", lambda host, port: ipaddress.ip_address(host))
    monkeypatch.setattr("serving.service.model_store_path", lambda: tmp_path / "models")
    assert f"warning: no version is published in {tmp_path / 'models'} (BENTOML_HOME)" in regulars("serve").error


def test_the_settings_file_says_what_is_not_given(
    call_of: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options stand above the file; keys named in the file need no warning."""
    for name in NAMES:
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", "")
    path = tmp_path / "settings.toml"
    path.write_text('[serve]\nhost = "127.0.0.3"\nport = 3998\nkeys = "k.toml"\n')
    monkeypatch.setattr("serving.runtime.server.announce_when_ready", lambda *_: None)
    monkeypatch.setattr("serving.service.check_before_start", lambda: None)
    call = call_of("serving.runtime.server.run_server", "--config", path, "serve", "--port", 3999)
    assert (call["host"], call["port"]) == ("127.0.0.3", 3999)


@pytest.mark.parametrize(
    ("option", "value", "code", "said"),
    [
        ("--rate", "9", 2, "'9' is no rate"),
        ("--timezone", "Mars", 2, "'Mars'"),
        ("--keys", "k", 1, "no file of keys"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(
    regulars: Command, monkeypatch: pytest.MonkeyPatch, option: str, value: str, code: int, said: str
) -> None:
    """Nothing is started, and nothing says that it is."""
    for name in NAMES:
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", "")
    ended = regulars("serve", option, value)
    assert (ended.code, ended.error.count("\n")) == (code, 1)
    assert said in ended.error
