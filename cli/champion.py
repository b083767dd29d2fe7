"""What verbs do with the champion: load it, state the reasons against using it, print its moves, ship it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import typer

from cli.options import DEFAULT_HOME
from cli.terminal import echo
from cli.tracking import has_tracking_store, opened_tracking
from features.settings_file import read_settings

if TYPE_CHECKING:
    from features.store.event_store import EventStore
    from training.models.bundle import Card
    from training.models.customer_model import CustomerModel
    from training.promote import Move
    from training.publish import PublishResult
    from training.registry.mlflow_client import Tracking


@contextmanager
def refusals_printed(all_the_same: Callable[[int], str]) -> Iterator[None]:
    """Print each reason of a refusal within the block on a line, and end with exit code 1.

    A last line has the sentence that `all_the_same` returns for the version, if the refusal can be overridden.
    """
    from features.errors import PromotionRefusedError

    try:
        yield
    except PromotionRefusedError as refusal:
        for why in refusal.reasons:
            echo(f"refused: {why}")
        if refusal.can_be_forced:
            echo(all_the_same(refusal.number))
        raise typer.Exit(1) from None


def promoted_all_the_same(number: int, home: Path) -> str:
    """Return the sentence on how to promote a version that the gate refused."""
    return f"`{forced_promotion(number, home)}` promotes version {number} all the same"


def forced_promotion(number: int, home: Path) -> str:
    """Return the command that promotes a version against the gate."""
    return f"regulars promote --version {number}{_home_option(home)} --force --reason TEXT"


def _home_option(home: Path) -> str:
    return "" if home == DEFAULT_HOME else f" --home {quote(str(home))}"


def echo_move(move: "Move", place: str) -> None:
    """Print what a move of the champion has done."""
    before = f"before: version {move.before}" if move.before else "the first champion"
    echo(f"version {move.to} is champion in {place} ({move.kind}; {before})")


def publish_champion(tracking: "Tracking", signing_key: Path | None = None) -> "PublishResult":
    """Ship the champion, signed if there is a key or [publish] names one, and print under which tag."""
    from training.publish import publish as ship

    shipped = ship(tracking, **_publish_arguments(signing_key))
    _echo_latest(shipped)
    if shipped.ended:
        echo("no challenger runs beside it any more")
    return shipped


def publish_beside_champion(
    home: Path, number: int | None, share: float | None, signing_key: Path | None = None, *, force: bool = False
) -> None:
    """Ship the champion, and a version in shadow or, with a share, as a canary; without a number the challenger.

    A canary that the gate did not pass is refused, with the reasons and the command that ships it all the same, unless
    `force` is true.
    """
    from training.models.bundle import CHALLENGER
    from training.models.rollout import Role
    from training.publish import publish_challenger

    which, role = CHALLENGER if number is None else number, Role.SHADOW if share is None else Role.CANARY
    arguments, part = _publish_arguments(signing_key), 1.0 if share is None else share
    tracking = opened_tracking(home, read_only=True)

    def forced(version: int) -> str:
        key = "" if signing_key is None else f" --signing-key {quote(str(signing_key))}"
        options = f"--version {version} --canary {100 * part:g}%{_home_option(home)}{key} --force"
        return f"`regulars publish {options}` lets version {version} answer customers all the same"

    with refusals_printed(forced):
        champion, challenger = publish_challenger(tracking, which, role, part, force=force, **arguments)
    _echo_latest(champion)
    does = "in shadow" if share is None else f"the canary, for {100 * share:g}% of customers"
    echo(f"{challenger.tag} is {does}, until `regulars publish` ships a champion alone")


def _publish_arguments(signing_key: Path | None) -> dict[str, Any]:
    from serving.clock import utc_now
    from training.settings import GateLimits, PublishSettings

    key = signing_key or read_settings("publish", PublishSettings).signing_key
    allowed = read_settings("gate", GateLimits).allow_uncompiled
    return {"allow_uncompiled": allowed, "signing_key": key, "signed_at": utc_now()}


def _echo_latest(shipped: "PublishResult") -> None:
    echo(f"{shipped.tag} {'is' if shipped.new else 'was already, and still is,'} the latest in {shipped.path.parent}")


def champion_in_use(home: Path) -> "tuple[tuple[CustomerModel, str] | None, str | None]":
    """Return the champion with its version, or the reason why there is none."""
    if not has_tracking_store(home):
        return None, f"no model is registered in {home}, so the file has the rule score only: `regulars fit` makes one"
    from features.errors import ModelError, TrackingError
    from training.models.bundle import CHAMPION
    from training.registry.versions import load, version

    tracking = opened_tracking(home, read_only=True)
    champion = version(tracking, CHAMPION)
    if champion is None:
        return (
            None,
            f"no champion in {tracking.place}, so the file has the rule score only: `regulars promote` makes one",
        )
    try:
        return (load(tracking, champion), str(champion.number)), None
    except (ModelError, TrackingError) as error:
        raise ModelError(
            f"champion version {champion.number} cannot be loaded ({error}): go back with `regulars rollback`, promote "
            "another version (`regulars fit` goes on without the champion), or score by --rule-only"
        ) from error


def warn_of_champion(card: "Card", store: "EventStore", as_of: str) -> None:
    """Warn of a champion that counts days in another time zone or knows events after the cutoff."""
    from features.as_of import AsOf

    if card.timezone != store.timezone:
        echo(f"warning: the champion was trained with days in {card.timezone}, the log has days in {store.timezone}")
    if AsOf.parse(as_of, store.timezone).day < AsOf.parse(card.as_of, store.timezone).day:
        echo(f"warning: the champion was trained on events before {card.as_of}, so at {as_of} it knows later events")
