"""The written settings file and docs/settings.md say what the dataclasses say."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from cli.settings import SECTIONS, section_class
from cli.settings_page import Key, keys_of, page, settings_file, summary_of, to_toml, type_in_words
from features.settings_file import read_settings

ROOT = Path(__file__).parents[2]
KEYS = [pytest.param(name, key, id=f"{name}.{key.name}") for name in SECTIONS for key in keys_of(name)]


def uncommented(text: str) -> str:
    """The file with every key set."""
    return re.sub(r"^#(?=\w+ = )", "", text, flags=re.MULTILINE)


def test_the_written_file_sets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is written, every section is as without a file."""
    path = tmp_path / "regulars.toml"
    path.write_text(settings_file(), encoding="utf-8")
    monkeypatch.setenv("REGULARS_CONFIG", str(path))
    assert list(tomllib.loads(settings_file())) == list(SECTIONS)
    assert [read_settings(name, section_class(name)) for name in SECTIONS] == [section_class(n)() for n in SECTIONS]


def test_every_key_uncommented_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key is its default, or where there is none its example, and all sections load."""
    path = tmp_path / "regulars.toml"
    path.write_text(uncommented(settings_file()), encoding="utf-8")
    monkeypatch.setenv("REGULARS_CONFIG", str(path))
    for name in SECTIONS:
        found = read_settings(name, section_class(name))
        keys = keys_of(name)
        assert {key.name for key in keys} == set(tomllib.loads(path.read_text())[name])
        defaults = {key.name: key.default for key in keys if key.default is not None}
        assert {key: getattr(found, key) for key in defaults} == defaults
        assert [key.name for key in keys if getattr(found, key.name) is None] == []


def test_every_example_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of keys with a default."""
    path = tmp_path / "regulars.toml"
    monkeypatch.setenv("REGULARS_CONFIG", str(path))
    for name in SECTIONS:
        examples = {key.name: key.example for key in keys_of(name) if key.example is not None}
        path.write_text(f"[{name}]\n" + "".join(f"{key} = {to_toml(value)}\n" for key, value in examples.items()))
        found = read_settings(name, section_class(name))
        assert [key for key in examples if getattr(found, key) == getattr(section_class(name)(), key)] == []


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_is_described(section: str, key: Key) -> None:
    """It has a meaning of its own in the docstring, and an example where it has no default."""
    assert len(key.meaning) > 10
    assert key.meaning.endswith((".", ":"))
    assert key.default is not None or key.example is not None
    assert summary_of(section).endswith(".")


def test_the_page_of_settings_is_current() -> None:
    """docs/settings.md is what the sections say; else `python -m cli.settings_page > docs/settings.md`."""
    assert (ROOT / "docs" / "settings.md").read_text() == page()


@pytest.mark.parametrize(
    "value", ["a", 'quo"te\n\\', "客户", 3, 0.5, 1e300, True, ("a", "b"), (), {"a": 1, "b c": ("x",)}, Path("a/b")]
)
def test_values_are_written_as_toml(value: Any) -> None:
    """What is read back is the value, paths as text and tuples as lists."""
    read = tomllib.loads(f"value = {to_toml(value)}")["value"]
    as_read = {Path: str, tuple: list}.get(type(value) if not isinstance(value, Path) else Path, lambda same: same)
    expected = {"a": 1, "b c": ["x"]} if isinstance(value, dict) else as_read(value)
    assert read == expected


def test_types_are_named_in_words() -> None:
    """As somebody who edits the file says it."""
    assert type_in_words(tuple[int, ...] | None) == "list of whole numbers"
    assert type_in_words(Mapping[str, tuple[str, ...]]) == "table of lists of texts"
    assert type_in_words(Literal["en", "zh"]) == "`en` or `zh`"
    assert type_in_words(float | Literal["auto"]) == "number or `auto`"
