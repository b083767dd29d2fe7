"""The one list of features: a family a room, a feature a line.

Every way to compute a feature (one customer online, a store in batch, a cluster, the SQL that checks them) is made
from `FAMILIES`, so they cannot drift apart.
"""

from features.definitions import feedback, incentives, purchases, usage, visits
from features.definitions.specs import Aggregate, Column, Family

FAMILIES: tuple[Family, ...] = (
    purchases.FAMILY,
    visits.FAMILY,
    feedback.FAMILY,
    usage.FAMILY,
    incentives.FAMILY,
)
AGGREGATES: tuple[Aggregate, ...] = tuple(a for family in FAMILIES for a in family.aggregates)
COLUMNS: tuple[Column, ...] = tuple(c for family in FAMILIES for c in family.columns)
COLUMN_NAMES: tuple[str, ...] = tuple(c.name for c in COLUMNS)

__all__ = ["AGGREGATES", "COLUMNS", "COLUMN_NAMES", "FAMILIES", "Aggregate", "Column", "Family"]
