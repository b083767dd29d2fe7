"""The parts of a feature's definition: aggregates over a customer's events, and columns computed from them.

Conditions and expressions are short texts that mean the same in Python and in SQL, so that one line serves the
compiled engine, the plain-Python engine and the SQL that checks them. They may use

- columns of an event: `day` (days since 1970-01-01, business time zone), `age` (as_of day less `day`), `cents`,
  `channel`, `goal`, `outcome`, `satisfaction`, `loyalty` (thousandths of a rating); absent: -1, 255 for the words;
- the causal columns of its event type, which depend on the events before, see `CausalColumn`;
- the words of `channel`, `goal` and `outcome` in capitals, compared by == or != (`channel == PHONE`);
- of aggregates over the event type `sale` instead of these: `left`, the cents of the purchase that were not returned
  (-1 without an amount), `day`, `age`, `after_first_day`, and `new_day_left`, which is 1 on the first purchase of a day
  that has something left or no amount, else 0;
- whole numbers, `+ - *`, comparisons, `and`, `or`, `not`; in the expressions of columns the names of aggregates,
  `as_of_day`, `/` between whole numbers and `sqrt`.

All values are integers below 2^53, which a float holds exactly, up to a division at the end; quotients may be added
and subtracted, and their root taken, but not multiplied or divided again. Every engine therefore gives equal features,
to the last bit.
`features.definitions.checks` refuses definitions that cannot be computed or mean something else than they say.
"""

from dataclasses import dataclass
from typing import Literal

How = Literal["count", "sum", "min", "max", "last", "median"]
CausalKind = Literal["new_day", "gap", "after_first_day", "followed", "unmatched"]

COVARIATE_TRANSFORMS = ("identity", "log1p", "log", "signed_log1p", "logit")
"""The transforms by which a column can become a covariate of the models; `training.models.purchases.declared` computes
them."""

NEVER = -10_000_000
"""The day of an event that never happened, outside every window."""

SALE = "sale"
"""The event type of aggregates over sales: purchases, after all returns known at `as_of` were charged to them."""


@dataclass(frozen=True)
class Aggregate:
    """One integer gathered over a customer's known events of one type.

    Parameters
    ----------
    name : str
        Name by which the expressions of columns refer to it, in lower case.
    event_type : str
        One of `features.schema.EVENT_TYPES`, or `sale` for purchases less what was returned of them.
    how : {"count", "sum", "min", "max", "last", "median"}
        How the values are combined; `last` is by time.
    value : str
        Expression of the value of one event; a count ignores it.
    where : str
        Condition an event must meet; empty for all events of the type.
    empty : int
        The value when no event qualifies; of a count, sum or median 0.

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
class CausalColumn:
    """A column of the events of one type that depends on the events before; aggregates use it like any other.

    Parameters
    ----------
    name : str
        Name by which the aggregates of the event type refer to it, in lower case.
    event_type : str
        The type of the events that have the column.
    kind : {"new_day", "gap", "after_first_day", "followed"}
        - `new_day`: 1 on the first event of the type on a day, else 0.
        - `gap`: on the first event of a day, the days since the last day with an event of the type; 0 on the very first
          day and on further events of a day.
        - `after_first_day`: 1 when there was an event of the type `of` on an earlier day, else 0.
        - `followed`: how many events of the type `of` there were since the last event of `event_type`, at most `days`
          days ago.
        - `unmatched`: 1 on a return of which a part found no sale that had something left, or that has no amount,
          else 0; of returns only.
    of : str
        The type of the earlier events, for `after_first_day` and `followed`; empty for `event_type` itself.
    days : int, optional
        The window of `followed`.

    Examples
    --------
    Purchases that followed a service ticket within 30 days:

    >>> followed = CausalColumn("followed_tickets", "purchase", "followed", of="service_ticket", days=30)
    >>> count = Aggregate("purchases_after_ticket", "purchase", "count", where="followed_tickets > 0")
    """

    name: str
    event_type: str
    kind: CausalKind
    of: str = ""
    days: int | None = None

    @property
    def source(self) -> str:
        """The type of the earlier events."""
        return self.of or self.event_type


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
    signed : bool, optional
        Whether the service takes values below 0. By default, whether the expression can give one.
    whole : bool, optional
        Whether the service takes whole numbers only. By default, whether the expression has no division, root
        or median.
    minimum : float, optional
        The least value that the service takes; by default 0, or minus the maximum of a signed column.
    maximum : float, optional
        The greatest value that the service takes; by default one that no column of the unit can reach.
    optional : bool
        Whether a row that is sent to the service may leave the column out where nothing in service reads it: of columns
        that were added later, so that clients need not change at once.

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
    signed: bool | None = None
    whole: bool | None = None
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False


@dataclass(frozen=True)
class Constraint:
    """What no row of a feature table can be; the service refuses such a row.

    Parameters
    ----------
    column : str
        The column that is named to the client.
    impossible : str
        Condition over columns that no row meets; `null(T)` asks for null, and any comparison with null is false.
    detail : str
        The condition in words, continuing a sentence that begins with the column.

    Examples
    --------
    >>> Constraint("recency", "recency > T", "exceeds T").column
    'recency'
    """

    column: str
    impossible: str
    detail: str


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
    causal : tuple of CausalColumn
        Aggregates of every family may use them.
    constraints : tuple of Constraint
        May speak of the columns of every family.
    origin : str
        Where a family comes from that is not built in; Regulars fills it in.
    """

    name: str
    aggregates: tuple[Aggregate, ...]
    columns: tuple[FeatureColumn, ...]
    causal: tuple[CausalColumn, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    origin: str = ""
