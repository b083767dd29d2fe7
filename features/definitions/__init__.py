"""The definitions of all features: one module a family, one line a feature."""

from features.definitions.registry import AGGREGATES, FAMILIES, FEATURE_COLUMNS, FEATURE_NAMES
from features.definitions.specs import Aggregate, Family, FeatureColumn

__all__ = ["AGGREGATES", "FAMILIES", "FEATURE_COLUMNS", "FEATURE_NAMES", "Aggregate", "Family", "FeatureColumn"]
