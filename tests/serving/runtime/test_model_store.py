"""A published version is checked before it is loaded: whole, unchanged, of these libraries and columns."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from features.errors import PublishedModelError
from features.event_words import BUILT_IN_WORDS, EventWords
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import Trust, latest_version, read_published
from serving.state import ServedModel, ServiceState
from tests.serving.failing_reads import FAILING_READS
from tests.serving.running import ROOT, put
from training.models.bundle import CARD_FILE, COMPILED_FILE, LIBRARIES, MODEL_FILE
from training.models.signature import make_key_pair, sign_version

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(served_model: ServedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BentoML home with one version."""
    folder = tmp_path_factory.mktemp("home")
    put(folder, served_model.customer_model, 1)
    return folder


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Path:
    """A copy of its model store."""
    return shutil.copytree(home / "models", tmp_path / "models")


def test_of_an_empty_store_nothing_is_the_latest_version(tmp_path: Path) -> None:
    """Neither of a folder that is not there, nor of an empty one."""
    assert latest_version(tmp_path) is None
    assert latest_version(tmp_path / "models") is None


@pytest.mark.parametrize("text", ["root:x:0:0:root:/root:/bin/sh", "../../secret", "a" * 300, "\0", "é"])
def test_what_is_no_name_is_not_repeated(store: Path, text: str) -> None:
    """Whoever can put a link into the store does not read by it what the service can read."""
    latest = store / "regulars" / "latest"
    latest.write_text(text)
    with pytest.raises(PublishedModelError) as caught:
        latest_version(store)
    assert text not in str(caught.value)
    assert str(latest) in str(caught.value)


def test_a_pipe_in_place_of_the_name_is_refused_at_once(store: Path) -> None:
    """Opening it would wait for somebody who writes."""
    latest = store / "regulars" / "latest"
    latest.unlink()
    os.mkfifo(latest)
    with pytest.raises(PublishedModelError, match="is no regular file"):
        latest_version(store)


def test_a_reading_that_fails_is_told_from_a_wrong_content(
    store: Path, tmp_path: Path, rule_state: ServiceState
) -> None:
    """Whatever could not be read, where a key is trusted too; the same version is whole when it can be."""
    key = tmp_path / "publisher.key"
    name = str(latest_version(store))
    folder, trust = store / "regulars" / name, Trust(make_key_pair(key))
    sign_version(folder, f"regulars:{name}", key, NOON)

    def refused(trust: Trust) -> ServiceState:
        with pytest.raises(PublishedModelError) as caught:
            load_model(read_published(store, name, trust))
        assert "\n" not in str(caught.value)
        return rule_state.with_refusal(caught.value)

    for each in (Trust(), trust):
        for fault, failing in FAILING_READS.items():
            if each is trust or fault != "no signature":
                with failing(folder):
                    assert refused(each).unread, fault
        assert load_model(read_published(store, name, each)).version == "1"
    with (folder / "bundle" / COMPILED_FILE).open("ab") as file:
        file.write(b" ")
    assert not refused(Trust()).unread
    assert not refused(trust).unread


@contextmanager
def another_user() -> Iterator[None]:
    """Have the process read as somebody without rights; root may read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("at", [".", "bundle", "bundle/card.json"])
def test_a_version_of_another_user_names_the_permission(store: Path, at: str) -> None:
    """With its mode and owner, and what the owner can do; publishing it again with the same umask would not help."""
    name = str(latest_version(store))
    with TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        Path(folder).chmod(0o755)
        version = shutil.copytree(store, Path(folder, "models")) / "regulars" / name
        for path in (version, *version.rglob("*")):
            path.chmod(0o755)
        closed = version / at
        mode = closed.stat().st_mode
        closed.chmod(0o000)
        with another_user(), pytest.raises(PublishedModelError) as caught:
            read_published(Path(folder, "models"), name)
        closed.chmod(mode)
    assert f"{closed} has mode 0000 and belongs to user {os.geteuid()}" in str(caught.value)
    assert f"`chmod -R go+rX {version}`" in str(caught.value)


def test_a_pipe_among_the_files_is_refused_at_once(store: Path) -> None:
    """It would be waited for without end."""
    card = bundle(store) / CARD_FILE
    card.unlink()
    os.mkfifo(card)
    with pytest.raises(PublishedModelError, match="is no regular file"):
        read_published(store, str(latest_version(store)))


def bundle(store: Path) -> Path:
    return store / "regulars" / str(latest_version(store)) / "bundle"


@pytest.mark.parametrize("file", [MODEL_FILE, COMPILED_FILE])
def test_a_changed_file_is_refused_before_it_is_read(store: Path, file: str) -> None:
    """One byte more, and its digest is another."""
    changed = bundle(store) / file
    changed.write_bytes(changed.read_bytes() + b" ")
    with pytest.raises(PublishedModelError, match=f"refused: its {file} has digest .*, expected .*publish again"):
        read_published(store, str(latest_version(store)))


@pytest.mark.parametrize("file", [MODEL_FILE, COMPILED_FILE, CARD_FILE, "../model.yaml"])
def test_a_missing_file_is_refused(store: Path, file: str) -> None:
    """Each of them is needed."""
    (bundle(store) / file).unlink()
    with pytest.raises(PublishedModelError, match="publish again"):
        read_published(store, str(latest_version(store)))


def card(store: Path, **changes: object) -> None:
    path = bundle(store) / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_no_library_matters_where_nothing_is_unpickled(store: Path) -> None:
    """The compiled form is plain numbers."""
    card(store, libraries={"scikit-learn": "0.1", "no-such-library": "3"})
    assert load_model(read_published(store, str(latest_version(store)))).version == "1"


def test_another_environment_is_refused(store: Path, served_model: ServedModel) -> None:
    """For a version that is unpickled the line names the library, what it was fitted with, and what is here."""
    put(store.parent, served_model.customer_model, 2, whole=False)
    card(store, libraries={"scikit-learn": "0.1"})
    with pytest.raises(PublishedModelError, match=r"fitted with scikit-learn 0\.1, here is \d.*: install"):
        read_published(store, str(latest_version(store)))
    card(store, libraries={"no-such-library": "3"})
    with pytest.raises(PublishedModelError, match="fitted with no-such-library 3, here is none"):
        read_published(store, str(latest_version(store)))


def test_another_patch_release_is_accepted(store: Path, served_model: ServedModel) -> None:
    """A security patch of a library does not take a version that is unpickled out of service."""
    put(store.parent, served_model.customer_model, 2, whole=False)
    card(store, libraries={name: f"{'.'.join(version(name).split('.')[:2])}.999" for name in LIBRARIES})
    assert load_model(read_published(store, str(latest_version(store)))).version == "2"


def test_other_features_are_refused(store: Path) -> None:
    """The line names what is not there."""
    card(store, feature_columns=["recency", "shoe_size"])
    with pytest.raises(PublishedModelError, match="the model reads shoe_size, which are no features here"):
        read_published(store, str(latest_version(store)))


def test_other_event_words_are_refused(store: Path) -> None:
    """The line names the word that is not known here, and the cure."""
    card(store, words=BUILT_IN_WORDS.plus(EventWords(channels={"visit": ("wechat",)}), "here").as_dict())
    with pytest.raises(
        PublishedModelError, match=r"refused: .* the word 'wechat' in channels of visit, not known here"
    ):
        read_published(store, str(latest_version(store)))


@pytest.mark.parametrize("text", ["", "[", "name: x", "!!python/name:os.system", "a: &a [*a]", "[" * 5_000, "\0"])
def test_a_broken_description_is_refused(store: Path, text: str) -> None:
    """BentoML's file too, half written or of another program: a service that starts goes on with the version before."""
    (bundle(store) / ".." / "model.yaml").write_text(text)
    with pytest.raises(PublishedModelError, match=r"is no whole version .*: publish again") as refusal:
        read_published(store, str(latest_version(store)))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[]", '{"libraries": 3, "feature_columns": []}', "{", "[" * 100_000])
def test_a_broken_card_is_refused(store: Path, text: str) -> None:
    """In one line, whatever it holds."""
    (bundle(store) / CARD_FILE).write_text(text)
    with pytest.raises(PublishedModelError, match="no card or model that can be read"):
        read_published(store, str(latest_version(store)))


def test_the_check_needs_no_heavy_library() -> None:
    """The first process of the service loads neither pandas, nor what fits models."""
    loaded = "import serving.service, sys; print({'pandas', 'sklearn', 'scipy', 'pyarrow'} & set(sys.modules))"
    assert python(loaded) == "set()"


def test_a_worker_needs_no_tool_of_training(home: Path) -> None:
    """After all is loaded and tried: no Numba, MLflow, matplotlib or DuckDB."""
    code = f"""
import sys
from importlib.metadata import version
from pathlib import Path
from serving.runtime.bento_app import make_worker_app
from serving.runtime.settings import serve_settings
app = make_worker_app(None, serve_settings(), Path({str(home / "models")!r}))
print({{'numba', 'mlflow', 'matplotlib', 'duckdb'}} & set(sys.modules))
"""
    assert python(code) == "set()"


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    """The publisher's key is trusted."""
    return Trust(make_key_pair(tmp_path / "publisher.key"))


def signed(store: Path, key: Path) -> str:
    """Sign the latest version, and return its name."""
    name = str(latest_version(store))
    sign_version(store / "regulars" / name, f"regulars:{name}", key, NOON)
    return name


def test_a_signed_version_is_read_with_the_digests_that_were_signed(store: Path, trust: Trust, tmp_path: Path) -> None:
    """And loads without a pickle."""
    name = signed(store, tmp_path / "publisher.key")
    loaded = load_model(read_published(store, name, trust))
    assert (loaded.version, loaded.signed_at) == ("1", NOON)


def test_an_old_version_that_was_put_back_is_refused(store: Path, trust: Trust, tmp_path: Path) -> None:
    """It was signed before the time from which on signatures count; signing it again lets it in."""
    name = signed(store, tmp_path / "publisher.key")
    assert read_published(store, name, trust.not_before(NOON).not_before(NOON - timedelta(days=1))).signed_at == NOON
    with pytest.raises(PublishedModelError, match=r"was signed at 2024-06-01 12:00:00.*12:00:01.* or later"):
        read_published(store, name, trust.not_before(NOON + timedelta(seconds=1)))


@pytest.mark.parametrize("file", [MODEL_FILE, COMPILED_FILE, CARD_FILE, "../model.yaml", "../figures.json"])
def test_without_the_right_signature_nothing_is_read(store: Path, trust: Trust, tmp_path: Path, file: str) -> None:
    """Neither of a version without one nor of one with a changed or new file: one line that names it."""
    with pytest.raises(PublishedModelError, match="is refused: it is not signed: publish it again with --signing-key"):
        read_published(store, str(latest_version(store)), trust)
    name = signed(store, tmp_path / "publisher.key")
    changed = bundle(store) / file
    changed.write_bytes((changed.read_bytes() if changed.exists() else b"") + b" ")
    with pytest.raises(PublishedModelError, match=f"is refused: its .*{changed.name} was .* after it was signed"):
        read_published(store, name, trust)
    with pytest.raises(PublishedModelError, match="is refused: there is no key file"):
        read_published(store, name, Trust(tmp_path / "none.pub"))


def test_a_pickle_is_loaded_only_where_it_is_allowed(
    store: Path, trust: Trust, tmp_path: Path, served_model: ServedModel
) -> None:
    """By default where no key is trusted: for models of plugins and versions of earlier releases."""
    put(store.parent, served_model.customer_model, 2, whole=False)
    name = signed(store, tmp_path / "publisher.key")
    assert read_published(store, name).needs_pickle
    for refusing in (trust, Trust(allow_pickle=False)):
        with pytest.raises(PublishedModelError, match=r"has to be unpickled.*set \[serve\] allow_pickle = true"):
            read_published(store, name, refusing)
    assert load_model(read_published(store, name, replace(trust, allow_pickle=True))).version == "2"
