"""A challenger comes and goes with one file, beside the version it names; a wrong one changes no answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from features.atomic_file import atomic_write
from features.loyalty.formula import load_formula
from serving.request_types import OPTIONAL_COLUMNS
from serving.runtime.model_reload import ModelReload, initial_state
from serving.runtime.model_store import ANYBODY, Trust
from serving.runtime.rollouts import _require_comparable
from serving.state import CurrentState, ServedModel
from tests.serving.failing_reads import FAILING_READS
from tests.serving.running import latest, put, variant
from training.models.customer_model import CustomerModel
from training.models.rollout import ROLLOUT_FILE, Role, Rollout, rollout_text
from training.models.signature import make_key_pair, sign_version

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


class Shop:
    """A store with champion 1 and version 2, and a worker that serves it."""

    def __init__(self, home: Path, model: CustomerModel, key: Path | None = None) -> None:
        self.home, self.key, self.events = home, key, []
        self.champion, self.other = (put(home, variant(model, number), number) for number in (1, 2))
        latest(home, self.champion.name)
        if key is not None:
            for folder in (self.champion, self.other):
                sign_version(folder, f"regulars:{folder.name}", key, NOON)
        self.trust = ANYBODY if key is None else Trust(key.with_name(f"{key.name}.pub"))
        self.current = CurrentState(self.start())
        self.reload = ModelReload(self.current, home / "models", lambda: NOON, self.log_event, self.trust)

    def start(self) -> Any:
        return initial_state(
            self.home / "models", load_formula(), "UTC", lambda: NOON, self.log_event, trust=self.trust
        )

    def log_event(self, **fields: object) -> None:
        self.events.append(fields["event"])

    @property
    def file(self) -> Path:
        return self.champion.parent / ROLLOUT_FILE

    def roll_out(self, role: Role, share: float = 1.0, at: datetime = NOON, **changes: str) -> None:
        rollout = replace(Rollout(self.champion.name, self.other.name, role, share), **changes)
        self.write(rollout_text(rollout, self.key, at))

    def write(self, text: str) -> None:
        with atomic_write(self.file) as part:
            part.write_text(text)
        self.reload.check()

    @property
    def found(self) -> tuple[str, float, str] | None:
        challenger = self.current.state.challenger
        return challenger and (challenger.role.value, challenger.share, challenger.model.version)


@pytest.fixture
def model(served_model: ServedModel) -> CustomerModel:
    return served_model.customer_model


def test_a_challenger_comes_grows_and_goes(tmp_path: Path, model: CustomerModel) -> None:
    """In running workers and at a start; a wider share loads nothing again, and the champion stays as it was."""
    shop = Shop(tmp_path, model)
    champion = shop.current.state.model
    shop.reload.check()
    assert shop.found is None
    shop.roll_out(Role.SHADOW)
    assert shop.found == ("shadow", 1.0, "2")
    shadow = shop.current.state.challenger
    shop.roll_out(Role.CANARY, 0.05)
    assert shop.found == ("canary", 0.05, "2")
    shop.roll_out(Role.CANARY, 0.1)
    assert shop.current.state.challenger.model is shadow.model
    assert shop.start().challenger.share == 0.1
    shop.file.unlink()
    shop.reload.check()
    assert (shop.found, shop.current.state.refused) == (None, None)
    assert shop.current.state.model is champion
    assert [event for event in shop.events if event != "in service"] == [
        *("shadow", "canary", "canary", "canary", "rollout ended"),
    ]


def test_another_champion_ends_it_in_the_same_step(tmp_path: Path, model: CustomerModel) -> None:
    """A rollout beside an earlier champion means nothing; back there it means what it did."""
    shop = Shop(tmp_path, model)
    shop.roll_out(Role.CANARY, 0.5)
    put(tmp_path, variant(model, 3), 3)
    shop.reload.check()
    assert (shop.current.state.model.version, shop.found, shop.current.state.refused) == ("3", None, None)


def test_champion_and_challenger_are_taken_up_together(tmp_path: Path, model: CustomerModel) -> None:
    """A rollout that names a version which is not the latest yet waits for it."""
    shop = Shop(tmp_path, model)
    shop.roll_out(Role.SHADOW, champion=shop.other.name, challenger=shop.champion.name)
    assert shop.found is None
    latest(tmp_path, shop.other.name)
    shop.reload.check()
    assert (shop.current.state.model.version, shop.found) == ("2", ("shadow", 1.0, "1"))


@pytest.mark.parametrize("text", ["", "{}", '{"champion": "../1", "challenger": "..", "role": "shadow", "share": 1}'])
def test_a_wrong_rollout_is_refused(tmp_path: Path, model: CustomerModel, text: str) -> None:
    """The champion answers alone, and the reason is there; the next right one is taken."""
    shop = Shop(tmp_path, model)
    shop.roll_out(Role.SHADOW)
    shop.write(text)
    assert shop.found is None
    assert "rollout" in shop.current.state.refused
    assert shop.current.state.model.version == "1"
    shop.roll_out(Role.SHADOW)
    assert (shop.found, shop.current.state.refused) == (("shadow", 1.0, "2"), None)


def test_a_damaged_challenger_is_refused(tmp_path: Path, model: CustomerModel) -> None:
    """As a damaged champion is, at a start too."""
    shop = Shop(tmp_path, model)
    with (shop.other / "bundle" / "compiled.json").open("ab") as file:
        file.write(b" ")
    shop.roll_out(Role.CANARY, 0.1)
    assert shop.found is None
    assert "digest" in shop.current.state.refused
    assert (shop.start().model.version, shop.start().challenger) == ("1", None)


def test_a_challenger_that_cannot_be_read_is_tried_again(
    tmp_path: Path, model: CustomerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a pause, though nothing is published again, and with one line in the log; the champion answers all."""
    shop = Shop(tmp_path, model)
    monkeypatch.setattr("serving.runtime.poller.AGAIN_SECONDS", 0.0)
    with FAILING_READS["ESTALE of the model"](shop.other):
        shop.roll_out(Role.CANARY, 0.1)
        assert [shop.reload.check() for _ in range(3)] == [False] * 3
        assert (shop.found, shop.current.state.model.version) == (None, "1")
        assert "read again every ten seconds" in shop.current.state.refused
    shop.reload.check()
    assert (shop.found, shop.current.state.refused) == (("canary", 0.1, "2"), None)
    assert shop.events == ["in service", "rollout refused", "canary"]


def test_where_a_key_is_trusted_rollouts_are_signed_too(tmp_path: Path, model: CustomerModel) -> None:
    """Neither one without a signature nor one that ended, when the champion was published again, is taken."""
    make_key_pair(tmp_path / "key")
    shop = Shop(tmp_path, model, tmp_path / "key")
    shop.roll_out(Role.CANARY, 0.1)
    assert shop.found == ("canary", 0.1, "2")
    ended = shop.file.read_text()
    shop.write(rollout_text(Rollout(shop.champion.name, shop.other.name, Role.CANARY, 0.9)))
    assert shop.found is None
    assert "not signed" in shop.current.state.refused
    sign_version(shop.champion, f"regulars:{shop.champion.name}", shop.key, NOON + timedelta(hours=1))
    shop.write(ended + "\n")
    assert shop.found is None
    assert "put back" in shop.current.state.refused
    shop.roll_out(Role.CANARY, 0.1, NOON + timedelta(hours=1))
    assert shop.found == ("canary", 0.1, "2")


def test_both_must_read_the_same_requests(served_model: ServedModel) -> None:
    """Days of one zone, ratings of one scale, and no column that the champion's clients may leave out."""
    card = served_model.card
    for changes, words in (
        ({"timezone": "Asia/Tokyo"}, "counts days in Asia/Tokyo"),
        ({"rating_maximum": 5.0}, "ratings go to 5"),
        ({"feature_columns": (*card.feature_columns, *OPTIONAL_COLUMNS)}, "reads "),
    ):
        other: Any = SimpleNamespace(card=replace(card, **changes), tag="regulars:2-a")
        with pytest.raises(Exception, match=words):
            _require_comparable(other, replace(served_model, card=replace(card, feature_columns=())))
    _require_comparable(served_model, served_model)
