"""Keys come from files that their owner alone can read, or from the environment; none is ever shown."""

import os
from pathlib import Path

import pytest

from features.encryption.parquet_keys import KEY_VARIABLE, MasterKeys, configured_keys, key_name
from features.errors import SettingsError

KEY, OTHER = bytes(range(32)), bytes(32)


def key_file(path: Path, key: bytes = KEY, mode: int = 0o600) -> Path:
    path.write_text(key.hex() + "\n")
    path.chmod(mode)
    return path


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file of this process."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv("REGULARS_CONFIG", str(tmp_path / "regulars.toml"))
    (tmp_path / "regulars.toml").write_text("")
    return tmp_path / "regulars.toml"


def test_without_a_setting_there_is_no_key(settings: Path) -> None:
    """Files are then plain."""
    assert configured_keys() == ()


def test_the_first_key_writes(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the environment stands above the file's; older ones still read."""
    key_file(settings.with_name("new.key"))
    key_file(settings.with_name("old.key"), OTHER)
    settings.write_text('[encryption]\nkey_file = "new.key"\nolder_key_files = ["old.key"]\n')
    assert configured_keys() == ((key_name(KEY), KEY), (key_name(OTHER), OTHER))
    monkeypatch.setenv(KEY_VARIABLE, OTHER.hex())
    assert configured_keys()[0] == (key_name(OTHER), OTHER)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (None, 0o600, "No such file or directory"),
        ("00ff", 0o600, "2 bytes, expected 32"),
        ("no hex", 0o600, "non-hexadecimal"),
        (KEY.hex(), 0o644, "others than its owner have access"),
    ],
)
def test_a_file_that_is_no_key_is_refused(settings: Path, text: str | None, mode: int, said: str) -> None:
    """In one line, which names the file and how to make a key, and shows no part of it."""
    if text is not None:
        settings.with_name("a.key").write_text(text)
        settings.with_name("a.key").chmod(mode)
    settings.write_text('[encryption]\nkey_file = "a.key"\n')
    with pytest.raises(SettingsError, match=said) as refused:
        configured_keys()
    assert "openssl rand -hex 32" in str(refused.value)
    assert KEY.hex() not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["secret", KEY.hex()[:-2]])
def test_a_variable_that_is_no_key_is_refused(settings: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Without its value."""
    monkeypatch.setenv(KEY_VARIABLE, text)
    with pytest.raises(SettingsError, match="is not 32 bytes in hex") as refused:
        configured_keys()
    assert text not in str(refused.value)


def test_older_keys_need_one_to_write_with(settings: Path) -> None:
    """Else new files would be plain beside encrypted ones."""
    settings.write_text('[encryption]\nolder_key_files = ["old.key"]\n')
    with pytest.raises(SettingsError, match="no key_file"):
        configured_keys()


def test_a_data_key_is_unwrapped_by_its_master_alone() -> None:
    """Another master, and a changed byte, are told apart."""
    masters, data_key = MasterKeys({"a": KEY, "b": OTHER}), os.urandom(32)
    wrapped = masters.wrap_key(data_key, "a")
    assert data_key not in wrapped
    assert masters.unwrap_key(wrapped, "a") == data_key
    with pytest.raises(SettingsError, match="was changed"):
        masters.unwrap_key(wrapped, "b")
    with pytest.raises(SettingsError, match="needs the key c, found a, b"):
        masters.unwrap_key(wrapped, "c")
