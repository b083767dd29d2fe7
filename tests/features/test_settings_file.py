"""The settings file: what is read, what stands above what, and the one line of every mistake."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from features import settings_file
from features.errors import InvalidArgumentError, SettingsFileError
from features.settings_file import check_file, config_path, raw_section, read_settings


@dataclass(frozen=True)
class Settings:
    """A section with a key of every type that there is."""

    count: int = 3
    share: float = 0.5
    name: str = "a"
    on: bool = False
    limit: float | None = None
    language: Literal["en", "zh"] = "en"
    file: Path | None = None
    horizons: tuple[int, ...] = (30, 90)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ridges: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidArgumentError(f"count is {self.count}, expected at least 1")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file in use, empty at first."""
    path = tmp_path / "regulars.toml"
    path.touch()
    monkeypatch.setenv("REGULARS_CONFIG", str(path))
    return path


def message(section: str = "trials") -> str:
    """The line of the error that reading a section ends with."""
    with pytest.raises(SettingsFileError) as error:
        read_settings(section, Settings)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_type_is_read(config: Path) -> None:
    """Numbers, words, paths, lists and tables become what the dataclass says; a path is relative to the file."""
    config.write_text(
        'count = 5\nshare = 1\nname = "b"\non = true\nlimit = 2\nlanguage = "zh"\nfile = "a/b.csv"\nhorizons = [7]\n'
        'ridges = {bold = 300, standard = 1.5}\n[trials.words]\nvisit = ["phone", "wechat"]\n'.replace(
            "count", "[trials]\ncount", 1
        )
    )
    expected = Settings(
        *(5, 1.0, "b", True, 2.0, "zh", config.parent / "a/b.csv", (7,)),
        {"visit": ("phone", "wechat")},
        {"bold": 300.0, "standard": 1.5},
    )
    settings = read_settings("trials", Settings)
    assert settings == expected
    assert isinstance(settings.share, float)


def test_without_a_file_there_are_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file nor a section is needed; an empty REGULARS_CONFIG hides the file of the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGULARS_CONFIG", raising=False)
    assert config_path() is None
    assert read_settings("trials", Settings) == Settings()
    Path("regulars.toml").write_text("[trials]\ncount = 9\n")
    assert config_path() == Path("regulars.toml")
    assert read_settings("trials", Settings).count == 9
    assert read_settings("fit", Settings) == Settings()
    monkeypatch.setenv("REGULARS_CONFIG", "")
    assert config_path() is None
    assert read_settings("trials", Settings) == Settings()


def test_the_environment_stands_above_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each type can be set by a variable: a list with commas or as in TOML, a table as in TOML; empty sets nothing."""
    config.write_text("[trials]\ncount = 5\nname = 'file'\n")
    variables = {
        **{"COUNT": "6", "SHARE": "0.25", "NAME": "", "ON": "true", "LIMIT": "3", "LANGUAGE": "zh", "FILE": "x.csv"},
        **{"HORIZONS": "7, 14", "WORDS": '{visit = ["wechat"]}', "RIDGES": "{bold = 300}"},
    }
    for key, value in variables.items():
        monkeypatch.setenv(f"REGULARS_TRIALS_{key}", value)
    expected = Settings(
        6, 0.25, "file", True, 3.0, "zh", Path("x.csv"), (7, 14), {"visit": ("wechat",)}, {"bold": 300.0}
    )
    assert read_settings("trials", Settings) == expected
    monkeypatch.setenv("REGULARS_TRIALS_HORIZONS", "[21]")
    assert read_settings("trials", Settings).horizons == (21,)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[trials]\ncuont = 5", ["[trials]: unknown key 'cuont'", "did you mean 'count'?", "There are count, share"]),
        ("[trials]\nzzz = 5", ["unknown key 'zzz': There are count"]),
        ("[trails]\ncount = 5", ["unknown section 'trails'", "did you mean 'trials'?", "There are store, "]),
        ("count = 5", ["unknown section 'count'"]),
        ("trials = 5", ["trials is 5, expected a section: write [trials]"]),
        ("[[trials]]\ncount = 5", ["trials is [{'count': 5}], expected a section"]),
        ("[trials]\ncount = '5'", ["[trials] count is '5': expected a whole number, found text"]),
        ("[trials]\ncount = 5.5", ["[trials] count is 5.5: expected a whole number, found a number"]),
        ("[trials]\ncount = true", ["[trials] count is True: expected a whole number, found true or false"]),
        ("[trials]\ncount = 2024-01-01", ["[trials] count is ", "expected a whole number, found a date"]),
        ("[trials]\nname = 5", ["[trials] name is 5: expected text, found a whole number"]),
        ("[trials]\non = 1", ["[trials] on is 1: expected true or false, found a whole number"]),
        ("[trials]\nshare = nan", ["[trials] share is nan: expected a number"]),
        ("[trials]\nlimit = 'x'", ["[trials] limit is 'x': expected a number, found text"]),
        ("[trials]\nlanguage = 'fr'", ["[trials] language is 'fr': expected one of en, zh"]),
        ("[trials]\nlanguage = 3", ["[trials] language is 3: expected one of en, zh"]),
        ("[trials]\nfile = 3", ["[trials] file is 3: expected the path of a file"]),
        ("[trials]\nfile = ''", ["[trials] file is '': expected the path of a file"]),
        ("[trials]\nhorizons = 30", ["[trials] horizons is 30: expected a list, found a whole number"]),
        (
            "[trials]\nhorizons = [30, 'x']",
            ["[trials] horizons is [30, 'x']: expected a whole number, found text in [1]"],
        ),
        ("[trials]\nwords = ['x']", ["[trials] words is ['x']: expected a table, found a list"]),
        ("[trials]\nwords = {visit = 'x'}", ["[trials] words is {'visit': 'x'}: expected a list, found text"]),
        ("[trials]\nridges = {bold = nan}", ["[trials] ridges is {'bold': nan}: expected a number"]),
        ("[trials]\ncount = 0", ["[trials]: count is 0, expected at least 1"]),
        ("[trials", ["not TOML: "]),
        ("[trials]\ncount = 1\ncount = 2", ["not TOML: Cannot overwrite a value"]),
    ],
)
def test_each_mistake_of_a_file_is_one_line(config: Path, text: str, parts: list[str]) -> None:
    """The line names the file, the section, the key, what was found and what was expected."""
    config.write_text(text)
    line = message()
    assert line.startswith(f"{config}: ")
    assert [part for part in parts if part not in line] == [], line


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("COUNT", "many", "REGULARS_TRIALS_COUNT is 'many': expected a whole number, found text"),
        ("COUNT", "0", "REGULARS_TRIALS_COUNT: count is 0, expected at least 1"),
        ("ON", "maybe", "REGULARS_TRIALS_ON is 'maybe': expected true or false, found text"),
        ("SHARE", "nan", "REGULARS_TRIALS_SHARE is 'nan': expected a number"),
        ("LANGUAGE", "fr", "REGULARS_TRIALS_LANGUAGE is 'fr': expected one of en, zh"),
        ("HORIZONS", "30,x", "REGULARS_TRIALS_HORIZONS is ['30', 'x']: expected a whole number, found text in [1]"),
        ("HORIZONS", "[30", "REGULARS_TRIALS_HORIZONS is '[30': expected a list like [1, 2]"),
        ("RIDGES", "bold", "REGULARS_TRIALS_RIDGES is 'bold': expected a table like {name = 1}"),
        ("CUONT", "5", "REGULARS_TRIALS_CUONT: unknown setting 'cuont': did you mean 'count'? There are count, "),
    ],
)
def test_each_mistake_of_a_variable_is_one_line(
    config: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    """The line names the variable."""
    monkeypatch.setenv(f"REGULARS_TRIALS_{variable}", value)
    assert message().startswith(expected)


def test_a_refusal_of_the_dataclass_names_all_that_set_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file and a variable both set keys, either may be at fault, so both are named."""
    config.write_text("[trials]\nshare = 1\n")
    monkeypatch.setenv("REGULARS_TRIALS_COUNT", "0")
    assert message() == f"{config}: [trials], REGULARS_TRIALS_COUNT: count is 0, expected at least 1"


@pytest.mark.parametrize("content", [None, b"[trials]\nname = '\xff'\n", "folder"])
def test_a_file_that_cannot_be_read_is_named(config: Path, content: bytes | str | None) -> None:
    """A file that is absent, no text or a folder is an error: it was asked for by name."""
    config.unlink()
    if isinstance(content, bytes):
        config.write_bytes(content)
    elif content:
        config.mkdir()
    assert message().startswith(f"{config}: ")
    with pytest.raises(SettingsFileError):
        check_file()


def test_a_file_with_a_byte_order_mark_is_read(config: Path) -> None:
    """Some editors begin a file with the mark."""
    config.write_text("\ufeff[trials]\ncount = 7\n", encoding="utf-8")
    assert read_settings("trials", Settings).count == 7


def test_a_changed_file_is_read_anew_and_its_copy_is_the_callers(config: Path) -> None:
    """The cache follows the file, and what a caller does to a section changes nothing for the next."""
    config.write_text("[trials]\nhorizons = [7]\n")
    raw_section("trials")["horizons"].append(8)
    assert raw_section("trials") == {"horizons": [7]}
    config.write_text("[trials]\nhorizons = [7, 14]\n")
    assert read_settings("trials", Settings).horizons == (7, 14)


def test_the_file_is_parsed_once(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a second section costs no second parse."""
    config.write_text("[trials]\ncount = 7\n")
    raw_section("trials")
    monkeypatch.setattr(settings_file.tomllib, "loads", lambda text: pytest.fail("parsed again"))
    assert raw_section("fit") == {}


def test_no_section_begins_like_another() -> None:
    """Otherwise a variable could stand for keys of two sections."""
    prefixes = [f"{name}_" for name in settings_file.SECTIONS]
    assert [(a, b) for a in prefixes for b in prefixes if a != b and a.startswith(b)] == []
