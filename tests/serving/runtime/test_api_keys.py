"""Who may ask: keys are random, kept as digests, compared one and all, and read strictly."""

import base64
import os
import stat
from pathlib import Path

import pytest

from features.errors import ApiKeysError
from serving.runtime.api_keys import Key, KeyRing, add_key, find_key, read_keys


def test_a_key_is_said_once_and_kept_as_a_digest(tmp_path: Path) -> None:
    """The secret is long and nowhere in the file, which its owner alone may read."""
    file = tmp_path / "keys.toml"
    secret = add_key(file, "shop", ["score", "customers"], "5/second")
    other = add_key(file, "office", ["page"])
    assert len(secret) >= 43
    assert secret != other
    assert secret not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shop, office = read_keys(file)
    assert (shop.name, shop.scopes, shop.rate) == ("shop", {"score", "customers"}, "5/second")
    assert (office.name, office.scopes, office.rate) == ("office", {"page"}, None)


def test_nobody_else_can_read_the_digests_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a umask that hides nothing the file has mode 600 before its first byte, also where it exists already."""
    modes: list[tuple[int, int]] = []
    fdopen = os.fdopen

    def noting_fdopen(descriptor: int, *arguments: str) -> object:
        file = fdopen(descriptor, *arguments)
        write = file.write

        def noting_write(text: str) -> int:
            status = os.fstat(descriptor)
            modes.append((stat.S_IMODE(status.st_mode), status.st_size))
            return write(text)

        monkeypatch.setattr(file, "write", noting_write, raising=False)
        return file

    monkeypatch.setattr("serving.runtime.api_keys.os.fdopen", noting_fdopen)
    before = os.umask(0)
    try:
        add_key(tmp_path / "keys.toml", "shop", ["score"])
        (tmp_path / "keys.toml").chmod(0o644)
        add_key(tmp_path / "keys.toml", "office", ["page"])
    finally:
        os.umask(before)
    assert modes == [(0o600, 0), (0o600, 0)]
    assert stat.S_IMODE((tmp_path / "keys.toml").stat().st_mode) == 0o600


def test_a_key_is_known_in_every_way_to_present_it(tmp_path: Path) -> None:
    """As Bearer, as the password of Basic with any name, and as X-API-Key; anything else is nobody."""
    file = tmp_path / "keys.toml"
    secret, _ = add_key(file, "shop", ["score"]), add_key(file, "office", ["page"])
    keys = read_keys(file)
    basic = base64.b64encode(f"anybody:{secret}".encode()).decode()
    for authorization, api_key in ((f"Bearer {secret}", None), (f"bearer {secret}", None), (f"Basic {basic}", None)):
        assert find_key(keys, authorization, api_key) == keys[0]
    assert find_key(keys, None, secret) == keys[0]
    for nobody in (None, "", secret, f"Bearer {secret}x", "Bearer ", "Basic !!!", "Basic é", f"Digest {secret}"):
        assert find_key(keys, nobody, None) is None
    assert find_key((), f"Bearer {secret}", None) is None


def test_every_entry_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time taken does not tell which entry matched: the first match does not end the search."""
    compared = []

    def compare(one: str, other: str) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("serving.runtime.api_keys.hmac.compare_digest", compare)
    digests = ["2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", "0" * 64, "1" * 64]
    keys = [Key(f"k{at}", frozenset({"score"}), digest) for at, digest in enumerate(digests)]
    assert find_key(keys, "Bearer secret", None) == keys[0]
    assert compared == digests


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing required field `keys`"),
        ("keys = 3", "Expected `array`, got `int`"),
        ("[keys", "cannot be used as a file of keys"),
        ("extra = 1", "unknown field `extra`"),
        ('[[keys]]\nname = "Shop"\nscopes = ["score"]', r"matching regex .* - at `\$.keys\[0\].name`"),
        ('[[keys]]\nname = "shop"\nscopes = []', r"length >= 1 - at `\$.keys\[0\].scopes`"),
        ('[[keys]]\nname = "shop"\nscopes = ["all"]', r"Invalid enum value .all."),
        (
            '[[keys]]\nname = "shop"\nscopes = ["score"]\nsha256 = "abc"',
            r"matching regex .*\[0\].sha256`",
        ),
        ('[[keys]]\nname = "shop"\nscopes = ["score"]\nkey = "abc"', "unknown field `key`"),
        (f'[[keys]]\nname = "a"\nscopes = ["score"]\nsha256 = "{"0" * 64}"\nrate = "9"', "'9' is no rate"),
        (2 * f'[[keys]]\nname = "a"\nscopes = ["score"]\nsha256 = "{"0" * 64}"\n', "the name 'a' twice"),
    ],
)
def test_a_faulty_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """One line says what is wrong with it; a faulty key never lets more people in than meant."""
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(ApiKeysError, match=said):
        read_keys(file)


def test_a_name_is_made_once(tmp_path: Path) -> None:
    """A second key of one name, or a faulty one, is refused and the file stays as it was."""
    file = tmp_path / "keys.toml"
    add_key(file, "shop", ["score"])
    before = file.read_bytes()
    for name, scopes, rate in (("shop", ["score"], None), ("b", ["all"], None), ("b", ["score"], "fast")):
        with pytest.raises(ApiKeysError):
            add_key(file, name, scopes, rate)
    assert file.read_bytes() == before


def test_a_ring_follows_its_file(tmp_path: Path) -> None:
    """A key deleted from the file is taken back, and a file that cannot be used admits nobody, which is logged once."""
    file, said = tmp_path / "keys.toml", []
    ring = KeyRing(file, lambda **line: said.append(line["event"]))
    assert ring.keys == ()
    assert said == ["keys refused"]
    add_key(file, "shop", ["score"])
    ring.check()
    assert [key.name for key in ring.keys] == ["shop"]
    assert ring.refused is None
    good = file.read_bytes()
    for spoil in (lambda: file.write_text("[[keys"), lambda: file.write_text(""), file.unlink, lambda: os.mkfifo(file)):
        lines = len(said)
        spoil()
        ring.check()
        ring.check()
        assert (ring.keys, len(said)) == ((), lines + 1)
        assert "keys" in str(ring.refused)
    file.unlink()
    file.write_bytes(good)
    ring.check()
    assert [key.name for key in ring.keys] == ["shop"]
    assert ring.refused is None
    file.unlink()
    add_key(file, "office", ["page"])
    ring.check()
    assert [key.name for key in ring.keys] == ["office"]
