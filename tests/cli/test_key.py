"""`regulars key`: a key that is printed once and opens what it was made for."""

from collections.abc import Callable
from pathlib import Path

from serving.runtime.api_keys import find_key, read_keys
from tests.cli.conftest import Ended

Command = Callable[..., Ended]


def test_a_key_is_printed_once(regulars: Command, tmp_path: Path) -> None:
    """It opens what it was made for; the file has its digest alone."""
    ended = regulars("key", "shop", "--keys", "keys.toml", "--scope", "score", "--scope", "customers")
    assert ended.code == 0
    secret = ended.error.splitlines()[1]
    (key,) = read_keys(tmp_path / "keys.toml")
    assert find_key([key], f"Bearer {secret}", None) == key
    assert key.scopes == {"score", "customers"}
    assert secret not in (tmp_path / "keys.toml").read_text()


def test_a_faulty_key_is_refused(regulars: Command, tmp_path: Path) -> None:
    """A name twice, a name that is none, a rate that is none: one line, and nothing is written."""
    assert regulars("key", "shop", "--keys", "keys.toml").code == 0
    before = (tmp_path / "keys.toml").read_bytes()
    for arguments in (["shop"], ["The Shop"], ["b", "--rate", "often"]):
        ended = regulars("key", *arguments, "--keys", "keys.toml")
        assert ended.code == 1
        assert len(ended.error.splitlines()) == 1
    assert regulars("key", "b", "--keys", "keys.toml", "--scope", "all").code == 2
    assert (tmp_path / "keys.toml").read_bytes() == before


def test_every_option_reaches_the_library(call_of: Callable, tmp_path: Path) -> None:
    """The file, the scopes in order and the rate are those of the key."""
    scopes = ("--scope", "page", "--scope", "metrics")
    call = call_of(
        "serving.runtime.api_keys.add_key", "key", "shop", "--keys", tmp_path / "k", *scopes, "--rate", "9/minute"
    )
    assert list(call.values()) == [tmp_path / "k", "shop", ["page", "metrics"], "9/minute", []]
    call = call_of("serving.runtime.api_keys.add_key", "key", "shop", "--keys", tmp_path / "k")
    assert list(call.values()) == [tmp_path / "k", "shop", ["score"], None, []]
    call = call_of(
        "serving.runtime.api_keys.add_key", "key", "ann", "--keys", tmp_path / "k", "--rep", "R07", "--rep", "R8"
    )
    assert list(call.values()) == [tmp_path / "k", "ann", ["plan"], None, ["R07", "R8"]]


def test_a_key_of_a_rep_is_for_plans(regulars: Command, tmp_path: Path) -> None:
    """By itself, or with the scope named among others; reps without it are refused in one line."""
    ended = regulars("key", "ann", "--keys", "keys.toml", "--rep", "R07")
    assert (ended.code, ended.error.splitlines()[-1]) == (
        0,
        "added its digest to keys.toml, allowing plan for R07 alone",
    )
    assert (
        regulars("key", "app", "--keys", "keys.toml", "--rep", "王芳", "--scope", "plan", "--scope", "score").code == 0
    )
    ann, app = read_keys(tmp_path / "keys.toml")
    assert (ann.scopes, ann.reps, app.reps) == ({"plan"}, {"R07"}, {"王芳"})
    for arguments in (["--rep", "R07", "--scope", "score"], ["--rep", ""]):
        refused = regulars("key", "b", "--keys", "keys.toml", *arguments)
        assert (refused.code, len(refused.error.splitlines())) == (1, 1)
