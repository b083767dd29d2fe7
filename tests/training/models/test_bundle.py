"""The bundle: a card comes back as it was written, and a release is major.minor."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from features.atomic_file import file_digest
from features.errors import ModelError
from features.event_words import BUILT_IN_WORDS, EventWords
from tests.training.stand_in import customer_model
from training.models.bundle import CARD_FILE, LIBRARIES, MODEL_FILE, Card, model_digest, other_releases

ROOT = Path(__file__).parents[3]


def test_a_card_comes_back_as_it_was_written(tmp_path):
    """Sequences are tuples again, so that the two compare equal."""
    card = customer_model().card
    card.write(tmp_path)
    assert Card.read(tmp_path) == card


def test_facts_that_a_later_version_adds_are_ignored(tmp_path):
    """A card with one more fact can still be read."""
    card = customer_model().card
    card.write(tmp_path)
    path = tmp_path / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shoe_sizes": 10}))
    assert Card.read(tmp_path) == card


def test_a_card_of_before_has_the_built_in_words_and_the_scale_of_then(tmp_path):
    """It names neither; the model's own card, unpickled, has neither as well."""
    card = customer_model().card
    card.write(tmp_path)
    path = tmp_path / CARD_FILE
    facts = json.loads(path.read_text())
    del facts["words"], facts["rating_maximum"]
    path.write_text(json.dumps(facts))
    read = Card.read(tmp_path)
    assert (read.words, read.rating_maximum) == (BUILT_IN_WORDS, 10.0)
    unpickled = object.__new__(Card)
    unpickled.__dict__.update({name: value for name, value in vars(card).items() if name in facts})
    assert (unpickled.words, unpickled.rating_maximum) == (BUILT_IN_WORDS, 10.0)
    unpickled.require_known_words()


def test_words_that_are_not_known_here_are_named_with_the_cure():
    """A model of a channel that this installation has not, and of an order that it has not."""
    words = BUILT_IN_WORDS.plus(EventWords(channels={"visit": ("wechat",)}), "here")
    with pytest.raises(ModelError, match=r"the word 'wechat' in channels of visit, not known here: add it"):
        replace(customer_model().card, words=words).require_known_words()
    turned = EventWords(BUILT_IN_WORDS.types[::-1])
    with pytest.raises(ModelError, match=r"types in the order feedback, .*, or fit a version with the words of today"):
        replace(customer_model().card, words=turned).require_known_words()


def test_a_package_that_is_missing_is_named(tmp_path):
    """Where words or columns are unknown, with the packages of the card that are not installed."""
    card = replace(customer_model().card, feature_columns=("T", "trips"), plugins=("numpy 1.0", "acme-trips 2.1"))
    card.write(tmp_path)
    card = Card.read(tmp_path)
    card.require_known_columns(["recency", "T", "trips"])
    with pytest.raises(ModelError, match=r"reads trips, which .*again \(it was fitted with acme-trips 2\.1, not inst"):
        card.require_known_columns(["T"])
    unknown = replace(card, words=replace(card.words, types=(*card.words.types, "trip")))
    with pytest.raises(ModelError, match=r"event type 'trip', not known here.* \(it was fitted with acme-trips 2\.1, "):
        unknown.require_known_words()


def test_another_rating_scale_is_named_with_the_cure():
    """The scale of the store is that of the card, or it is refused."""
    card = replace(customer_model().card, rating_maximum=5.0)
    card.require_rating_scale(5.0)
    with pytest.raises(ModelError, match=r"ratings up to 5, the store has ratings up to 10: fit a version"):
        card.require_rating_scale(10.0)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", "{}", "null", "[" * 100_000])
def test_a_file_that_is_not_a_card_is_an_error_of_one_line(tmp_path, text):
    """Missing, not JSON, or without the facts."""
    if text is not None:
        (tmp_path / CARD_FILE).write_text(text)
    with pytest.raises(ModelError, match=r"card\.json is not the card of a model .*: publish it again") as error:
        Card.read(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("libraries", 3),
        ("horizons", None),
        ("feature_columns", 1.5),
        ("words", 3),
        ("rating_maximum", "high"),
        ("rating_maximum", 10**400),
    ],
)
def test_a_fact_of_the_wrong_kind_is_an_error(tmp_path, name, value):
    """A number in the place of a list or a mapping."""
    customer_model().card.write(tmp_path)
    path = tmp_path / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(ModelError, match="is not the card of a model"):
        Card.read(tmp_path)


def test_the_digest_is_that_of_the_model_file(tmp_path):
    """Neither the card nor another file changes it."""
    saved = customer_model().save(tmp_path)
    (tmp_path / CARD_FILE).write_text("{}")
    assert saved == model_digest(tmp_path) == file_digest(tmp_path / MODEL_FILE)


def test_the_installed_libraries_are_the_same_release():
    """Whatever their patch version is."""
    installed = {library: version(library) for library in LIBRARIES}
    patched = {library: ".".join([*number.split(".")[:2], "999"]) for library, number in installed.items()}
    major = {library: number.split(".")[0] for library, number in installed.items()}
    assert other_releases(installed) == other_releases(patched) == other_releases(major) == other_releases({}) == []


def test_another_minor_or_major_version_is_another_release():
    """Each such library is named with both versions; one that is not installed has none."""
    major, minor, *_ = version("numpy").split(".")
    libraries = {"numpy": f"{major}.{int(minor) + 1}.0", "scipy": "0.1", "no-such": "2.0", "pandas": version("pandas")}
    assert other_releases(libraries) == [
        ("numpy", f"{major}.{int(minor) + 1}.0", version("numpy")),
        ("scipy", "0.1", version("scipy")),
        ("no-such", "2.0", None),
    ]


def test_the_module_loads_no_large_library():
    """Serving reads it in its first process, which must start fast."""
    heavy = {"numpy", "pandas", "scipy", "sklearn", "joblib"}
    command = [sys.executable, "-c", f"import sys, training.models.bundle; print({heavy} & set(sys.modules))"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
