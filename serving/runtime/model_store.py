"""What the BentoML store says of the published version, checked before anything is loaded or a port is bound.

It imports neither pandas nor scikit-learn: the first process checks, and its workers load.
"""

from dataclasses import dataclass
from pathlib import Path

import bentoml
from bentoml.exceptions import BentoMLException

from features.atomic_file import file_digest
from features.definitions import FEATURE_NAMES
from features.errors import ModelError, PublishedModelError
from training.models.bundle import BUNDLE, COMPILED_FILE, MODEL_FILE, REGISTERED_NAME, Card, other_releases


@dataclass(frozen=True)
class Published:
    """What the store says of a version: its number, tag, folder, and the digests of its files."""

    version: str
    tag: str
    folder: Path
    digest: str
    compiled_digest: str


def latest(store: Path) -> str | None:
    """Return which version of the model store is the latest; None when none is published."""
    try:
        return (store / REGISTERED_NAME / "latest").read_text().strip() or None
    except OSError:
        return None


def published(store: Path, name: str) -> Published:
    """Return what the store says of a version, after checking without loading it that it can be loaded here.

    Raises PublishedModelError when something is missing, a file has another digest than when it was published, or the
    version was fitted with other libraries or for other feature columns than there are here.
    """
    folder = store / REGISTERED_NAME / name
    try:
        info = bentoml.Model.from_path(str(folder)).info
    except (BentoMLException, OSError, ValueError) as error:
        raise PublishedModelError(
            f"{REGISTERED_NAME}:{name} is no whole version in {store}: publish again ({error})"
        ) from None
    said = info.metadata
    found = Published(
        str(info.labels.get("version", name)),
        f"{REGISTERED_NAME}:{name}",
        folder,
        str(said.get("digest", "")),
        str(said.get("compiled_digest", "")),
    )
    _check_card(found)
    return found


def _check_card(found: Published) -> None:
    """Raise PublishedModelError unless the card asks for libraries and columns that are here, and the digest holds."""
    bundle = found.folder / BUNDLE
    try:
        card = Card.read(bundle)
        found_digests = {file: file_digest(bundle / file) for file in (MODEL_FILE, COMPILED_FILE)}
    except (OSError, ModelError) as error:
        raise PublishedModelError(
            f"{found.tag} has no card or model that can be read, publish again: {error}"
        ) from None
    for (file, digest), expected in zip(found_digests.items(), (found.digest, found.compiled_digest), strict=True):
        if digest != expected:
            raise PublishedModelError(
                f"{found.tag} is refused: its {file} has digest {digest[:12]}, expected {expected[:12] or 'none'}: "
                "it is not what was published; publish again"
            )
    for library, fitted_with, installed in other_releases(card.libraries):
        raise PublishedModelError(
            f"{found.tag} is refused: it was fitted with {library} {fitted_with}, here is {installed or 'none'}: "
            "install what it was fitted with, or fit and publish again"
        )
    if unknown := [column for column in card.feature_columns if column not in FEATURE_NAMES]:
        raise PublishedModelError(
            f"{found.tag} is refused: it reads {', '.join(map(str, unknown[:5]))}, which are no features here: "
            "install the version of its card, or fit and publish again"
        )
