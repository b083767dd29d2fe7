"""The files of buckets: facts of all together, and buckets that stay as they are in the next generation."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.feature_table import feature_table
from features.schema import WORDS
from features.store.bucket_files import FACTS, facts_of_buckets, joint_facts
from features.store.bucket_numbers import bucket_numbers
from features.store.event_store import EventStore, open_store
from features.store.generations import generations, rollback
from features.store.writer import StoreWriter, write_store
from tests.features.logs import KIND, Event, Log, batch, logs, same_bits, shelved

BUCKETS = 4
FIRST = [Event(name, 5 + number, KIND["purchase"], cents=100) for number, name in enumerate("abcdefgh")]


def added(path: Path, *events: Event, **options: Any) -> EventStore:
    with StoreWriter(path, timezone="UTC", digest="2", existing="append", buckets=1) as writer:
        writer.add(batch(events, "UTC"))
        writer.write_columns(**options)
        writer.commit()
    return open_store(path)


def inodes(store: EventStore) -> list[dict[str, int]]:
    """The files of each bucket."""
    return [{file.name: file.stat().st_ino for file in bucket.store.folder.iterdir()} for bucket in store.buckets]


@settings(max_examples=20, deadline=None)
@given(logs(max_size=25), st.integers(2, 20))
def test_facts_of_all_buckets_are_those_of_the_store(log: Log, buckets: int) -> None:
    """Of buckets without any event too."""
    one, several = (shelved(log, buckets=number).manifest for number in (1, buckets))
    assert {name: several.get(name) for name in FACTS} == {name: one.get(name) for name in FACTS}
    assert joint_facts(facts_of_buckets(several)) == joint_facts(facts_of_buckets(one))


def test_an_addition_rewrites_the_buckets_that_it_touches(tmp_path: Path) -> None:
    """The other files are those of the generation before, and stay when that is removed."""
    before = write_store(tmp_path / "store", [batch(FIRST, "UTC")], timezone="UTC", digest="1", buckets=BUCKETS)
    old = inodes(before)
    store = added(tmp_path / "store", Event("a", 90, KIND["purchase"], cents=5))
    [touched] = bucket_numbers(store.customer_ids.slice(0, 1), BUCKETS).tolist()
    assert [bucket == kept for bucket, kept in zip(inodes(store), old, strict=True)] == [
        number != touched for number in range(BUCKETS)
    ]
    assert store.n_events == len(FIRST) + 1
    whole = shelved([batch([*FIRST, Event("a", 90, KIND["purchase"], cents=5)], "UTC")])
    same_bits(feature_table(store, "2024-01-01"), feature_table(whole, "2024-01-01"))
    shutil.rmtree(before.folder)
    same_bits(feature_table(open_store(tmp_path / "store"), "2024-01-01"), feature_table(whole, "2024-01-01"))


def test_a_rollback_goes_back_in_all_buckets(tmp_path: Path) -> None:
    """One manifest names them."""
    write_store(tmp_path / "store", [batch(FIRST, "UTC")], timezone="UTC", digest="1", buckets=BUCKETS)
    store = added(tmp_path / "store", *(event._replace(time=99) for event in FIRST))
    assert (store.n_events, len(generations(tmp_path / "store"))) == (2 * len(FIRST), 2)
    rollback(tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert (store.n_events, len(store.buckets)) == (len(FIRST), BUCKETS)


def test_without_links_unchanged_buckets_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on file systems that have none."""

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    write_store(tmp_path / "store", [batch(FIRST, "UTC")], timezone="UTC", digest="1", buckets=BUCKETS)
    assert added(tmp_path / "store", Event("a", 90, KIND["purchase"], cents=5)).n_events == len(FIRST) + 1


@pytest.mark.parametrize("buckets", [1, BUCKETS])
def test_nothing_new_is_written_on_request_as_links(buckets: int, tmp_path: Path) -> None:
    """A generation of the same events, with files of its own beside them."""
    before = write_store(tmp_path / "store", [batch(FIRST, "UTC")], timezone="UTC", digest="1", buckets=buckets)
    store = added(tmp_path / "store", FIRST[0], even_unchanged=True)
    assert store.folder != before.folder
    arrays = [{name: file for name, file in bucket.items() if name.endswith("y")} for bucket in inodes(store)]
    assert arrays == [{name: file for name, file in bucket.items() if name.endswith("y")} for bucket in inodes(before)]


def test_buckets_with_codes_of_other_words_are_rewritten(tmp_path: Path) -> None:
    """Linked to, they would be misread under the words of the new manifest."""
    store = write_store(tmp_path / "store", [batch(FIRST, "UTC")], timezone="UTC", digest="1", buckets=BUCKETS)
    words = WORDS.as_dict()
    fewer = {
        name: listed[1:] if name == "types" else {key: listed[key] for key in listed if key != words["types"][0]}
        for name, listed in words.items()
        if name != "amounts"
    }
    fewer["amounts"] = [name for name in words["amounts"] if name != words["types"][0]]
    (tmp_path / "store" / "manifest.json").write_text(json.dumps(dict(store.manifest) | {"words": fewer}))
    code = KIND["purchase"] + 1
    assert set(open_store(tmp_path / "store").columns["kind"].tolist()) == {code}
    assert set(added(tmp_path / "store", FIRST[0]._replace(time=99, kind=code)).columns["kind"].tolist()) == {code}


def test_the_files_that_name_customers_are_listed(tmp_path: Path) -> None:
    """Of each bucket too."""
    store = write_store(tmp_path / "store", [batch(FIRST, "UTC")], timezone="UTC", digest="1", buckets=2)
    names = ["bucket-000/customers.arrow", "bucket-001/customers.arrow", "customers.arrow"]
    assert store.manifest["customer_files"] == names
