"""Who may ask for what: keys of which only digests are kept, each with its scopes and, if wanted, its own rate."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.atomic_file import atomic_write
from features.errors import ApiKeysError, RateLimitError
from serving.runtime.poller import stamp
from serving.runtime.rate_limits import parsed_rate

SCOPES = ("score", "customers", "page", "metrics")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Key:
    """A caller's name, what it may do, the SHA-256 of its secret in hex, and its rate (None: that of everybody)."""

    name: str
    scopes: frozenset[str]
    sha256: str
    rate: str | None = None


class KeyRing:
    """The keys of a file, which may be replaced at any time; while it cannot be read, those read before hold.

    A ring that never could be read lets nobody in.
    """

    def __init__(self, path: Path, say: Callable[..., None]) -> None:
        self._path, self._say = path, say
        self._seen: object = ()
        self.now: tuple[Key, ...] = ()
        self.look()

    def look(self) -> None:
        """Read the file if it was written since the last look."""
        found = stamp(self._path)
        if found == self._seen:
            return
        self._seen = found
        try:
            self.now = read_keys(self._path)
        except ApiKeysError as error:
            self._say(event="keys refused", reason=str(error))


def read_keys(path: str | Path) -> tuple[Key, ...]:
    """Return the keys of a TOML file of `[[keys]]` tables; raises ApiKeysError for anything unexpected in it."""
    try:
        said = tomllib.loads(Path(path).read_text())
    except FileNotFoundError:
        raise ApiKeysError(f"no file of keys at {path}: make one with `regulars key NAME --keys {path}`") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ApiKeysError(f"{path} cannot be read as a file of keys: {error}") from None
    entries = said.pop("keys", [])
    if said or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ApiKeysError(f"{path} holds other things than [[keys]] tables: expected those alone")
    keys = tuple(_key(path, at, entry) for at, entry in enumerate(entries, 1))
    if not keys:
        raise ApiKeysError(
            f"{path} holds no key, so nobody could call: make one with `regulars key NAME --keys {path}`"
        )
    if twice := sorted({key.name for key in keys if sum(other.name == key.name for other in keys) > 1}):
        raise ApiKeysError(f"{path} has the name {twice[0]!r} twice: names say in logs who called, keep one")
    return keys


def add_key(path: str | Path, name: str, scopes: Iterable[str], rate: str | None = None) -> str:
    """Add a new random key to the file, readable by its owner alone, and return the secret, which is kept nowhere."""
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
    with atomic_write(path) as part:
        part.touch(0o600)
        part.write_text(before + "\n".join(lines) + "\n")
        part.chmod(0o600)
    return secret


def caller(keys: Iterable[Key], authorization: str | None, api_key: str | None) -> Key | None:
    """Return whose secret was presented: `Authorization: Bearer`, Basic with it as password, or `X-API-Key`.

    Every entry is compared, each in constant time, so the time taken tells neither which one matched nor how far.
    """
    secret = api_key or _secret(authorization)
    if not secret:
        return None
    digest, found = _digest(secret), None
    for key in keys:
        if hmac.compare_digest(key.sha256, digest):
            found = key
    return found


def _secret(authorization: str | None) -> str:
    kind, _, given = (authorization or "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(given.strip(), validate=True).decode("latin-1").partition(":")[2]
        except ValueError:
            return ""
    return ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _key(path: str | Path, at: int, entry: dict[str, Any]) -> Key:
    """Return the entry as a key, or say what is wrong with it."""
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
            parsed_rate(rate)
        except RateLimitError as error:
            raise ApiKeysError(f"{where} ({name}): {error}") from None
    return Key(name, frozenset(scopes), digest, rate)
