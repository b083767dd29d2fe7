"""Opening a store returns what was written; a missing or damaged store is refused in one line."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from features.errors import StoreError
from features.schema import RATING_MAXIMUM, WORDS
from features.store import event_store as store_module
from features.store.event_store import SCHEMA_VERSION, EventStore, is_store, open_store
from features.store.settings import StoreSettings
from features.store.writer import write_store
from tests.features.logs import KIND, Event, batch

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = [Event(c, 10 * n, KIND["purchase"], cents=n, known_from=0) for n, c in enumerate("abca")]
    write_store(tmp_path / "store", [batch(log, "Europe/London")], timezone="Europe/London", digest="d1")
    return tmp_path / "store"


def test_what_was_written_is_read(path: Path) -> None:
    """Events by customer, with the zone and what else the manifest holds; columns cannot be written to."""
    assert is_store(path)
    store = open_store(path)
    assert store.timezone == "Europe/London"
    assert store.recorded
    assert store.manifest["digest"] == "d1"
    assert store.customer_ids.to_pylist() == ["a", "b", "c"]
    assert store.offsets.tolist() == [0, 2, 3, 4]
    assert store.columns["cents"].tolist() == [0, 3, 1, 2]
    assert len(store.event_columns()) == len(store.columns)
    with pytest.raises(ValueError, match="read-only"):
        store.columns["cents"][0] = 1


@pytest.mark.parametrize("name", ["nothing", "file", "folder"])
def test_no_store(tmp_path: Path, name: str) -> None:
    """Where there is no store the message says how to make one."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert not is_store(tmp_path / name)
    with pytest.raises(StoreError, match="holds no event store: make one with `regulars ingest"):
        open_store(tmp_path / name)


def test_a_store_of_another_version(path: Path) -> None:
    """Both versions are named."""
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps(manifest | {"schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(StoreError, match=f"schema {SCHEMA_VERSION + 1}, this version reads {SCHEMA_VERSION}"):
        open_store(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 1}'])
def test_a_damaged_manifest(path: Path, text: str) -> None:
    """What is wrong is said, and what to do."""
    (path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"is damaged .*: ingest the log again"):
        open_store(path)


@pytest.mark.parametrize("name", ["time.npy", "offsets.npy", "customers.arrow", "known_until.npy"])
@pytest.mark.parametrize("left", [None, 0, 60, 130])
def test_a_damaged_file(path: Path, name: str, left: int | None) -> None:
    """So it is when a file of the store is gone, empty, or cut off."""
    file = open_store(path).folder / name
    content = file.read_bytes()
    file.unlink()
    if left is not None:
        file.write_bytes(content[:left])
    with pytest.raises(StoreError, match=r"is damaged .*: ingest the log again"):
        open_store(path)


def test_a_store_replaced_while_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read the manifest just before a writer cleared its folder away gets the new store."""
    opened = store_module._opened

    def too_late(folder: Path, manifest: Mapping[str, Any]) -> EventStore:
        monkeypatch.setattr(store_module, "_opened", opened)
        for _ in range(StoreSettings.generations):
            write_store(path, [batch([], "UTC")], timezone="UTC", digest="d2")
        assert not folder.exists()
        return opened(folder, manifest)

    monkeypatch.setattr(store_module, "_opened", too_late)
    assert open_store(path).manifest["digest"] == "d2"


# Event words

BEFORE = {"types": ["deposit", "loan"], "channels": {"visit": ["wechat"], "loan": ["branch", "app"]}}
EVENTS = """customer_id,event_time,event_type,amount,channel
a,2024-01-01,purchase,5,
a,2024-01-02,visit,,wechat
a,2024-01-02,visit,,email
b,2024-01-03,deposit,7,
b,2024-01-03,loan,,app
b,2024-01-04,incentive,,points
"""
COUNTS = {"purchase": 1, "visit wechat": 1, "visit email": 1, "deposit": 1, "loan app": 1, "incentive points": 1}
OPEN = """
import collections, json, sys
from features.errors import StoreError
from features.schema import EVENT_TYPES
from features.store.event_store import open_store
from features.store.layout import CODED_WORDS
try:
    store = open_store(sys.argv[1])
except StoreError as error:
    sys.exit(str(error))
counts = collections.Counter()
for kind, channel in zip(store.columns["kind"].tolist(), store.columns["channel"].tolist()):
    name = EVENT_TYPES[kind]
    counts[f"{name} {CODED_WORDS['channel'][name][channel]}" if channel != 255 else name] += 1
print(json.dumps(counts))
"""
INGEST = "import sys; from features.ingestion.ingest import ingest; ingest(sys.argv[2], sys.argv[1])"


def python(code: str, folder: Path, words: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run code in a process whose settings file has these event words, with the store and the log as arguments."""
    lists = {name: by_type for name, by_type in words.items() if isinstance(by_type, dict)}
    lines = ["[events]", *(f"{name} = {listed}" for name, listed in words.items() if name not in lists)]
    for name, by_type in lists.items():
        lines += [f"[events.{name}]", *(f"{event_type} = {listed}" for event_type, listed in by_type.items())]
    (folder / "words.toml").write_text("\n".join(lines).replace("'", '"'))
    command = [sys.executable, "-c", code, str(folder / "store"), str(folder / "log.csv")]
    environment = os.environ | {"REGULARS_CONFIG": str(folder / "words.toml")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of a firm's own event words."""
    folder = tmp_path_factory.mktemp("firm")
    (folder / "log.csv").write_text(EVENTS)
    made = python(INGEST, folder, BEFORE)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.parametrize(
    "words",
    [
        BEFORE,
        BEFORE | {"types": ["deposit", "loan", "trip"]},
        BEFORE | {"types": ["trip", "deposit", "ticket", "loan"]},
        BEFORE | {"channels": {"visit": ["fax", "wechat"], "loan": ["branch", "web", "app"]}},
        BEFORE | {"outcomes": {"loan": ["paid"]}, "goals": {"visit": ["fun"]}},
    ],
    ids=["equal", "added", "inserted", "words inserted", "other lists"],
)
def test_a_store_is_read_with_more_words_than_it_has(installation: Path, words: Mapping[str, Any]) -> None:
    """Wherever words were put in since, each event keeps its own: a purchase stays a purchase."""
    found = python(OPEN, installation, words)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == COUNTS


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "store has the event type 'deposit' and 1 more, not known here: add it to [events] in regulars.toml"),
        (BEFORE | {"types": ["loan", "deposit"]}, "deposit, loan, here visit, incentive, usage, purchase, return"),
        (BEFORE | {"channels": {"loan": ["branch", "app"]}}, "has the word 'wechat' in channels of visit, not known"),
        (
            BEFORE | {"channels": {"visit": ["wechat"], "loan": ["app", "branch"]}},
            "has channels of loan in the order branch, app, here app, branch: put them into that order in [events] of",
        ),
        (BEFORE | {"channels": {"visit": ["wechat"]}}, "has the word 'branch' in channels of loan and 1 more"),
    ],
    ids=["none", "turned", "removed", "channels turned", "list removed"],
)
def test_a_store_whose_words_cannot_be_read_is_refused(
    installation: Path, words: Mapping[str, Any], message: str
) -> None:
    """The line names the word or the order, and what to do."""
    found = python(OPEN, installation, words)
    assert found.returncode == 1
    assert message in found.stderr
    assert found.stderr.rstrip().endswith("or ingest the log again with --replace")
    assert found.stderr.count("\n") == 1


def test_a_store_without_words_has_the_built_in_ones(path: Path) -> None:
    """It was written before there were others; its ratings go to the default maximum."""
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest.pop("words") == json.loads(json.dumps(WORDS.as_dict()))
    assert manifest.pop("rating_maximum") == RATING_MAXIMUM
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert open_store(path).columns["kind"].tolist() == [KIND["purchase"]] * 4
    assert open_store(path).rating_maximum == RATING_MAXIMUM


@pytest.mark.parametrize("words", [3, {"types": [1]}, {"shoes": []}, {"types": ["Visit"]}])
def test_damaged_words(path: Path, words: object) -> None:
    """What is wrong is said, and what to do."""
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps(manifest | {"words": words}))
    with pytest.raises(StoreError, match=r"is damaged .*: ingest the log again"):
        open_store(path)
