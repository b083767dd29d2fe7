"""The feature definitions that are computed together: the built-in families, those of plugins, and generic ones.

Each engine (one customer online, a store in batch, Spark, and the SQL that checks them) reads these lists, so the
engines cannot drift apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

from features.definitions import feedback, incentives, purchases, usage, visits
from features.definitions.checks import aggregate_ranges, check_families, check_types
from features.definitions.generic import generic_family
from features.definitions.specs import Aggregate, CausalColumn, Constraint, Family, FeatureColumn
from features.definitions.value_ranges import Limits, column_limits
from features.plugins import load_plugins
from features.schema import EVENT_TYPES, WORDS

BUILT_IN = (purchases.FAMILY, visits.FAMILY, feedback.FAMILY, usage.FAMILY, incentives.FAMILY)


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Families whose columns make one feature table.

    Parameters
    ----------
    families : tuple of Family

    Raises
    ------
    DefinitionError
        For the first fault in the definitions.

    Examples
    --------
    >>> from features.definitions import Aggregate, Family, FeatureColumn
    >>> uses = Aggregate("uses", "usage", "count")
    >>> column = FeatureColumn("uses", "uses", "uses", "uses")
    >>> FeatureSet((Family("uses", (uses,), (column,)),)).names
    ('uses',)
    """

    families: tuple[Family, ...]

    def __post_init__(self) -> None:
        check_families(self.families)

    @cached_property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """The aggregates of all families."""
        return tuple(a for family in self.families for a in family.aggregates)

    @cached_property
    def causal(self) -> tuple[CausalColumn, ...]:
        """The causal columns of all families."""
        return tuple(c for family in self.families for c in family.causal)

    @cached_property
    def columns(self) -> tuple[FeatureColumn, ...]:
        """The columns of the feature table, in order."""
        return tuple(c for family in self.families for c in family.columns)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(c.name for c in self.columns)

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """What no row of the feature table can be."""
        return tuple(c for family in self.families for c in family.constraints)

    @cached_property
    def limits(self) -> Mapping[str, Limits]:
        """The values that the service takes, by column."""
        aggregates = {a.name: a for a in self.aggregates}
        ranges = aggregate_ranges(aggregates.values(), self.causal)
        return {c.name: column_limits(c, aggregates, ranges) for c in self.columns}


@cache
def default_features() -> FeatureSet:
    """Return the features of this process: built-in families, those of plugins in order of name, and generic ones.

    A generic family is made for each event type that no other family gathers.

    Raises
    ------
    DefinitionError
        For the first fault in the definitions.
    PluginError
        When a plugin cannot be loaded.
    """
    plugins: dict[str, Family] = load_plugins("regulars.features", Family)
    families = (*BUILT_IN, *(replace(family, origin=f"plugin {name}") for name, family in plugins.items()))
    check_types(families)
    gathered = {a.event_type for family in families for a in family.aggregates}
    generic = tuple(generic_family(name, name in WORDS.amounts) for name in EVENT_TYPES if name not in gathered)
    return FeatureSet(families + generic)
