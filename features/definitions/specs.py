"""The two sentences a feature is written in: an aggregate over a customer's events, a column that follows from these.

Conditions and expressions are short texts that mean the same in Python and in SQL, so that one line serves the
compiled kernel, the plain-Python form and the SQL that checks them. They may use

- columns of an event: `day` (days since epoch, business time zone), `age` (as_of day less `day`), `cents`, `channel`,
  `goal`, `outcome`, `satisfaction`, `loyalty` (thousandths of a rating); -1 (255 for the texts) where absent;
- causal columns, which look at the events before: of a purchase `new_day` (1 on the first purchase of its day), `gap`
  (days since the purchase day before, 0 on the first), `answered_visits` (visits since the last purchase and no more
  than 14 days ago); of a return `after_first_day` (1 when a purchase on an earlier day is known);
- codes in capitals (`PHONE`, `ORDERED`), in columns also `as_of_day`, the names of aggregates and `sqrt`.

All are integers (below 2^53, so that a float holds them) up to the one division at the end: every engine gives the
same bits.
"""

from dataclasses import dataclass
from typing import Literal

from features.schema import CHANNELS, GOALS, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES, VISIT_OUTCOMES

How = Literal["count", "sum", "min", "max", "last", "median"]

NEVER = -10_000_000
"""The day of something that never happened: far enough back to be outside every window."""

CODES = {
    name.upper(): code
    for names in (CHANNELS, GOALS, VISIT_OUTCOMES, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES)
    for code, name in enumerate(names)
} | {"NEVER": NEVER}


@dataclass(frozen=True)
class Aggregate:
    """One number gathered over the known events of one type of one customer.

    `empty` is its value when no event qualifies.
    """

    name: str
    event_type: str
    how: How
    value: str = "1"
    where: str = ""
    empty: int = 0


@dataclass(frozen=True)
class FeatureColumn:
    """One served column: float64, null (NaN) exactly where `null_when` holds."""

    name: str
    unit: str
    meaning: str
    expression: str
    null_when: str = ""
    null_rule: str = "never null"


@dataclass(frozen=True)
class Family:
    """One room of definitions: what is gathered and what is served of it."""

    name: str
    aggregates: tuple[Aggregate, ...]
    columns: tuple[FeatureColumn, ...]
