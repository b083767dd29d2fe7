"""Signatures of published versions: Ed25519 over the time and the digests of all files, by the publisher's key.

The digests beside a version show that a file is damaged. They do not show who wrote it: whoever can write into the
model store can write other digests. A signature can be made with the private key alone. Its time is signed too, so that
an old version that is put back can be told from the newest one.
"""

import json
import os
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from features.atomic_file import atomic_write, file_digest
from features.errors import SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE_FILE = "signature.json"
PURPOSE = "regulars published version"
"""It begins what is signed, so that a signature of something else made with the same key is of no use here."""
LONGEST_KEY, LONGEST_SIGNATURE = 10_000, 2**20
"""Bytes; longer files hold something else."""


class Signature(NamedTuple):
    """What a publisher signed.

    Attributes
    ----------
    files : dict of str to str
        SHA-256 in hex by path below the version's folder.
    signed_at : datetime or None
        In UTC; None for a signature of a release that signed no time.
    """

    files: dict[str, str]
    signed_at: datetime | None


def make_key_pair(path: Path) -> Path:
    """Write a new private key to a file that its owner alone can read, and return the file of its public key.

    Parameters
    ----------
    path : Path
        The file of the private key (PKCS #8 in PEM, mode 600); the public key goes beside it, with `.pub` appended.

    Raises
    ------
    SignatureError
        One of the files is there already, or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(f"{path.name}.pub")
    for file, content, mode in ((path, private, 0o600), (beside, public, 0o644)):
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                out.write(content)
        except FileExistsError:
            raise SignatureError(f"{file} is there already: name another file, or move it away") from None
        except OSError as error:
            raise SignatureError(f"{file} cannot be written ({error.strerror}): name another file") from None
    return beside


def sign_version(folder: Path, tag: str, private_key: Path, signed_at: datetime) -> None:
    """Sign the files of a version: write `SIGNATURE_FILE` into its folder, in the place of one that is there.

    Parameters
    ----------
    folder : Path
        The version.
    tag : str
        Its tag, which is signed too: a version cannot pass for another one.
    private_key : Path
        A file of `make_key_pair`, or another Ed25519 key in PEM.
    signed_at : datetime
        The present time, with its offset.

    Raises
    ------
    SignatureError
        The key cannot be used.
    """
    files = _digests(folder)
    time = signed_at.astimezone(UTC).isoformat()
    signature = b64encode(private_key_of(private_key).sign(_signed(tag, files, time))).decode()
    content = {"algorithm": "Ed25519", "tag": tag, "signed_at": time, "files": files, "signature": signature}
    with atomic_write(folder / SIGNATURE_FILE) as part:
        part.write_text(json.dumps(content, indent=1))


def require_signature(folder: Path, tag: str, public_key: Path) -> Signature:
    """Return the signature of a version after checking that the owner of a key signed exactly its files.

    Parameters
    ----------
    folder : Path
        The version.
    tag : str
        The tag by which it is asked for.
    public_key : Path
        The Ed25519 public key in PEM.

    Returns
    -------
    Signature

    Raises
    ------
    SignatureError
        There is no signature, it is of another key, version or content, or the key cannot be used.
    """
    from cryptography.exceptions import InvalidSignature

    key = public_key_of(public_key)
    path = folder / SIGNATURE_FILE
    try:
        text = _short(path, LONGEST_SIGNATURE)
    except FileNotFoundError:
        raise SignatureError("it is not signed: publish it again with --signing-key") from None
    except OSError as error:
        raise SignatureError(f"{path} cannot be read ({error.strerror}): publish it again with --signing-key") from None
    try:
        content = json.loads(text)
        files, signature = dict(content["files"]), b64decode(content["signature"], validate=True)
        time = content.get("signed_at")
        key.verify(signature, _signed(tag, files, time))
        signed_at = None if time is None else datetime.fromisoformat(time)
    except InvalidSignature:
        raise SignatureError("its signature is not by the trusted key, or of another version") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, Base64Error):
        raise SignatureError(f"{path} holds no signature: publish it again with --signing-key") from None
    present = _digests(folder)
    for name in sorted(files.keys() - present.keys()):
        try:
            (folder / name).stat()
        except FileNotFoundError as error:  # its cause tells a folder that is half there from another content
            raise SignatureError(f"its {name} is missing after it was signed: publish it again") from error
        except OSError as error:
            raise SignatureError(f"its {name} cannot be read ({error.strerror}): see to its disk") from error
    if differing := sorted(name for name in files.keys() | present.keys() if files.get(name) != present.get(name)):
        what = "was changed" if differing[0] in files and differing[0] in present else "was added or is missing"
        raise SignatureError(f"its {differing[0]} {what} after it was signed: publish it again")
    return Signature(files, signed_at)


def public_key_of(path: Path) -> "Ed25519PublicKey":
    """Return the Ed25519 key of a file: a public key, or the public part of a private one.

    Raises SignatureError when it cannot be read or holds something else.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = _key_file(path)
    if b"PRIVATE KEY" in content:
        return private_key_of(path).public_key()
    try:
        key = load_pem_public_key(content)
    except Exception:  # the library raises its own errors and ValueError
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError(f"{path} holds no Ed25519 public key in PEM: `regulars signing-key` makes a pair")
    return key


def private_key_of(path: Path) -> "Ed25519PrivateKey":
    """Return the Ed25519 private key of a file that its owner alone can read; raises SignatureError for others."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _key_file(path)
    if os.name == "posix" and (mode := path.stat().st_mode & 0o777) & 0o077:
        raise SignatureError(f"{path} has mode {mode:03o}, so others can sign with it: chmod 600 {path}")
    try:
        key = load_pem_private_key(content, None)
    except Exception:  # the library raises its own errors, ValueError, and TypeError for an encrypted key
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError(
            f"{path} holds no unencrypted Ed25519 private key in PEM: `regulars signing-key` makes a pair"
        )
    return key


def _key_file(path: Path) -> bytes:
    try:
        return _short(path, LONGEST_KEY)
    except FileNotFoundError:
        raise SignatureError(f"there is no key file {path}: `regulars signing-key` makes a pair") from None
    except OSError as error:
        raise SignatureError(f"{path} cannot be read as a key ({error.strerror})") from None


def _short(path: Path, longest: int) -> bytes:
    """Return the content of a file; raises SignatureError for a longer file, and for a pipe, instead of waiting."""
    if path.exists() and not path.is_file():
        raise SignatureError(f"{path} is no regular file")
    with path.open("rb") as file:
        content = file.read(longest + 1)
    if len(content) > longest:
        raise SignatureError(f"{path} has more than {longest} bytes")
    return content


def _signed(tag: str, files: Mapping[str, str], time: str | None) -> bytes:
    """Return the bytes that are signed, the same for the same tag, digests and time; None for one without it."""
    if not all(isinstance(name, str) and re.fullmatch("[0-9a-f]{64}", digest) for name, digest in files.items()):
        raise SignatureError("its signature has no digests of SHA-256: publish it again with --signing-key")
    content = [PURPOSE, tag, dict(files), *([] if time is None else [time])]
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a version but its signature; a symbolic link has none."""

    def fail(error: OSError) -> NoReturn:
        raise error

    digests = {}
    for place, _, names in os.walk(folder, onerror=fail):
        for path in (Path(place, name) for name in names):
            name = path.relative_to(folder).as_posix()
            if name != SIGNATURE_FILE:
                digests[name] = "a symbolic link" if path.is_symlink() else file_digest(path)
    return digests
