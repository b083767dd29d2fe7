"""Versions of the one registered model, and the aliases that say which of them is champion and which challenger."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.errors import TrackingError
from training.models.bundle import BUNDLE, CHALLENGER, REGISTERED_NAME, model_digest
from training.models.customer_model import CustomerModel
from training.registry.mlflow_client import Run, Tracking, answered, download, log_model, pages


@dataclass(frozen=True)
class Version:
    """A registered version, the digest of its model file (SHA-256, hex), and the run that made it."""

    number: int
    digest: str
    run_id: str
    source: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str]


def register(
    run: Run, model: CustomerModel, alias: str | None = CHALLENGER, tags: Mapping[str, str] | None = None
) -> Version:
    """Register the model as the next version, with its digest and `tags`; call it last in a fit.

    The version appears in one transaction, after all of its files are written; then the alias moves to it. A fit killed
    before that leaves no version, killed between the two it leaves a whole one without the alias.
    """
    client = run.tracking.client
    model_id, source, found = log_model(run, model, REGISTERED_NAME)
    all_tags = {"digest": found, **(tags or {})}
    _ensure_registered(run.tracking)
    with answered(run.tracking.uri):
        made = client.create_model_version(REGISTERED_NAME, source, run.run_id, all_tags, model_id=model_id)
        if alias:
            client.set_registered_model_alias(REGISTERED_NAME, alias, str(made.version))
    return Version(int(made.version), found, run.run_id, source, (alias,) if alias else (), all_tags)


def versions(tracking: Tracking) -> list[Version]:
    """Return every registered version, the newest first."""
    with answered(tracking.uri):
        registered = tracking.client.search_registered_models(f"name='{REGISTERED_NAME}'")
        found = list(pages(tracking.client.search_model_versions, f"name='{REGISTERED_NAME}'"))
    aliases = {alias: int(number) for each in registered for alias, number in each.aliases.items()}
    made = [
        Version(
            number=int(each.version),
            digest=each.tags.get("digest", ""),
            run_id=each.run_id,
            source=each.source,
            aliases=tuple(sorted(alias for alias, number in aliases.items() if number == int(each.version))),
            tags=dict(each.tags),
        )
        for each in found
    ]
    return sorted(made, key=lambda each: each.number, reverse=True)


def version(tracking: Tracking, which: int | str) -> Version | None:
    """Return the version of that number or alias; None when there is none."""
    return next((each for each in versions(tracking) if str(which) in (str(each.number), *each.aliases)), None)


def fetch(tracking: Tracking, chosen: Version, folder: str | Path) -> Path:
    """Copy the version's bundle into `folder` and return where it is; raises TrackingError on another digest."""
    bundle = download(tracking, f"{chosen.source}/data/{BUNDLE}", folder)
    with answered(tracking.uri):
        found = model_digest(bundle)
    if found != chosen.digest:
        raise TrackingError(
            f"version {chosen.number} has digest {found[:12]}, expected {chosen.digest[:12] or 'one'}: "
            "its files were changed since it was registered; take another version"
        )
    return bundle


def load(tracking: Tracking, chosen: Version) -> CustomerModel:
    """Return the model of a version; its digest is checked before anything is unpickled, for a pickle runs code."""
    with tempfile.TemporaryDirectory(prefix="regulars-") as scratch:
        return CustomerModel.load(fetch(tracking, chosen, scratch), chosen.digest)


def move_alias(tracking: Tracking, alias: str, to: int | None, expected: int | None) -> None:
    """Move an alias in one transaction, or take it away with `to` None.

    Raises TrackingError when it is no longer at `expected` (None: nowhere), for somebody else has moved it meanwhile.
    """
    now = version(tracking, alias)
    found = now.number if now else None
    if found != expected:
        raise TrackingError(f"{alias} is version {found} by now, expected {expected}: somebody moved it; look again")
    with answered(tracking.uri):
        if to is None:
            tracking.client.delete_registered_model_alias(REGISTERED_NAME, alias)
        else:
            tracking.client.set_registered_model_alias(REGISTERED_NAME, alias, str(to))


def _ensure_registered(tracking: Tracking) -> None:
    with answered(tracking.uri):
        if tracking.client.search_registered_models(f"name='{REGISTERED_NAME}'"):
            return
    try:
        with answered(tracking.uri):
            tracking.client.create_registered_model(REGISTERED_NAME)
    except TrackingError:  # another process was quicker, or this one fails with the same error
        with answered(tracking.uri):
            tracking.client.get_registered_model(REGISTERED_NAME)
