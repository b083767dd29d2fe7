"""Publishing: the champion, and a challenger beside it, into the BentoML model store, whole or not at all."""

import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from features.atomic_file import file_digest, fsync_path
from features.errors import InvalidArgumentError, SignatureError, TrackingError
from features.scratch_folders import scratch_folder
from training.models.bundle import BUNDLE, CHAMPION, COMPILED_FILE, MODEL_FILE, REGISTERED_NAME
from training.models.rollout import ROLLOUT_FILE, Role, Rollout, rollout_of_text, rollout_text
from training.models.signature import public_key_of, require_signature, sign_version
from training.parity import compile_bundle
from training.promote import require_gate_passed
from training.registry.bento_client import model_metadata, staged_model, store_home
from training.registry.entities import ModelVersion
from training.registry.mlflow_client import Tracking
from training.registry.runs import run_file, run_measures
from training.registry.versions import fetch, version

FIGURES = "figures"


@dataclass(frozen=True)
class PublishResult:
    """A version in the BentoML store.

    Attributes
    ----------
    tag : str
        `regulars:<version>-<start of the digest>`.
    path : pathlib.Path
        Its folder.
    new : bool
        False when it was there before.
    ended : bool
        Whether a challenger ran beside the champion, and runs no more.
    """

    tag: str
    path: Path
    new: bool
    ended: bool = False


def publish(
    tracking: Tracking,
    which: int | str = CHAMPION,
    *,
    allow_uncompiled: bool = False,
    signing_key: Path | None = None,
    signed_at: datetime | None = None,
) -> PublishResult:
    """Put a version into the BentoML model store and make it `regulars:latest`.

    The folder holds `bundle/` (the files of `CustomerModel.save` and `compiled.json`, which is checked against the
    model), `figures.json` (every measure of its fit) and `figures/` (the plots of its fit). Its label `version` and its
    metadata `digest` and `compiled_digest` (SHA-256; empty without a compiled form) identify the version, and
    `compiled_formula` says that the service needs the compiled form alone. The tag holds the digest too, because
    another registry may have a version of the same number. A version that is there already is left as it is, but with a
    key it is signed again, so that the time of its signature is that of this publication. A challenger that is rolled
    out beside the champion is so no longer.

    Parameters
    ----------
    tracking : Tracking
    which : int or str
        Version number or alias.
    allow_uncompiled : bool
        Whether a model without a compiled form may be published; the service then forecasts by its estimator.
    signing_key : Path, optional
        The private key to sign the version with, see `training.models.signature`.
    signed_at : datetime, optional
        The present time, with its offset; needed with a key.

    Returns
    -------
    PublishResult

    Raises
    ------
    TrackingError
        When there is no such version, its digest is wrong, its compiled form forecasts otherwise or is missing, or the
        store holds something else under its tag.
    InvalidArgumentError
        For a key without a time.
    SignatureError
        When the key cannot be used, or the version was published before without its signature.
    """
    signer = _signer(signing_key, signed_at)
    home = store_home()
    with scratch_folder(home / "tmp") as staging:
        shipped = _ship(tracking, _registered(tracking, which), home, staging, signer, allow_uncompiled)
        rollout = shipped.path.parent / ROLLOUT_FILE
        ended = rollout.exists()
        if _champion_beside(rollout) == shipped.path.name:
            rollout.unlink()
        _make_latest(shipped, staging)  # this ends a rollout beside another version, in one step for services
        rollout.unlink(missing_ok=True)
    return replace(shipped, ended=ended)


def publish_challenger(
    tracking: Tracking,
    which: int | str,
    role: Role,
    share: float = 1.0,
    *,
    force: bool = False,
    allow_uncompiled: bool = False,
    signing_key: Path | None = None,
    signed_at: datetime | None = None,
) -> tuple[PublishResult, PublishResult]:
    """Publish the champion as `publish` does, and another version beside it.

    Services take up both in one step. The rollout ends when a champion is published without a challenger.

    Parameters
    ----------
    tracking : Tracking
    which : int or str
        Version number or alias of the challenger.
    role : Role
        Whether it forecasts for the log alone, or answers some customers.
    share : float
        The share of the customers whom a canary answers; 1 for a shadow.
    force : bool
        Let a canary answer customers though the gate does not pass it.
    allow_uncompiled, signing_key, signed_at
        As of `publish`, for both versions and the rollout.

    Returns
    -------
    champion, challenger : PublishResult

    Raises
    ------
    TrackingError, SignatureError
        As of `publish`, for either version; TrackingError also when the challenger is the champion.
    PromotionRefusedError
        For a canary that the gate did not pass beside this champion and that never was champion, without `force`.
    InvalidArgumentError
        For a key without a time, and a share that the role cannot have.
    """
    Rollout("", "", role, share)  # refuses a wrong share before anything is written
    signer = _signer(signing_key, signed_at)
    home = store_home()
    with scratch_folder(home / "tmp") as staging:
        chosen, other = _registered(tracking, which), _registered(tracking, CHAMPION)
        if chosen.number == other.number:
            raise TrackingError(f"version {chosen.number} is the champion: name another one with --version")
        if role is Role.CANARY and not force:
            require_gate_passed(tracking, chosen, other.number)
        champion = _ship(tracking, other, home, staging, signer, allow_uncompiled)
        challenger = _ship(tracking, chosen, home, staging, signer, allow_uncompiled)
        rollout = Rollout(champion.path.name, challenger.path.name, role, share)
        # Beside another latest version it means nothing yet, so the champion and it are taken up together.
        _replace(champion.path.parent / ROLLOUT_FILE, rollout_text(rollout, signing_key, signed_at), staging)
        _make_latest(champion, staging)
    return champion, challenger


class _Signer(NamedTuple):
    key: Path
    time: datetime

    def sign(self, folder: Path, tag: str) -> None:
        sign_version(folder, tag, self.key, self.time)


def _signer(signing_key: Path | None, signed_at: datetime | None) -> _Signer | None:
    """Return what signs a version; refuses a key that cannot be used before anything is written."""
    if signing_key is None:
        return None
    if signed_at is None:
        raise InvalidArgumentError("a signing key needs signed_at, the present time")
    public_key_of(signing_key)
    return _Signer(signing_key, signed_at)


def _registered(tracking: Tracking, which: int | str) -> ModelVersion:
    """Return a version; raises TrackingError when there is none."""
    chosen = version(tracking, which)
    if chosen is None:
        todo = "promote one first" if which == CHAMPION else "run `regulars fit`, or see `regulars versions`"
        raise TrackingError(f"no version {which} is registered in {tracking.place}: {todo}")
    return chosen


def _ship(
    tracking: Tracking, chosen: ModelVersion, home: Path, staging: Path, signer: _Signer | None, allow_uncompiled: bool
) -> PublishResult:
    """Put a version into the store at `home`, whole or not at all, without making it the latest.

    BentoML copies into the final folder, where a kill would leave half a model. So all is written to `staging`, a
    folder beside the store, and renamed into place in one step; what a kill leaves there, the next one removes.
    """
    name = f"{chosen.number}-{chosen.digest[:12]}"
    tag, final = f"{REGISTERED_NAME}:{name}", home / "models" / REGISTERED_NAME / name
    new = not final.exists()
    if new:
        _stage(tracking, chosen, tag, staging, allow_uncompiled)
        if signer is not None:
            signer.sign(staging / REGISTERED_NAME / name, tag)
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            (staging / REGISTERED_NAME / name).rename(final)
        except OSError:
            if not final.exists():
                raise
            new = False  # another process has published the same version meanwhile
        fsync_path(final.parent)
    _check(final, chosen)
    if signer is not None:
        try:
            require_signature(final, tag, signer.key)
        except SignatureError as error:
            raise SignatureError(
                f"{final} was published before without this key's signature ({error}): delete it and publish again"
            ) from None
        if not new:
            signer.sign(final, tag)
    return PublishResult(tag, final, new)


def _champion_beside(rollout: Path) -> str | None:
    try:
        return rollout_of_text(rollout.read_bytes()).champion if rollout.is_file() else None
    except ValueError:
        return None


def _make_latest(shipped: PublishResult, staging: Path) -> None:
    _replace(shipped.path.parent / "latest", shipped.path.name, staging)


def _replace(file: Path, text: str, staging: Path) -> None:
    """Write a file of the store in one step."""
    part = staging / file.name
    part.write_text(text)
    fsync_path(part)
    part.replace(file)
    fsync_path(file.parent)


def _stage(tracking: Tracking, chosen: ModelVersion, tag: str, staging: Path, allow_uncompiled: bool) -> None:
    """Write the model into a BentoML store of its own at `staging`."""
    measures = run_measures(tracking, chosen.run_id)
    known = {name: value for name, value in measures.items() if isfinite(value)}
    unknown = dict.fromkeys(measures.keys() - known.keys())  # JSON has no NaN
    bundle = fetch(tracking, chosen, staging)
    compiled = compile_bundle(bundle, chosen.digest, allow_uncompiled=allow_uncompiled)
    metadata = {
        "digest": chosen.digest,
        "compiled_digest": compiled or "",
        "compiled_formula": compiled is not None,
        "run_id": chosen.run_id,
        "measures": known,
    }
    with staged_model(tag, staging, {"version": str(chosen.number)}, metadata) as folder:
        shutil.move(bundle, folder / BUNDLE)
        (folder / "figures.json").write_text(json.dumps(known | unknown, indent=1, sort_keys=True))
        run_file(tracking, chosen.run_id, FIGURES, folder)
    _open_to_umask(staging / REGISTERED_NAME)
    for file in staging.rglob("*"):
        fsync_path(file)


def _open_to_umask(folder: Path) -> None:
    """Give a folder and all in it the mode that the umask leaves: temporary folders are their owner's alone."""
    umask = os.umask(0)
    os.umask(umask)
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)


def _check(folder: Path, chosen: ModelVersion) -> None:
    """Raise TrackingError when the store's folder does not hold this version."""
    try:
        expected = {MODEL_FILE: chosen.digest, COMPILED_FILE: model_metadata(folder).get("compiled_digest")}
        if expected[COMPILED_FILE] == "" and not (folder / BUNDLE / COMPILED_FILE).exists():
            del expected[COMPILED_FILE]  # a model without a compiled form
        actual = {file: file_digest(folder / BUNDLE / file) for file in expected}
    except (TrackingError, OSError):
        expected, actual = {MODEL_FILE: chosen.digest}, {}
    if actual != expected:
        raise TrackingError(f"{folder} is not version {chosen.number} as registered: delete it and publish again")
