"""What is in service follows what is published: the good is taken over, the bad refused, the old never lost."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.loyalty.formula import load_formula
from serving.runtime.model_reload import Watch, at_start
from serving.runtime.poller import Rounds
from serving.state import Champion, Holder
from tests.serving.running import latest, put, variant
from training.models.customer_model import CustomerModel

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


class Shop:
    """A store, and a worker that watches it."""

    def __init__(self, home: Path) -> None:
        self.home, self.said = home, []
        self.holder = Holder(at_start(home / "models", load_formula(), "Asia/Tokyo", lambda: NOON, self.say))
        self.watch = Watch(self.holder, home / "models", lambda: NOON, self.say)

    def say(self, **line: object) -> None:
        self.said.append(line["event"])

    @property
    def version(self) -> str | None:
        champion = self.holder.now.champion
        return champion.version if champion else None


@pytest.fixture
def model(champion: Champion) -> CustomerModel:
    return champion.model


def spoil(folder: Path) -> None:
    with (folder / "bundle" / "model.joblib").open("ab") as file:
        file.write(b"x")


def test_with_nothing_published_the_rule_is_in_service(tmp_path: Path, model: CustomerModel) -> None:
    """In the zone that was set, with the reason; what is published then is taken over with its own zone."""
    shop = Shop(tmp_path)
    now = shop.holder.now
    assert (now.champion, now.timezone, now.since, now.refused) == (None, "Asia/Tokyo", NOON, None)
    assert "regulars publish" in str(now.absent)
    shop.watch.look()
    assert shop.version is None
    put(tmp_path, model, 1)
    shop.watch.look()
    now = shop.holder.now
    assert (shop.version, now.timezone, now.absent, now.formula) == ("1", "Europe/London", None, model.formula)
    assert shop.said == ["in service"]


def test_each_published_version_is_taken_over(tmp_path: Path, model: CustomerModel) -> None:
    """Also an earlier one that is published again; what was read before the swap stays whole."""
    first = put(tmp_path, variant(model, 1), 1)
    shop = Shop(tmp_path)
    before = shop.holder.now
    put(tmp_path, variant(model, 2), 2)
    shop.watch.look()
    assert shop.version == "2"
    assert before.champion is not None
    assert before.champion.version == "1"
    latest(tmp_path, first.name)
    shop.watch.look()
    assert shop.version == "1"
    shop.watch.look()
    assert shop.said == ["in service"] * 3


def test_a_bad_version_is_refused_until_it_is_mended(tmp_path: Path, model: CustomerModel) -> None:
    """The old stays, the reason is told, the bad one is not tried again and again, but is when published anew."""
    put(tmp_path, variant(model, 1), 1)
    shop = Shop(tmp_path)
    whole = put(tmp_path, variant(model, 2), 2)
    kept = (whole / "bundle" / "model.joblib").read_bytes()
    spoil(whole)
    for _ in range(3):
        shop.watch.look()
    assert shop.version == "1"
    assert "model.joblib has digest" in str(shop.holder.now.refused)
    assert shop.said == ["in service", "refused"]
    (whole / "bundle" / "model.joblib").write_bytes(kept)
    latest(tmp_path, whole.name)
    shop.watch.look()
    assert (shop.version, shop.holder.now.refused) == ("2", None)


def test_going_back_from_a_bad_version_clears_the_refusal(tmp_path: Path, model: CustomerModel) -> None:
    """When the latest is again what is in service, nothing is refused."""
    first = put(tmp_path, variant(model, 1), 1)
    shop = Shop(tmp_path)
    spoil(put(tmp_path, variant(model, 2), 2))
    shop.watch.look()
    latest(tmp_path, first.name)
    shop.watch.look()
    assert (shop.version, shop.holder.now.refused) == ("1", None)


def test_a_worker_born_beside_a_bad_version_takes_the_one_before(tmp_path: Path, model: CustomerModel) -> None:
    """As its siblings did, and says what is refused."""
    put(tmp_path, variant(model, 1), 1)
    Shop(tmp_path)
    spoil(put(tmp_path, variant(model, 2), 2))
    born = Shop(tmp_path)
    assert born.version == "1"
    assert "regulars:2-" in str(born.holder.now.refused)
    born.watch.look()
    assert born.version == "1"


def test_with_a_bad_version_alone_the_rule_is_in_service(tmp_path: Path, model: CustomerModel) -> None:
    """The reason is that of the refusal."""
    spoil(put(tmp_path, model, 1))
    shop = Shop(tmp_path)
    assert shop.version is None
    assert shop.holder.now.absent == shop.holder.now.refused
    assert "model.joblib has digest" in str(shop.holder.now.absent)


def test_a_pickle_that_breaks_is_refused(tmp_path: Path, model: CustomerModel) -> None:
    """Whatever loading raises is one line, though its digest is right."""
    import hashlib

    import yaml

    folder = put(tmp_path, model, 1)
    (folder / "bundle" / "model.joblib").write_bytes(b"\x80\x04cno_such_module\nNothing\n.")
    facts = yaml.safe_load((folder / "model.yaml").read_text())
    facts["metadata"]["digest"] = hashlib.sha256((folder / "bundle" / "model.joblib").read_bytes()).hexdigest()
    (folder / "model.yaml").write_text(yaml.safe_dump(facts))
    assert "no_such_module" in str(Shop(tmp_path).holder.now.absent)


def test_a_store_that_may_only_be_read_serves(tmp_path: Path, model: CustomerModel, monkeypatch) -> None:
    """That nobody can note which version was taken is no reason not to."""
    put(tmp_path, model, 1)

    def full(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("serving.runtime.model_reload.atomic_write", full)
    assert Shop(tmp_path).version == "1"


def test_rounds_outlive_a_fault_and_end_when_told() -> None:
    """A task that fails is said, the others go on; after the block no thread is left."""
    said, done, twice = [], [], threading.Event()

    def fail() -> None:
        raise RuntimeError("no")

    def work() -> None:
        done.append(1)
        if len(done) >= 2:
            twice.set()

    before = threading.active_count()
    with Rounds(0.01, lambda **line: said.append(line), fail, work):
        assert twice.wait(10)
    assert threading.active_count() == before
    assert said[0] == {"event": "round failed", "fault": "RuntimeError", "reason": "no"}
