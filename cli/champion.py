"""What verbs that move or ship the champion print."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from cli.terminal import echo
from features.settings_file import read_settings

if TYPE_CHECKING:
    from training.promote import Move
    from training.registry.mlflow_client import Tracking


@contextmanager
def refusals_printed() -> Iterator[None]:
    """Print each reason of a refusal within the block on a line, and end with exit code 1."""
    from features.errors import PromotionRefusedError

    try:
        yield
    except PromotionRefusedError as refusal:
        for why in refusal.reasons:
            echo(f"refused: {why}")
        raise typer.Exit(1) from None


def echo_move(move: "Move", place: str) -> None:
    """Print what a move of the champion has done."""
    before = f"before: version {move.before}" if move.before else "the first champion"
    echo(f"version {move.to} is champion in {place} ({move.kind}; {before})")


def publish_champion(tracking: "Tracking") -> None:
    """Ship the champion, and print under which tag."""
    from training.publish import publish as ship
    from training.settings import GateLimits

    allowed = read_settings("gate", GateLimits).allow_uncompiled
    shipped = ship(tracking, allow_uncompiled=allowed)
    echo(f"{shipped.tag} {'is' if shipped.new else 'was already, and still is,'} the latest in {shipped.path.parent}")
