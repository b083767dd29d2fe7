"""What is in service follows what is published: the good is taken over, the bad refused, the old never lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.loyalty.formula import load_formula
from features.schema import RATING_MAXIMUM
from serving.runtime.model_reload import ModelReload, initial_state
from serving.runtime.model_store import ANYBODY, Trust
from serving.state import CurrentState, ServedModel
from tests.serving.failing_reads import FAILING_READS
from tests.serving.running import latest, put, variant
from training.models.customer_model import CustomerModel
from training.models.signature import make_key_pair, sign_version

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


class Shop:
    """A store, and a worker that serves its models."""

    def __init__(self, home: Path, trust: Trust = ANYBODY, note: Path | None = None) -> None:
        self.home, self.events = home, []
        store, formula = home / "models", load_formula()
        state = initial_state(store, formula, "Asia/Tokyo", lambda: NOON, self.log_event, 100.0, trust, note)
        self.current = CurrentState(state)
        self.reload = ModelReload(self.current, store, lambda: NOON, self.log_event, trust, note)

    def log_event(self, **fields: object) -> None:
        self.events.append(fields["event"])

    @property
    def version(self) -> str | None:
        model = self.current.state.model
        return model.version if model else None


@pytest.fixture
def model(served_model: ServedModel) -> CustomerModel:
    return served_model.customer_model


def spoil(folder: Path) -> None:
    with (folder / "bundle" / "model.joblib").open("ab") as file:
        file.write(b"x")


def test_with_nothing_published_the_rule_is_in_service(tmp_path: Path, model: CustomerModel) -> None:
    """In zone and scale of the settings, with the reason; what is published then is taken over with its own."""
    shop = Shop(tmp_path)
    state = shop.current.state
    assert (state.model, state.timezone, state.since, state.refused) == (None, "Asia/Tokyo", NOON, None)
    assert state.rating_maximum == 100.0
    assert "regulars publish" in str(state.absent)
    shop.reload.check()
    assert shop.version is None
    put(tmp_path, model, 1)
    shop.reload.check()
    state = shop.current.state
    assert (shop.version, state.timezone, state.absent, state.formula) == ("1", "Europe/London", None, model.formula)
    assert state.rating_maximum == model.card.rating_maximum == RATING_MAXIMUM
    assert shop.events == ["in service"]


def test_each_published_version_is_taken_over(tmp_path: Path, model: CustomerModel) -> None:
    """Also an earlier one that is published again; what was read before the swap stays whole."""
    first = put(tmp_path, variant(model, 1), 1)
    shop = Shop(tmp_path)
    before = shop.current.state
    put(tmp_path, variant(model, 2), 2)
    shop.reload.check()
    assert shop.version == "2"
    assert before.model is not None
    assert before.model.version == "1"
    latest(tmp_path, first.name)
    shop.reload.check()
    assert shop.version == "1"
    shop.reload.check()
    assert shop.events == ["in service"] * 3


def test_what_is_in_service_is_not_loaded_again(tmp_path: Path, model: CustomerModel) -> None:
    """The first check after the start, and the same version published again, change nothing."""
    folder = put(tmp_path, model, 1)
    shop = Shop(tmp_path)
    before = shop.current.state.model
    shop.reload.check()
    latest(tmp_path, folder.name)
    shop.reload.check()
    assert shop.current.state.model is before
    assert shop.events == ["in service"]


def test_a_bad_version_is_refused_until_it_is_mended(tmp_path: Path, model: CustomerModel) -> None:
    """The old stays, the reason is told, the bad one is not tried again and again, but is when published anew."""
    put(tmp_path, variant(model, 1), 1)
    shop = Shop(tmp_path)
    whole = put(tmp_path, variant(model, 2), 2)
    kept = (whole / "bundle" / "model.joblib").read_bytes()
    spoil(whole)
    for _ in range(3):
        shop.reload.check()
    assert shop.version == "1"
    assert "model.joblib has digest" in str(shop.current.state.refused)
    assert shop.events == ["in service", "refused"]
    (whole / "bundle" / "model.joblib").write_bytes(kept)
    latest(tmp_path, whole.name)
    shop.reload.check()
    assert (shop.version, shop.current.state.refused) == ("2", None)


def test_what_cannot_be_read_is_tried_again(
    tmp_path: Path, model: CustomerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a pause, though nothing is published again, and with one line in the log; at a start too."""
    key = tmp_path / "publisher.key"
    trust, note = Trust(make_key_pair(key)), tmp_path / "served"
    folders = [put(tmp_path, variant(model, number), number) for number in (1, 2)]
    for folder in folders:
        sign_version(folder, f"regulars:{folder.name}", key, NOON)
    latest(tmp_path, folders[0].name)
    shop = Shop(tmp_path, trust, note)
    shop.reload.check()
    latest(tmp_path, folders[1].name)
    monkeypatch.setattr("serving.runtime.poller.AGAIN_SECONDS", 0.0)
    with FAILING_READS["no bundle"](folders[1]):
        rounds = [shop.reload.check() for _ in range(3)]
        assert (rounds, shop.version) == ([False] * 3, "1")
        assert "read again every ten seconds" in str(shop.current.state.refused)
        assert shop.events == ["in service", "refused"]
        born = Shop(tmp_path, trust, note)
        born.reload.check()
        assert (born.version, born.events) == ("1", ["refused", "in service"])
    for each in (shop, born):
        monkeypatch.setattr("serving.runtime.poller.AGAIN_SECONDS", 60.0)
        each.reload.check()
        assert (each.version, each.current.state.refused) == ("2", None)
        assert each.events[-1] == "in service"
    shop.reload.check()
    assert shop.events == ["in service", "refused", "in service"]


def test_going_back_from_a_bad_version_clears_the_refusal(tmp_path: Path, model: CustomerModel) -> None:
    """When the latest is again what is in service, nothing is refused."""
    first = put(tmp_path, variant(model, 1), 1)
    shop = Shop(tmp_path)
    spoil(put(tmp_path, variant(model, 2), 2))
    shop.reload.check()
    latest(tmp_path, first.name)
    shop.reload.check()
    assert (shop.version, shop.current.state.refused) == ("1", None)


def test_a_worker_born_beside_a_bad_version_takes_the_one_before(tmp_path: Path, model: CustomerModel) -> None:
    """As its siblings did, and says what is refused."""
    put(tmp_path, variant(model, 1), 1)
    note = tmp_path / "served"
    Shop(tmp_path, note=note)
    spoil(put(tmp_path, variant(model, 2), 2))
    born = Shop(tmp_path, note=note)
    assert born.version == "1"
    assert "regulars:2-" in str(born.current.state.refused)
    born.reload.check()
    assert born.version == "1"
    assert Shop(tmp_path).version is None


def test_two_services_on_one_store_note_each_its_own(tmp_path: Path, model: CustomerModel) -> None:
    """What one takes and the other refuses changes nothing for a worker of the other; the store stays as it is."""
    key = tmp_path / "publisher.key"
    trust = Trust(make_key_pair(key))
    first = put(tmp_path, variant(model, 1), 1)
    sign_version(first, f"regulars:{first.name}", key, NOON)
    strict, loose = tmp_path / "strict", tmp_path / "loose"
    assert Shop(tmp_path, trust, strict).version == Shop(tmp_path, note=loose).version == "1"
    second = put(tmp_path, variant(model, 2), 2)
    before = sorted(path.name for path in second.parent.iterdir())
    assert Shop(tmp_path, note=loose).version == "2"
    assert Shop(tmp_path, trust, strict).version == "1"
    assert sorted(path.name for path in second.parent.iterdir()) == before


def test_with_a_bad_version_alone_the_rule_is_in_service(tmp_path: Path, model: CustomerModel) -> None:
    """The reason is that of the refusal."""
    spoil(put(tmp_path, model, 1))
    shop = Shop(tmp_path)
    assert shop.version is None
    assert shop.current.state.absent == shop.current.state.refused
    assert "model.joblib has digest" in str(shop.current.state.absent)


def test_a_pickle_that_breaks_is_refused(tmp_path: Path, model: CustomerModel) -> None:
    """Whatever loading raises is one line, though its digest is right."""
    import hashlib

    import yaml

    folder = put(tmp_path, model, 1, whole=False)
    (folder / "bundle" / "model.joblib").write_bytes(b"\x80\x04cno_such_module\nNothing\n.")
    facts = yaml.safe_load((folder / "model.yaml").read_text())
    facts["metadata"]["digest"] = hashlib.sha256((folder / "bundle" / "model.joblib").read_bytes()).hexdigest()
    (folder / "model.yaml").write_text(yaml.safe_dump(facts))
    assert "no_such_module" in str(Shop(tmp_path).current.state.absent)


def test_a_store_that_may_only_be_read_serves(tmp_path: Path, model: CustomerModel, monkeypatch) -> None:
    """That nobody can note which version was taken is no reason not to."""
    put(tmp_path, model, 1)

    def full(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("serving.runtime.model_reload.atomic_write", full)
    assert Shop(tmp_path, note=tmp_path / "served").version == "1"


def test_a_version_that_nobody_trusted_signed_leaves_the_old_one(tmp_path: Path, model: CustomerModel) -> None:
    """Refused in one line, and tried again when it is published with the signature; an old one only if signed again."""
    key = tmp_path / "publisher.key"
    trust = Trust(make_key_pair(key))
    first = put(tmp_path, variant(model, 1), 1)
    sign_version(first, f"regulars:{first.name}", key, NOON)
    shop = Shop(tmp_path, trust)
    assert shop.version == "1"
    second = put(tmp_path, variant(model, 2), 2)
    shop.reload.check()
    assert shop.version == "1"
    assert "is not signed" in str(shop.current.state.refused)
    assert "\n" not in str(shop.current.state.refused)
    sign_version(second, f"regulars:{second.name}", key, NOON + timedelta(days=1))
    latest(tmp_path, second.name)
    shop.reload.check()
    assert (shop.version, shop.current.state.refused) == ("2", None)
    latest(tmp_path, first.name)
    shop.reload.check()
    assert shop.version == "2"
    assert "it may be an old one that was put back" in str(shop.current.state.refused)
    sign_version(first, f"regulars:{first.name}", key, NOON + timedelta(days=2))
    latest(tmp_path, first.name)
    shop.reload.check()
    assert (shop.version, shop.current.state.refused) == ("1", None)
