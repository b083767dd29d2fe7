"""API keys, stored as digests, each with its scopes and, optionally, its own rate limit."""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta
from werkzeug.datastructures import Authorization

from features.atomic_file import atomic_write
from features.errors import ApiKeysError, RateLimitError
from serving.runtime.json_log import LogEvent
from serving.runtime.poller import when_changed
from serving.runtime.rate_limits import parse_rate
from serving.runtime.regular_file import read_regular

Scope = Literal["score", "customers", "page", "plan", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client's name, its scopes, the SHA-256 of its secret in hex, its rate limit (None: the general one), its reps.

    With `reps` the scope `plan` covers the rows of these representatives alone.
    """

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    scopes: Annotated[frozenset[Scope], Meta(min_length=1)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    rate: str | None = None
    reps: Annotated[frozenset[Annotated[str, Meta(min_length=1)]], Meta(min_length=1)] | None = None

    def __post_init__(self) -> None:
        """Raise RateLimitError for a rate that cannot be used, ValueError for reps without the scope `plan`."""
        if self.rate:
            parse_rate(self.rate)
        if self.reps and "plan" not in self.scopes:
            raise ValueError("reps limit the scope plan, which it has not")


class KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    """The content of a file of keys."""

    keys: Annotated[tuple[Key, ...], Meta(min_length=1)]


class KeyRing:
    """The keys of a file, which may be replaced at any time.

    A file that is missing, empty or cannot be read has no keys, and nobody is admitted: whoever takes back the last key
    must not leave it valid. Such a file is read again at every check, since its trouble may end without a change to it.

    Attributes
    ----------
    keys : tuple of Key
        The keys that are valid now.
    refused : str or None
        Why the file has no keys; None while it has some.
    """

    def __init__(self, path: Path, log_event: LogEvent) -> None:
        self._path, self._log_event = path, log_event
        self.keys: tuple[Key, ...] = ()
        self.refused: str | None = None
        self._read_changed = when_changed(self._read, path)
        self.check()

    def check(self) -> bool:
        """Read the file if it has changed, or could not be used before; return whether it was read."""
        return self._read_changed() if self.refused is None else self._read()

    def _read(self) -> bool:
        try:
            self.keys, self.refused = read_keys(self._path), None
        except ApiKeysError as error:
            if str(error) != self.refused:
                self._log_event(event="keys refused", reason=str(error))
            self.keys, self.refused = (), str(error)
        return True


def read_keys(path: str | Path) -> tuple[Key, ...]:
    """Return the keys of a TOML file of `[[keys]]` tables; raises ApiKeysError for any other content."""
    advice = f"keys are made with `regulars key NAME --keys {path}`"
    try:
        keys = msgspec.toml.decode(read_regular(path), type=KeyFile).keys
    except FileNotFoundError:
        raise ApiKeysError(f"no file of keys at {path}: {advice}") from None
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, RateLimitError) as error:
        raise ApiKeysError(f"{path} cannot be used as a file of keys: {error}; {advice}") from None
    names = [key.name for key in keys]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ApiKeysError(f"{path} has the name {repeated[0]!r} twice: names say in logs who called, keep one")
    return keys


def add_key(
    path: str | Path, name: str, scopes: Iterable[str], rate: str | None = None, reps: Iterable[str] = ()
) -> str:
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
    reps : iterable of str
        The representatives whose rows of plans it is for; without any it is for all.

    Returns
    -------
    str
        The secret, which is not stored.

    Raises
    ------
    ApiKeysError
        When the name is taken, or an argument or the file cannot be used.
    """
    path = Path(path)
    keys = read_keys(path) if path.exists() else ()
    if any(key.name == name for key in keys):
        raise ApiKeysError(f"{path} has a key {name!r} already: take another name, or delete its [[keys]] table first")
    secret = secrets.token_urlsafe(32)
    entry: dict[str, Any] = {"name": name, "scopes": list(dict.fromkeys(scopes)), "sha256": _digest(secret)}
    entry |= {"rate": rate} if rate else {}
    entry |= {"reps": names} if (names := list(dict.fromkeys(reps))) else {}
    try:
        msgspec.convert(entry, Key)
    except (msgspec.ValidationError, RateLimitError) as error:
        detail = "a name has up to 40 of a-z, 0-9 and -, and there is at least one scope"
        raise ApiKeysError(f"the key {name!r} cannot be added: {error}; {detail}") from None
    before = path.read_text() + "\n" if keys else ""
    lines = [f"{field} = {json.dumps(value)}\n" for field, value in entry.items()]
    # The file has its mode from its creation on: at no moment can anybody else read it.
    with atomic_write(path) as part, os.fdopen(os.open(part, NEW_FILE, 0o600), "w") as file:
        file.write(f"{before}[[keys]]\n{''.join(lines)}")
    return secret


def find_key(keys: Iterable[Key], authorization: str | None, api_key: str | None) -> Key | None:
    """Return the key of the presented secret: `Authorization: Bearer`, Basic with it as password, or `X-API-Key`.

    All keys are compared, each in constant time, so that the time taken does not tell which one matched.
    """
    secret = api_key
    # No secret has other characters than ASCII, at which werkzeug raises ValueError.
    if not secret and authorization and authorization.isascii() and (given := Authorization.from_header(authorization)):
        secret = {"bearer": given.token, "basic": given.password}.get(given.type)
    if not secret:
        return None
    digest = _digest(secret)
    matches = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
    return matches[-1] if matches else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
