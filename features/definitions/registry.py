"""The registry of feature definitions: every family, aggregate and column, in the order they are served.

Each engine (one customer online, a store in batch, Spark, and the SQL that checks them) reads these lists, so the
engines cannot drift apart.
"""

from features.definitions import feedback, incentives, purchases, usage, visits
from features.definitions.specs import Aggregate, Family, FeatureColumn

FAMILIES: tuple[Family, ...] = (
    purchases.FAMILY,
    visits.FAMILY,
    feedback.FAMILY,
    usage.FAMILY,
    incentives.FAMILY,
)
AGGREGATES: tuple[Aggregate, ...] = tuple(a for family in FAMILIES for a in family.aggregates)
FEATURE_COLUMNS: tuple[FeatureColumn, ...] = tuple(c for family in FAMILIES for c in family.columns)
FEATURE_NAMES: tuple[str, ...] = tuple(c.name for c in FEATURE_COLUMNS)
