"""Loads the challenger that a rollout in the model store puts beside the version in service."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from features.errors import PublishedModelError, SignatureError
from serving.request_types import OPTIONAL_COLUMNS
from serving.runtime.json_log import LogEvent
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import VERSION_NAME, Trust, read_published, signed_at
from serving.runtime.regular_file import read_regular
from serving.state import Challenger, ServedModel, ServiceState
from training.models.bundle import REGISTERED_NAME
from training.models.rollout import ROLLOUT_FILE, Rollout, rollout_of_text

LONGEST_ROLLOUT = 10_000


def with_challenger(state: ServiceState, store: Path, trust: Trust, log_event: LogEvent) -> ServiceState:
    """Return the state with the challenger that is rolled out beside its model, or without one.

    A rollout beside another version means nothing. One that cannot be used is refused, with the reason in the log: the
    champion then scores alone, in every worker.

    Parameters
    ----------
    state : ServiceState
    store : Path
        The model store.
    trust : Trust
        What versions and rollouts need.
    log_event : callable
        Receives a line when a challenger comes, goes or is refused.
    """
    before = state.challenger
    try:
        rollout = read_rollout(store, trust)
        after = _challenger(state, rollout, store, trust)
    except PublishedModelError as error:
        log_event(event="rollout refused", reason=str(error))
        return replace(state.with_refusal(error), challenger=None)
    if after is not None and after is not before:
        model = after.model
        log_event(event=after.role.value, version=model.version, tag=model.tag, share=after.share)
    elif before is not None and after is None:
        log_event(event="rollout ended", version=before.model.version)
    return replace(state, challenger=after)


def read_rollout(store: Path, trust: Trust) -> Rollout | None:
    """Return the rollout of a model store, None where there is none.

    Raises PublishedModelError when it cannot be read, or is not signed where a key is trusted.
    """
    file = store / REGISTERED_NAME / ROLLOUT_FILE
    try:
        rollout = rollout_of_text(read_regular(file, LONGEST_ROLLOUT), trust.key)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, SignatureError) as error:
        reason = f"it cannot be read ({error.strerror})" if isinstance(error, OSError) else error
        raise PublishedModelError(f"the rollout in {file} is refused: {reason}; publish the challenger again") from None
    if not all(VERSION_NAME.fullmatch(name) for name in (rollout.champion, rollout.challenger)):
        raise PublishedModelError(
            f"the rollout in {file} is refused: it names no version; publish the challenger again"
        )
    return rollout


def _challenger(state: ServiceState, rollout: Rollout | None, store: Path, trust: Trust) -> Challenger | None:
    model, before = state.model, state.challenger
    if rollout is None or model is None or rollout.champion != model.folder.name:
        return None
    _require_later(rollout, signed_at(store, rollout.champion, trust))
    if before is not None and before.model.folder.name == rollout.challenger:
        challenger = before.model
    else:
        challenger = load_model(read_published(store, rollout.challenger, trust))
    _require_comparable(challenger, model)
    if before is not None and (challenger, rollout.role, rollout.share) == (before.model, before.role, before.share):
        return before
    return Challenger(challenger, rollout.role, rollout.share)


def _require_later(rollout: Rollout, champion_signed_at: datetime | None) -> None:
    """Raise PublishedModelError for a rollout that was signed before its champion was published last."""
    if champion_signed_at is not None and (rollout.signed_at is None or rollout.signed_at < champion_signed_at):
        raise PublishedModelError(
            f"the rollout of {rollout.challenger} is refused: it was signed before the champion was published last, so "
            "it had ended and was put back; publish the challenger again"
        )


def _require_comparable(challenger: ServedModel, champion: ServedModel) -> None:
    """Raise PublishedModelError unless both versions can forecast from the same requests."""
    own, other, reasons = challenger.card, champion.card, []
    if own.timezone != other.timezone:
        reasons.append(f"it counts days in {own.timezone}, the champion in {other.timezone}")
    if own.rating_maximum != other.rating_maximum:
        reasons.append(f"its ratings go to {own.rating_maximum:g}, the champion's to {other.rating_maximum:g}")
    read = {*other.feature_columns, *champion.formula.columns}
    if lacking := [name for name in OPTIONAL_COLUMNS if name in own.feature_columns and name not in read]:
        reasons.append(f"it reads {', '.join(lacking)}, which requests need not have for the champion")
    if reasons:
        raise PublishedModelError(f"{challenger.tag} is refused beside the champion: {' and '.join(reasons)}")
