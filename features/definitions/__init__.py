"""The definitions of all features: one module a family, one line a feature.

`FAMILIES`, `AGGREGATES`, `FEATURE_COLUMNS` and `FEATURE_NAMES` are those of `registry.default_features()`, made when
one of them is first used. A plugin's module may therefore import the parts of a definition from here.
"""

from typing import Any

from features.definitions.specs import (
    NEVER,
    Aggregate,
    CausalColumn,
    Constraint,
    Family,
    FeatureColumn,
)

FAMILIES: tuple[Family, ...]
AGGREGATES: tuple[Aggregate, ...]
FEATURE_COLUMNS: tuple[FeatureColumn, ...]
FEATURE_NAMES: tuple[str, ...]

__all__ = [
    "AGGREGATES",
    "FAMILIES",
    "FEATURE_COLUMNS",
    "FEATURE_NAMES",
    "NEVER",
    "Aggregate",
    "CausalColumn",
    "Constraint",
    "Family",
    "FeatureColumn",
]

LISTS = {"FAMILIES": "families", "AGGREGATES": "aggregates", "FEATURE_COLUMNS": "columns", "FEATURE_NAMES": "names"}


def __getattr__(name: str) -> Any:
    if name not in LISTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from features.definitions.registry import default_features

    return globals().setdefault(name, getattr(default_features(), LISTS[name]))
