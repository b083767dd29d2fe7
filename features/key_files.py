"""Files with a secret key, 32 random bytes in hex, for their owner alone; and hashes of ids under a key."""

import hashlib
import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path

from features.atomic_file import fsync_path

KEY_BYTES, HASH_BYTES = 32, 16


def read_or_make_key(path: Path) -> bytes:
    """Return the key in a file, which is made with a new one where there is none.

    Parameters
    ----------
    path : Path
        Missing folders are made. Of several processes that make it at once, all get the key of the first.

    Raises
    ------
    OSError
        When it cannot be read or written.
    ValueError
        When it holds no key, or others than its owner have access.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
            fsync_path(part)
            with suppress(FileExistsError):  # unlike a renamed file, a link takes no other's place
                os.link(part, path)
            fsync_path(path.parent)
        finally:
            part.unlink(missing_ok=True)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Return the key in a file; raises OSError or ValueError as `read_or_make_key` does."""
    text = path.read_text(encoding="ascii")  # of a folder an error, whatever its mode
    if (mode := path.stat().st_mode & 0o077) != 0:
        raise ValueError(f"others than its owner have access, {mode:03o}: run chmod 600 {path}")
    return key_of_hex(text)


def key_of_hex(text: str) -> bytes:
    """Return the key that a text has in hex; raises ValueError where it is none."""
    key = bytes.fromhex(text.strip())
    if len(key) != KEY_BYTES:
        raise ValueError(f"{len(key)} bytes, expected {KEY_BYTES}")
    return key


def keyed_hash(customer_id: str, key: bytes) -> bytes:
    """Return the hash of an id under a key, `HASH_BYTES` long (BLAKE2b): without the key nobody can test an id."""
    return hashlib.blake2b(customer_id.encode(), key=key, digest_size=HASH_BYTES).digest()
