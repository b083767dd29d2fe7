"""Publishing into a real BentoML store in a temporary folder: whole or not at all, and once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore
from matplotlib.figure import Figure

from features.errors import InvalidArgumentError, PromotionRefusedError, SignatureError, TrackingError
from tests.training.stand_in import customer_model
from training.gate import Verdict
from training.models.bundle import CHALLENGER, CHAMPION
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel
from training.models.rollout import ROLLOUT_FILE, Role, Rollout, rollout_of_text
from training.models.signature import SIGNATURE_FILE, make_key_pair, require_signature
from training.promote import promote, record_verdict
from training.publish import publish, publish_challenger
from training.registry.entities import ModelVersion
from training.registry.mlflow_client import Tracking
from training.registry.runs import log_figure, log_metrics, start_run
from training.registry.versions import move_alias, register, version

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A BentoML home of its own: in the environment for child processes, for this one in what it has read of it."""
    folder = tmp_path / "bento" / "models"
    folder.mkdir(parents=True)
    monkeypatch.setenv("BENTOML_HOME", str(folder.parent))
    BentoMLContainer.bentoml_home.set(str(folder.parent))
    BentoMLContainer.model_store.set(ModelStore(folder))
    yield folder
    BentoMLContainer.bentoml_home.reset()
    BentoMLContainer.model_store.reset()


def champion(tracking: Tracking, rate: float = 0.01) -> ModelVersion:
    """Register a version with measures and a plot, and make it champion."""
    before = version(tracking, CHAMPION)
    with start_run(tracking, "fit") as fit:
        log_metrics(fit, {"deviance": 1.5, "auc": float("nan")})
        figure = Figure()
        figure.subplots().plot([0, 1])
        log_figure(fit, "reliability", figure)
        made = register(fit, customer_model(rate))
    move_alias(tracking, CHAMPION, made.number, before.number if before else None)
    return made


def test_the_champion_is_the_latest_in_the_store(tracking: Tracking, store: Path) -> None:
    """BentoML finds it by name, with its card, its figures, and the digest that its bundle has."""
    made = champion(tracking)
    published = publish(tracking)
    assert published.new
    found = bentoml.models.get("regulars:latest")
    assert str(found.tag) == published.tag == f"regulars:1-{made.digest[:12]}"
    assert found.info.labels == {"version": "1"}
    assert found.info.metadata["digest"] == made.digest
    assert found.info.metadata["measures"]["deviance"] == 1.5
    folder = Path(found.path)
    assert folder == published.path
    assert CustomerModel.load(folder / "bundle", made.digest).card == customer_model().card
    assert CompiledModel.load(folder / "bundle" / "compiled.json", found.info.metadata["compiled_digest"])
    assert json.loads((folder / "bundle" / "card.json").read_text())["as_of"] == "2011-06-10"
    assert json.loads((folder / "figures.json").read_text())["auc"] is None
    assert (folder / "figures" / "reliability.png").is_file()


@pytest.mark.parametrize("umask", [0o022, 0o027])
def test_a_version_has_the_mode_that_the_umask_leaves(tracking: Tracking, store: Path, umask: int) -> None:
    """A service of another user can read what is published for it, all of it."""
    champion(tracking)
    before = os.umask(umask)
    try:
        folder = publish(tracking).path
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    assert modes == {0o777 & ~umask, 0o666 & ~umask}
    assert (folder.parent / "latest").stat().st_mode & 0o777 == 0o666 & ~umask


def test_publishing_twice_is_once(tracking: Tracking, store: Path) -> None:
    """The second time says that it was there, and changes no file."""
    champion(tracking)
    first = publish(tracking)
    before = {file: file.stat().st_mtime_ns for file in first.path.rglob("*")}
    second = publish(tracking)
    assert (second.tag, second.new) == (first.tag, False)
    assert {file: file.stat().st_mtime_ns for file in first.path.rglob("*")} == before
    assert len(bentoml.models.list("regulars")) == 1
    assert list((store.parent / "tmp").iterdir()) == []


def test_after_a_step_back_the_earlier_version_is_the_latest(tracking: Tracking, store: Path) -> None:
    """`latest` is the champion that was published last, not the youngest folder."""
    first, second = champion(tracking, 0.01), champion(tracking, 0.02)
    publish(tracking, first.number)
    publish(tracking)
    assert bentoml.models.get("regulars:latest").info.labels["version"] == "2"
    move_alias(tracking, CHAMPION, first.number, second.number)
    assert not publish(tracking).new
    assert bentoml.models.get("regulars:latest").info.labels["version"] == "1"


def test_without_a_champion_nothing_is_published(tracking: Tracking, store: Path) -> None:
    """The line says what to do first."""
    with pytest.raises(TrackingError, match=r"no version champion .*: promote one first"):
        publish(tracking)
    assert not (store / "regulars").exists()


def test_a_failure_leaves_nothing_in_the_store(
    tracking: Tracking, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error on the way leaves neither a version nor a folder aside."""
    champion(tracking)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.publish.run_file", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tracking)
    assert not (store / "regulars").exists()
    assert list((store.parent / "tmp").iterdir()) == []


@pytest.mark.parametrize("file", ["model.joblib", "compiled.json"])
def test_another_thing_under_the_tag_is_refused(tracking: Tracking, store: Path, file: str) -> None:
    """A folder that is not what was registered is neither taken nor overwritten."""
    champion(tracking)
    path = publish(tracking).path
    (path / "bundle" / file).write_bytes(b"something else")
    with pytest.raises(TrackingError, match="is not version 1 as registered: delete it and publish again"):
        publish(tracking)


def test_one_whose_compiled_form_differs_is_not_published(
    tracking: Tracking, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the store is as before."""
    champion(tracking)
    right = CompiledModel.predict
    monkeypatch.setattr(CompiledModel, "predict", lambda *given: right(*given)._replace(low=7.0))
    with pytest.raises(TrackingError, match="compiled model says low 7 over 1 days, expected 0 "):
        publish(tracking)
    assert not (store / "regulars").exists()
    assert list((store.parent / "tmp").iterdir()) == []


KILLED = """
import os, pathlib, shutil, signal, sys, types
import training.publish
from training.registry.mlflow_client import open_tracking
where = sys.argv[2]
def killed(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "fetching": training.publish.run_file = killed
if where == "copying":
    import bentoml._internal.models.model as model
    def half(source, to, **named):
        shutil.copytree(source, to, ignore=lambda folder, names: [n for n in names if n == "model.joblib"], **named)
        killed()
    model.shutil = types.SimpleNamespace(**vars(shutil) | {"copytree": half})  # BentoML's alone
if where == "renaming": pathlib.Path.rename = killed
if where == "renamed": training.publish._replace = killed
training.publish.publish(open_tracking(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["fetching", "copying", "renaming", "renamed"])
def test_a_killed_publish_leaves_the_store_as_it_was_or_whole(
    tracking: Tracking, home: Path, store: Path, where: str
) -> None:
    """Killed anywhere, readers find the version before; the next publish does what the killed one did not."""
    champion(tracking, 0.01)
    publish(tracking)
    made = champion(tracking, 0.02)
    process = subprocess.run([sys.executable, "-c", KILLED, home, where], cwd=ROOT, check=False)
    assert process.returncode == -signal.SIGKILL
    found = bentoml.models.list("regulars")
    assert len(found) == 1 + (where == "renamed")
    for each in found:
        CustomerModel.load(Path(each.path) / "bundle", each.info.metadata["digest"])
    assert bentoml.models.get("regulars:latest").info.labels["version"] == "1"
    publish(tracking)
    assert bentoml.models.get("regulars:latest").info.metadata["digest"] == made.digest
    assert list((store.parent / "tmp").iterdir()) == []
    assert {path.name for path in (store / "regulars").iterdir() if not path.is_dir()} == {"latest"}


def test_a_version_is_signed_by_the_key_that_is_given(tracking: Tracking, store: Path, tmp_path: Path) -> None:
    """With all of its files; publishing again signs again, and another key or none before is said."""
    champion(tracking)
    key = tmp_path / "publisher.key"
    public = make_key_pair(key)
    published = publish(tracking, signing_key=key, signed_at=NOON)
    files = {path.relative_to(published.path).as_posix() for path in published.path.rglob("*") if path.is_file()}
    signature = require_signature(published.path, published.tag, public)
    assert (set(signature.files), signature.signed_at) == (files - {SIGNATURE_FILE}, NOON)
    assert not publish(tracking, signing_key=key, signed_at=NOON + timedelta(days=1)).new
    again = require_signature(published.path, published.tag, public)
    assert again == signature._replace(signed_at=NOON + timedelta(days=1))
    with pytest.raises(InvalidArgumentError, match="needs signed_at"):
        publish(tracking, signing_key=key)
    other = tmp_path / "other.key"
    make_key_pair(other)
    with pytest.raises(SignatureError, match=r"without this key's signature .*: delete it and publish again"):
        publish(tracking, signing_key=other, signed_at=NOON)
    (published.path / SIGNATURE_FILE).unlink()
    with pytest.raises(SignatureError, match="not signed"):
        publish(tracking, signing_key=key, signed_at=NOON)


def test_a_key_that_cannot_sign_publishes_nothing(tracking: Tracking, store: Path, tmp_path: Path) -> None:
    """It is tried before anything is written."""
    champion(tracking)
    with pytest.raises(SignatureError, match="there is no key file"):
        publish(tracking, signing_key=tmp_path / "none.key", signed_at=NOON)
    assert not list(store.iterdir())


def challenger(tracking: Tracking, rate: float = 0.03) -> ModelVersion:
    """Register a version that is no champion."""
    with start_run(tracking, "fit") as fit:
        return register(fit, customer_model(rate))


def test_a_challenger_is_published_beside_the_champion(tracking: Tracking, store: Path) -> None:
    """Both are whole, the champion is the latest, and the rollout names both; a wider share replaces it."""
    made = champion(tracking)
    other = challenger(tracking)
    first, second = publish_challenger(tracking, CHALLENGER, Role.SHADOW)
    assert bentoml.models.get("regulars:latest").info.labels["version"] == str(made.number)
    assert CustomerModel.load(second.path / "bundle", other.digest)
    file = store / "regulars" / ROLLOUT_FILE
    assert rollout_of_text(file.read_bytes()) == Rollout(first.path.name, second.path.name, Role.SHADOW)
    publish_challenger(tracking, other.number, Role.CANARY, 0.1, force=True)
    assert rollout_of_text(file.read_bytes()) == Rollout(first.path.name, second.path.name, Role.CANARY, 0.1)
    assert len(bentoml.models.list("regulars")) == 2
    assert file.stat().st_mode & 0o777 == (store / "regulars" / "latest").stat().st_mode & 0o777


def test_a_canary_has_passed_the_gate_or_was_champion(tracking: Tracking, store: Path) -> None:
    """It answers customers: a version without a verdict, with reasons against it or tried beside another is refused."""
    made = champion(tracking)
    with pytest.raises(PromotionRefusedError, match="never tried at the gate") as caught:
        publish_challenger(tracking, challenger(tracking).number, Role.CANARY, 0.1)
    assert caught.value.can_be_forced
    for rate, verdict, words in (
        (0.04, Verdict(("too slow",), {}, made.number), "too slow"),
        (0.05, Verdict((), {}, None), "tried against champion none, which is 1 now"),
    ):
        with start_run(tracking, "fit") as fit:
            refused = register(fit, customer_model(rate))
            record_verdict(fit, verdict)
        with pytest.raises(PromotionRefusedError, match=words):
            publish_challenger(tracking, refused.number, Role.CANARY, 0.1)
    assert not (store / "regulars").exists()
    publish_challenger(tracking, refused.number, Role.SHADOW)
    with start_run(tracking, "fit") as fit:
        passed = register(fit, customer_model(0.06))
        record_verdict(fit, Verdict((), {}, made.number))
    publish_challenger(tracking, passed.number, Role.CANARY, 0.1)
    promote(tracking, passed.number)
    promote(tracking, refused.number, why="a trial", force=True)
    publish_challenger(tracking, passed.number, Role.CANARY, 0.1)


def test_a_champion_that_is_published_ends_it(tracking: Tracking, store: Path) -> None:
    """The same one, or another."""
    champion(tracking)
    challenger(tracking)
    publish_challenger(tracking, CHALLENGER, Role.SHADOW)
    assert publish(tracking).ended
    assert not (store / "regulars" / ROLLOUT_FILE).exists()
    assert not publish(tracking).ended


@pytest.mark.parametrize("back", [False, True])
def test_a_publication_that_stops_leaves_champion_and_challenger_or_the_next_champion(
    tracking: Tracking, store: Path, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    """Never the champion before without its challenger, nor an ended challenger again beside one that comes back."""
    first = champion(tracking)
    challenger(tracking)
    publish_challenger(tracking, CHALLENGER, Role.SHADOW)
    file, latest = store / "regulars" / ROLLOUT_FILE, store / "regulars" / "latest"
    rollout = file.read_bytes()
    if back:  # what a kill left beside the version that is published again
        latest.write_text(publish(tracking, challenger(tracking, 0.05).number).path.name)
        file.write_bytes(rollout)
    before, present = latest.read_text(), []
    monkeypatch.setattr("training.publish._make_latest", lambda *_: present.append(file.exists()) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish(tracking, first.number if back else challenger(tracking, 0.05).number)
    assert (latest.read_text(), present, file.exists()) == (before, [not back], not back)


def test_a_rollout_is_signed_as_its_versions_are(tracking: Tracking, store: Path, tmp_path: Path) -> None:
    """With one time; the public key tells."""
    public = make_key_pair(tmp_path / "key")
    champion(tracking)
    challenger(tracking)
    signing = {"signing_key": tmp_path / "key", "signed_at": NOON}
    published = publish_challenger(tracking, CHALLENGER, Role.CANARY, 0.2, force=True, **signing)
    rollout = rollout_of_text((store / "regulars" / ROLLOUT_FILE).read_bytes(), public)
    assert (rollout.signed_at, rollout.share) == (NOON, 0.2)
    assert {require_signature(each.path, each.tag, public).signed_at for each in published} == {NOON}


def test_what_cannot_be_beside_the_champion_is_refused(tracking: Tracking, store: Path) -> None:
    """The champion itself, a version that is not there, a share that is none: and nothing is published."""
    made = champion(tracking)
    with pytest.raises(TrackingError, match="is the champion"):
        publish_challenger(tracking, made.number, Role.SHADOW)
    with pytest.raises(TrackingError, match="regulars versions"):
        publish_challenger(tracking, 9, Role.SHADOW)
    with pytest.raises(InvalidArgumentError, match="share"):
        publish_challenger(tracking, made.number, Role.CANARY, 1.5)
    assert not (store / "regulars").exists()
