"""API keys, stored as digests, each with its scopes and, optionally, its own rate limit."""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.atomic_file import atomic_write
from features.errors import ApiKeysError, RateLimitError
from serving.runtime.json_log import LogEvent
from serving.runtime.poller import FileStamp, file_stamp
from serving.runtime.rate_limits import parse_rate

SCOPES = ("score", "customers", "page", "metrics")
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Key:
    """A client's name, its scopes, the SHA-256 of its secret in hex, and its rate limit (None: the general one)."""

    name: str
    scopes: frozenset[str]
    sha256: str
    rate: str | None = None


class KeyRing:
    """The keys of a file, which may be replaced at any time.

    While the file cannot be read, the keys read before stay valid; if it never could be read, there are none.
    """

    def __init__(self, path: Path, log_event: LogEvent) -> None:
        self._path, self._log_event = path, log_event
        self._stamp: FileStamp | tuple[()] = ()  # differs from every stamp, also from that of a missing file
        self.keys: tuple[Key, ...] = ()
        self.check()

    def check(self) -> None:
        """Read the file if it was written since the last check."""
        stamp = file_stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.keys = read_keys(self._path)
        except ApiKeysError as error:
            self._log_event(event="keys refused", reason=str(error))


def read_keys(path: str | Path) -> tuple[Key, ...]:
    """Return the keys of a TOML file of `[[keys]]` tables; raises ApiKeysError for any other content."""
    try:
        document = tomllib.loads(Path(path).read_text())
    except FileNotFoundError:
        raise ApiKeysError(f"no file of keys at {path}: make one with `regulars key NAME --keys {path}`") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ApiKeysError(f"{path} cannot be read as a file of keys: {error}") from None
    entries = document.pop("keys", [])
    if document or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ApiKeysError(f"{path} holds other things than [[keys]] tables: expected those alone")
    keys = tuple(_key(path, at, entry) for at, entry in enumerate(entries, 1))
    if not keys:
        raise ApiKeysError(
            f"{path} holds no key, so nobody could call: make one with `regulars key NAME --keys {path}`"
        )
    names = [key.name for key in keys]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ApiKeysError(f"{path} has the name {repeated[0]!r} twice: names say in logs who called, keep one")
    return keys


def add_key(path: str | Path, name: str, scopes: Iterable[str], rate: str | None = None) -> str:
    """Add a new random key to a file that only its owner can read.

    Parameters
    ----------
    path : str or Path
        The file of keys; made if there is none.
    name : str
        Name of the client, for logs.
    scopes : iterable of str
        Some of SCOPES.
    rate : str, optional
        Rate limit of this key, like `100/second`.

    Returns
    -------
    str
        The secret, which is not stored.

    Raises
    ------
    ApiKeysError
        When the name is taken, or an argument or the file cannot be used.
    """
    path, scopes = Path(path), list(dict.fromkeys(scopes))
    keys = read_keys(path) if path.exists() else ()
    if any(key.name == name for key in keys):
        raise ApiKeysError(f"{path} has a key {name!r} already: take another name, or delete its [[keys]] table first")
    secret = secrets.token_urlsafe(32)
    entry = {"name": name, "scopes": scopes, "sha256": _digest(secret)} | ({"rate": rate} if rate else {})
    _key(path, len(keys) + 1, entry)
    lines = ["[[keys]]", f'name = "{name}"', f"scopes = {json.dumps(scopes)}"]
    lines += [f'sha256 = "{entry["sha256"]}"', *([f'rate = "{rate}"'] if rate else [])]
    before = path.read_text() + "\n" if keys else ""
    # The file has its mode from its creation on: at no moment can anybody else read it.
    with atomic_write(path) as part, os.fdopen(os.open(part, NEW_FILE, 0o600), "w") as file:
        file.write(before + "\n".join(lines) + "\n")
    return secret


def find_key(keys: Iterable[Key], authorization: str | None, api_key: str | None) -> Key | None:
    """Return the key of the presented secret: `Authorization: Bearer`, Basic with it as password, or `X-API-Key`.

    All keys are compared, each in constant time, so that the time taken does not tell which one matched.
    """
    secret = api_key or _secret(authorization)
    if not secret:
        return None
    digest = _digest(secret)
    matches = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
    return matches[-1] if matches else None


def _secret(authorization: str | None) -> str:
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials.strip(), validate=True).decode("latin-1").partition(":")[2]
        except ValueError:
            return ""
    return ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _key(path: str | Path, at: int, entry: dict[str, Any]) -> Key:
    """Return an entry as a key; raises ApiKeysError for the first fault."""
    where = f"{path}: key {at}"
    if unknown := sorted(entry.keys() - {"name", "scopes", "sha256", "rate"}):
        raise ApiKeysError(f"{where} has {unknown[0]!r}: expected name, scopes, sha256 and rate")
    name, scopes, digest, rate = (entry.get(field) for field in ("name", "scopes", "sha256", "rate"))
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ApiKeysError(f"{where} is named {name!r}: expected up to 40 of a-z, 0-9 and -")
    if not isinstance(scopes, list) or not scopes or not all(scope in SCOPES for scope in scopes):
        raise ApiKeysError(f"{where} ({name}) has scopes {scopes!r}: expected some of {', '.join(SCOPES)}")
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise ApiKeysError(f"{where} ({name}) has no SHA-256 of 64 hex digits: make keys with `regulars key`")
    if rate is not None:
        try:
            parse_rate(rate)
        except RateLimitError as error:
            raise ApiKeysError(f"{where} ({name}): {error}") from None
    return Key(name, frozenset(scopes), digest, rate)
