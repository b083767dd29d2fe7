"""Reads published versions from the BentoML store and checks them before anything is loaded or a port is bound.

Imports neither pandas nor scikit-learn: the first process checks, its workers load.
"""

import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import bentoml

from features.atomic_file import file_digest
from features.definitions import FEATURE_NAMES
from features.errors import ModelError, PublishedModelError, SignatureError
from serving.runtime.regular_file import read_regular
from training.models.bundle import BUNDLE, COMPILED_FILE, MODEL_FILE, REGISTERED_NAME, Card, other_releases
from training.models.signature import Signature, require_signature

LONGEST_NAME = 200
VERSION_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Trust:
    """What a version needs to go into service.

    Attributes
    ----------
    key : Path, optional
        The public key that must have signed it; None for no signature.
    allow_pickle : bool, optional
        Whether it may be unpickled, which runs code that it holds; None for only where no key is trusted.
    since : datetime, optional
        The time before which it must not have been signed: an older one may have been put back.
    """

    key: Path | None = None
    allow_pickle: bool | None = None
    since: datetime | None = None

    @property
    def pickles(self) -> bool:
        """Whether versions may be unpickled."""
        return self.key is None if self.allow_pickle is None else self.allow_pickle

    def not_before(self, time: datetime | None) -> "Trust":
        """Return the same for versions that were signed at this time or later."""
        return self if time is None else replace(self, since=max(self.since or time, time))


_EARLIEST = datetime.min.replace(tzinfo=UTC)
ANYBODY = Trust()
"""Whoever can write into the model store is trusted."""


@dataclass(frozen=True)
class PublishedModel:
    """A version in the store: its number, tag, folder, and the digests of its files.

    `compiled_digest` is empty for a model without a compiled form. `needs_pickle` says whether the service unpickles
    the model: it has no compiled form, or an earlier release made one without the formula. `signed_at` is None where no
    key is trusted, and of a signature without a time.
    """

    version: str
    tag: str
    folder: Path
    digest: str
    compiled_digest: str
    needs_pickle: bool = True
    signed_at: datetime | None = None


def latest_version(store: Path) -> str | None:
    """Return the name of the version published last, None if there is none.

    Raises PublishedModelError when the file with it cannot be read or has something else.
    """
    return named_version(store / REGISTERED_NAME / "latest")


def named_version(file: Path) -> str | None:
    """Return the name of a version that a file holds, None without the file or with an empty one.

    The content of a file that holds something else is not repeated in the PublishedModelError: whoever can put a link
    there must not read by it what the service can read.
    """
    try:
        text = read_regular(file, LONGEST_NAME).decode("ascii", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise PublishedModelError(f"{file} cannot be read ({error.strerror}): publish again") from None
    if text and not VERSION_NAME.fullmatch(text):
        raise PublishedModelError(f"{file} holds no name of a version: publish again")
    return text or None


def read_published(store: Path, name: str, trust: Trust = ANYBODY) -> PublishedModel:
    """Return a version after checking, without loading it, that it can be loaded here.

    Raises PublishedModelError when a file is missing or has another digest than when it was published, and when the
    version has other feature columns or, if it has to be unpickled, was fitted with other libraries. Before anything
    else of it is read, the signature is checked if a key is trusted.
    """
    folder = store / REGISTERED_NAME / name
    _require_readable(folder, f"{REGISTERED_NAME}:{name}")
    signed = _trusted_signature(folder, f"{REGISTERED_NAME}:{name}", trust)
    try:
        info = bentoml.Model.from_path(str(folder)).info
    except Exception as error:  # of a damaged model.yaml BentoML raises whatever comes up
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise PublishedModelError(
            f"{REGISTERED_NAME}:{name} is no whole version in {store}: publish again ({reason})"
        ) from None
    published = PublishedModel(
        str(info.labels.get("version", name)),
        f"{REGISTERED_NAME}:{name}",
        folder,
        str(info.metadata.get("digest", "")),
        str(info.metadata.get("compiled_digest", "")),
        not (info.metadata.get("compiled_digest") and info.metadata.get("compiled_formula") is True),
    )
    if signed is not None:  # not what a file says that may have changed since
        digest, compiled = (signed.files.get(f"{BUNDLE}/{file}", "") for file in (MODEL_FILE, COMPILED_FILE))
        published = replace(published, digest=digest, compiled_digest=compiled, signed_at=signed.signed_at)
    if published.needs_pickle and not trust.pickles:
        raise PublishedModelError(
            f"{published.tag} is refused: it has to be unpickled, which runs code that it holds: publish it again with "
            "this release, or set [serve] allow_pickle = true if it is a model of a plugin"
        )
    _check(published)
    return published


def signed_at(store: Path, name: str, trust: Trust) -> datetime | None:
    """Return when a version was signed, None where no key is trusted.

    Raises PublishedModelError when its signature does not hold.
    """
    folder, tag = store / REGISTERED_NAME / name, f"{REGISTERED_NAME}:{name}"
    if trust.key is not None:
        _require_readable(folder, tag)
    signature = _trusted_signature(folder, tag, trust)
    return signature and signature.signed_at


def _trusted_signature(folder: Path, tag: str, trust: Trust) -> Signature | None:
    """Return the signature of a version by the trusted key, None where no key is trusted.

    Raises PublishedModelError when there is none, or it is too old.
    """
    if trust.key is None:
        return None
    try:
        signature = require_signature(folder, tag, trust.key)
    except (SignatureError, OSError) as error:
        raise PublishedModelError(f"{tag} is refused: {error}") from None
    if trust.since is not None and (signature.signed_at or _EARLIEST) < trust.since:
        time = signature.signed_at.isoformat(" ", "seconds") if signature.signed_at else "an unknown time"
        raise PublishedModelError(
            f"{tag} is refused: it was signed at {time}, expected {trust.since.isoformat(' ', 'seconds')} or later "
            "(the time of the version in service, or [serve] signed_since): it may be an old one that was put back; "
            "`regulars publish --signing-key` signs it again"
        )
    return signature


def _require_readable(folder: Path, tag: str) -> None:
    """Raise PublishedModelError for a file or folder of a version that cannot be read, or that is no file."""

    def refuse(error: OSError) -> None:
        if isinstance(error, PermissionError):
            status = Path(error.filename).stat()
            raise PublishedModelError(
                f"{tag} cannot be read by user {os.geteuid()}: {error.filename} has mode {status.st_mode & 0o777:04o} "
                f"and belongs to user {status.st_uid}, who can run `chmod -R go+rX {folder}`, or publish with umask 022"
            ) from error
        raise PublishedModelError(
            f"{tag} cannot be read ({error.strerror}: {error.filename}): see to its disk, or publish again"
        ) from error

    for place, _, files in os.walk(folder, onerror=refuse):
        for file in (Path(place, name) for name in files):
            if file.exists() and not file.is_file():
                raise PublishedModelError(f"{tag} is refused: {file} is no regular file; publish again")
            try:
                os.close(os.open(file, os.O_RDONLY | os.O_NONBLOCK))
            except OSError as error:
                refuse(error)


def _check(published: PublishedModel) -> None:
    """Raise PublishedModelError unless the digests hold and the libraries and columns of the card are here."""
    bundle, tag = published.folder / BUNDLE, published.tag
    try:
        card = Card.read(bundle)
        expected = {MODEL_FILE: published.digest, COMPILED_FILE: published.compiled_digest}
        if not published.compiled_digest and not (bundle / COMPILED_FILE).exists():
            del expected[COMPILED_FILE]
        digests = {file: file_digest(bundle / file) for file in expected}
    except (OSError, ModelError) as error:
        detail = f"{tag} has no card or model that can be read, publish again: {error}"
        raise PublishedModelError(detail) from None
    for file, digest in digests.items():
        if digest != expected[file]:
            raise PublishedModelError(
                f"{tag} is refused: its {file} has digest {digest[:12]}, expected {expected[file][:12] or 'none'}: "
                "it is not what was published; publish again"
            )
    for library, fitted_with, installed in other_releases(card.libraries) if published.needs_pickle else ():
        raise PublishedModelError(
            f"{tag} is refused: it was fitted with {library} {fitted_with}, here is {installed or 'none'}: "
            "install what it was fitted with, or fit and publish again"
        )
    try:
        card.require_known_words()
        card.require_known_columns(FEATURE_NAMES)
    except ModelError as error:
        raise PublishedModelError(f"{tag} is refused: {error}") from None
