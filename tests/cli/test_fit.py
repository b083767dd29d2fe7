"""`regulars fit`: a short log is refused, and every option is passed on."""

from collections.abc import Callable
from pathlib import Path


def test_a_log_too_short_to_fit_is_one_line(regulars: Callable, store: Path, tmp_path: Path) -> None:
    """The error says how long the log is and how long it must be."""
    ended = regulars("fit", store, "--home", tmp_path / "var", "--quick")
    assert ended.code == 1
    assert "a fit needs at least" in ended.error
    assert ended.error.strip().count("\n") == 0


def test_every_option_reaches_the_library(
    call_of: Callable, store: Path, tmp_path: Path, formula: Path, monkeypatch
) -> None:
    """Home, formula, --quick, --seed, --as-of and --candidate are those of `training.fit_challenger.fit_challenger`."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = tmp_path / "home"
    arguments = ("--home", home, "--formula", formula, "--quick", "--seed", 3)
    past = ("--as-of", "2024-03-01", "--candidate", "bold", "--candidate", "own_rate")
    call = call_of("training.fit_challenger.fit_challenger", "fit", store, *arguments, *past)
    assert str(home) in call["tracking"].place
    assert (call["formula"].version, call["quick"], call["seed"]) == ("ours-7", True, 3)
    assert (call["as_of"], call["only"]) == ("2024-03-01", ["bold", "own_rate"])
    call = call_of("training.fit_challenger.fit_challenger", "fit", store, "--home", home)
    assert (call["formula"].version, call["quick"], call["seed"]) == ("2", False, 0)
    assert (call["as_of"], list(call["only"])) == (None, [])
