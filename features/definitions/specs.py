"""The two parts of a feature's definition: aggregates over a customer's events, and columns computed from them.

Conditions and expressions are short texts that mean the same in Python and in SQL, so that one line serves the
compiled engine, the plain-Python engine and the SQL that checks them. They may use

- columns of an event: `day` (days since 1970-01-01, business time zone), `age` (as_of day less `day`), `cents`,
  `channel`, `goal`, `outcome`, `satisfaction`, `loyalty` (thousandths of a rating); absent: -1, 255 for the texts;
- causal columns, which depend on the events before: of a purchase `new_day` (1 on the first purchase of its day), `gap`
  (days since the purchase day before, 0 on the first), `followed_visits` (visits since the last purchase and at most
  FOLLOW_UP_DAYS ago); of a purchase or return `after_first_day` (1 when a purchase on an earlier day is known);
- codes in capitals (`PHONE`, `ORDERED`); in the expressions of columns also `as_of_day`, the names of aggregates and
  `sqrt`.

All values are integers below 2^53, which a float holds exactly, up to the one division at the end. Every engine
therefore gives equal features, to the last bit.
"""

from dataclasses import dataclass
from typing import Literal

from features.schema import GOALS, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES, VISIT_CHANNELS, VISIT_OUTCOMES

How = Literal["count", "sum", "min", "max", "last", "median"]

COVARIATE_TRANSFORMS = ("identity", "log1p", "log", "signed_log1p", "logit")
"""The transforms by which a column can become a covariate of the models; `training.models.purchases.declared` computes
them."""

NEVER = -10_000_000
"""The day of an event that never happened, outside every window."""

FOLLOW_UP_DAYS = 14
"""How many days after a visit a purchase counts as following it."""

CODES = {
    name.upper(): code
    for names in (VISIT_CHANNELS, GOALS, VISIT_OUTCOMES, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES)
    for code, name in enumerate(names)
} | {"NEVER": NEVER}


@dataclass(frozen=True)
class Aggregate:
    """One integer gathered over a customer's known events of one type.

    Parameters
    ----------
    name : str
        Name by which the expressions of columns refer to it.
    event_type : str
        One of `features.schema.EVENT_TYPES`.
    how : {"count", "sum", "min", "max", "last", "median"}
        How the values are combined; `last` is by time.
    value : str
        Expression of the value of one event; a count ignores it.
    where : str
        Condition an event must meet; empty for all events of the type.
    empty : int
        The value when no event qualifies.

    Examples
    --------
    The cents of all purchases that have an amount:

    >>> spend = Aggregate("spend_cents", "purchase", "sum", "cents", where="cents >= 0")
    >>> spend.empty
    0
    """

    name: str
    event_type: str
    how: How
    value: str = "1"
    where: str = ""
    empty: int = 0


@dataclass(frozen=True)
class FeatureColumn:
    """One column of the feature table, float64, computed from aggregates.

    Parameters
    ----------
    name : str
        Name of the column.
    unit : str
        What it counts or measures: `days`, `currency`, `ratio`, `rating`, `visits`, ...
    meaning : str
        Description for docs/columns.md.
    expression : str
        Expression over the aggregates and `as_of_day`.
    null_when : str
        Condition under which the value is null (NaN); empty for never.
    null_rule : str
        The same condition in words.
    covariate : str
        One of `COVARIATE_TRANSFORMS`: the column, so transformed, is a covariate of the models. Empty: it is not.

    Examples
    --------
    >>> share = FeatureColumn(
    ...     "return_share", "ratio", "amount returned over amount bought",
    ...     "return_cents / spend_cents", "spend_cents == 0", "null when nothing was bought for money",
    ... )
    >>> share.unit
    'ratio'
    """

    name: str
    unit: str
    meaning: str
    expression: str
    null_when: str = ""
    null_rule: str = "never null"
    covariate: str = ""


@dataclass(frozen=True)
class Family:
    """The aggregates and columns of one subject; each module of definitions holds one.

    Parameters
    ----------
    name : str
        Heading in docs/columns.md.
    aggregates : tuple of Aggregate
    columns : tuple of FeatureColumn
        May use the aggregates of every family.
    """

    name: str
    aggregates: tuple[Aggregate, ...]
    columns: tuple[FeatureColumn, ...]
