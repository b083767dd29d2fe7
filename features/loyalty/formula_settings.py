"""The formula that the settings file names, a section of `regulars.toml`, and its maxima set there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from features.errors import InvalidArgumentError
from features.loyalty.formula import Formula, Maxima, load_formula
from features.settings_file import read_settings


@dataclass(frozen=True)
class FormulaSettings:
    """The loyalty formula, and maxima that differ from those of its file; the version names each of these.

    Attributes
    ----------
    file : Path, optional
        The formula, in the form of features/loyalty/formula.toml; without it that one.
    part_maxima : mapping of str to float
        The values that earn full points, by the name of the part.
    index_maxima : mapping of str to float
        The maxima of the indices of the base: `satisfaction`, `loyalty` and `purchases`.
    """

    file: Path | None = field(default=None, metadata={"example": "formula.toml"})
    part_maxima: Mapping[str, float] = field(default_factory=dict, metadata={"example": {"amount": 5000}})
    index_maxima: Mapping[str, float] = field(default_factory=dict, metadata={"example": {"satisfaction": 5}})

    def __post_init__(self) -> None:
        known = [each.name for each in fields(Maxima)]
        if unknown := [name for name in self.index_maxima if name not in known]:
            raise InvalidArgumentError(f"index_maxima has {unknown[0]!r}: expected names of {', '.join(known)}")

    @property
    def chosen(self) -> bool:
        """Whether anything is set, so that the formula is not the one that comes along."""
        return self != FormulaSettings()


def formula_of_settings(settings: FormulaSettings | None = None) -> Formula:
    """Return the formula that the settings describe.

    Parameters
    ----------
    settings : FormulaSettings, optional
        Without it those of the settings file.

    Returns
    -------
    Formula
        Where a maximum is set, its version tells which, for instance `1:parts.amount.maximum=5000`.

    Raises
    ------
    FormulaError
        When the file cannot be used, or has no part of that name.
    """
    chosen = read_settings("formula", FormulaSettings) if settings is None else settings
    formula = load_formula(chosen.file)
    parts = {part.name: part for part in formula.parts}
    for name, maximum in chosen.part_maxima.items():
        parts[name] = replace(formula.part(name), maximum=maximum)
    changes = [f"parts.{name}.maximum={maximum:g}" for name, maximum in sorted(chosen.part_maxima.items())]
    changes += [f"maxima.{name}={maximum:g}" for name, maximum in sorted(chosen.index_maxima.items())]
    return replace(
        formula,
        version=":".join([formula.version, ",".join(changes)]) if changes else formula.version,
        parts=tuple(parts.values()),
        maxima=replace(formula.maxima, **chosen.index_maxima),
    )
