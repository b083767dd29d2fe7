"""The list of erased customers: kept as keyed hashes, and never ignored when it cannot be read."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.atomic_file import atomic_write
from features.erasure.suppression import (
    KEY_FILE,
    LIST_FILE,
    Suppression,
    end_erasure,
    read_suppression,
    refused_after_erasure,
    suppress,
)
from features.errors import StoreError


def test_a_list_names_nobody_and_is_recognised(tmp_path: Path) -> None:
    """No id is in the file; the customers are recognised, others and null are not; the key is for its owner alone."""
    suppress(tmp_path, ["anna", "ben"])
    assert "anna" not in (tmp_path / LIST_FILE).read_text()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    listed = read_suppression(tmp_path)
    assert listed.rows(pa.array(["ben", None, "cleo", "anna", "ben"])).tolist() == [True, False, False, True, True]
    assert listed.has("anna")
    assert not listed.has("Anna")


def test_a_list_grows_and_keeps_its_key(tmp_path: Path) -> None:
    """Customers that are added later are beside the earlier ones; the same again change nothing."""
    first = suppress(tmp_path, ["anna"])
    second = suppress(tmp_path, ["ben"])
    assert first.key == second.key
    assert first.hashes < second.hashes
    assert suppress(tmp_path, ["anna"]) == second
    assert first.digest != second.digest


def test_two_stores_have_two_keys(tmp_path: Path) -> None:
    """So that the lists of two stores cannot be joined, unless they are given one key."""
    lists = [suppress(_made(tmp_path / name), ["anna"]) for name in "ab"]
    assert not lists[0].hashes & lists[1].hashes
    shared = [suppress(_made(tmp_path / name), ["anna"], tmp_path / "keys" / "key") for name in "cd"]
    assert shared[0].hashes == shared[1].hashes
    assert not (tmp_path / "c" / KEY_FILE).exists()


def test_a_store_without_a_list_erases_nobody(tmp_path: Path) -> None:
    """Where nobody was erased the list is empty, and so is that of a folder that is not there."""
    assert read_suppression(tmp_path / "none") == Suppression()
    assert not read_suppression(tmp_path)


@pytest.mark.parametrize("damage", ["no key", "short key", "open key", "no list"])
def test_a_list_that_cannot_be_read_is_an_error(tmp_path: Path, damage: str) -> None:
    """A log that is read without it would bring erased customers back."""
    suppress(tmp_path, ["anna"])
    if damage == "no key":
        (tmp_path / KEY_FILE).unlink()
    elif damage == "short key":
        (tmp_path / KEY_FILE).write_text("00ff\n")
    elif damage == "open key":
        (tmp_path / KEY_FILE).chmod(0o644)
    else:
        (tmp_path / LIST_FILE).write_text(json.dumps({"hashes": []}))
    with pytest.raises(StoreError, match=r"put (it|a copy of it) back"):
        read_suppression(tmp_path)


def test_another_key_is_refused(tmp_path: Path) -> None:
    """The hashes of one list have one key."""
    suppress(tmp_path, ["anna"])
    with pytest.raises(StoreError, match=r"has its key in .*suppressed\.key: leave out"):
        suppress(tmp_path, ["ben"], tmp_path / "other")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_nothing_is_put_in_place_after_an_erasure(tmp_path: Path) -> None:
    """What was there stays; who was on the list before is no reason, nor is the key needed."""
    suppress(tmp_path, ["ben"])
    end_erasure(tmp_path)

    def write(text: str, change: Callable[[Path], None]) -> None:
        with refused_after_erasure(tmp_path), atomic_write(tmp_path / "scores") as part:
            part.write_text(text)
            change(tmp_path)

    write("old", lambda store: None)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(StoreError, match="start again"):
        write("anna", suppress_elsewhere)
    assert (tmp_path / "scores").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_while_an_erasure_has_not_ended_the_store_is_not_used(tmp_path: Path) -> None:
    """Also when it was killed: the customers are on the list, and may be in the store."""
    suppress(tmp_path, ["anna"])
    assert suppress(tmp_path, ["anna"]) == read_suppression(tmp_path)
    with (
        pytest.raises(StoreError, match=rf"the erasure of 1 customer from .*, `regulars erase {tmp_path}` ends it"),
        refused_after_erasure(tmp_path),
    ):
        pass
    end_erasure(tmp_path)
    assert read_suppression(tmp_path).pending == frozenset()
    with refused_after_erasure(tmp_path):
        pass


def test_a_data_folder_that_an_erasure_took_away_is_no_damage(tmp_path: Path) -> None:
    """Without an erasure the error stays what it is."""

    def read(change: Callable[[Path], None]) -> None:
        with refused_after_erasure(tmp_path):
            change(tmp_path)
            (tmp_path / "events").read_bytes()

    with pytest.raises(FileNotFoundError):
        read(lambda store: None)
    with pytest.raises(StoreError):
        read(suppress_elsewhere)


def suppress_elsewhere(store: Path) -> None:
    (store / LIST_FILE).write_text(json.dumps({"key_file": KEY_FILE, "hashes": ["of anna"]}))
