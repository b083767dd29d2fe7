"""The formula of the settings: a file, and maxima whose change its version tells."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import FormulaError, InvalidArgumentError
from features.loyalty.formula import Maxima, load_formula
from features.loyalty.formula_settings import FormulaSettings, formula_of_settings


def test_without_settings_it_is_the_one_that_comes_along() -> None:
    """Equal in all, its version too."""
    assert formula_of_settings(FormulaSettings()) == load_formula()
    assert not FormulaSettings().chosen


def test_maxima_of_the_settings_stand_above_those_of_the_file() -> None:
    """All else stays, and the version tells what was changed."""
    chosen = FormulaSettings(part_maxima={"visits": 3, "amount": 5000}, index_maxima={"satisfaction": 5})
    formula, base = formula_of_settings(chosen), load_formula()
    assert chosen.chosen
    assert (formula.part("amount").maximum, formula.part("visits").maximum) == (5000, 3)
    assert formula.maxima == Maxima(satisfaction=5)
    assert formula.version == "2:parts.amount.maximum=5000,parts.visits.maximum=3,maxima.satisfaction=5"
    assert replace(formula, version=base.version, parts=base.parts, maxima=base.maxima) == base
    assert [part.name for part in formula.parts] == [part.name for part in base.parts]


def test_a_file_of_the_settings_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path is relative to the settings file."""
    text = Path(load_formula.__globals__["__file__"]).with_name("formula.toml").read_text()
    (tmp_path / "ours.toml").write_text(text.replace('version = "2"', 'version = "ours"'))
    (tmp_path / "regulars.toml").write_text('[formula]\nfile = "ours.toml"\n')
    monkeypatch.setenv("REGULARS_CONFIG", str(tmp_path / "regulars.toml"))
    assert formula_of_settings().version == "ours"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"part_maxima": {"amuont": 5}}, "parts: found 'amuont', expected one of purchases, amount"),
        ({"part_maxima": {"amount": 0}}, "parts.amount.maximum: found 0"),
        ({"index_maxima": {"loyalty": -1}}, "maxima.loyalty: found -1"),
        ({"file": Path("nowhere.toml")}, "nowhere.toml: No such file"),
    ],
)
def test_what_does_not_fit_the_formula_is_refused(settings: dict[str, object], message: str) -> None:
    """By the formula's own checks."""
    with pytest.raises(FormulaError, match=message):
        formula_of_settings(FormulaSettings(**settings))  # type: ignore[arg-type]


def test_an_unknown_index_is_refused() -> None:
    """The formula has three."""
    with pytest.raises(InvalidArgumentError, match="'sales': expected names of satisfaction, loyalty, purchases"):
        FormulaSettings(index_maxima={"sales": 3})
