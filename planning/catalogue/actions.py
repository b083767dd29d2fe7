"""The catalogue of actions: visits and incentives, what they cost and need, and rules of their content."""

import math
from collections.abc import Collection
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from features.errors import CatalogueError
from features.event_words import EventWords
from features.known_names import check_name
from planning.catalogue.conditions import check_condition

Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
Days = Annotated[int, Meta(ge=0, le=3650)]

PLANNING_COLUMNS = (
    *("loyalty_score", "expected_purchases", "churn_probability", "expected_spend"),
    *("satisfaction_last", "days_since_satisfaction_rating", "loyalty_last", "days_since_loyalty_rating"),
    *("complaint_open", "needs", "opted_out", "preferred_channel", "rep", "territory"),
)
"""What conditions may use beside features and attributes; `needs` and `opted_out` are lists of words."""


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something of which there is only so much.

    Attributes
    ----------
    name : str
    unit : {"minutes", "contacts", "currency"}
        What an action takes from it: its minutes, one contact, or its expected cost.
    amount : float
        How much there is, in a plan of one week.
    per : {"rep", "plan", "day"}
        Whether each rep has so much, all together, or all together on each working day, which is for contacts alone.
    """

    name: Word
    unit: Literal["minutes", "contacts", "currency"]
    amount: Amount
    per: Literal["rep", "plan", "day"] = "plan"


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A visit or an incentive: something that one can do for a customer.

    Attributes
    ----------
    name : str
    kind : {"visit", "incentive"}
        The event type that it becomes.
    channel : str
        A channel of this event type.
    effect, effect_width : float
        Relative change of the customer's purchases while the action acts, and its standard deviation: a guess, which
        outcomes of plans replace.
    goals : tuple of str
        The first is the goal where no rule of content says another.
    contents : tuple of str
        What may be talked about; none for an incentive.
    cost : float
        Currency, of doing it once.
    face_value, face_share : float
        Currency, and share of a purchase's amount, that a redeemed incentive gives away at each purchase.
    uses : int, optional
        Purchases at which it can be redeemed; without it all while it acts.
    redemption : float
        Probability that a purchase redeems it, by customers who would have bought anyway included.
    minutes : float
        Of a rep, travel included.
    pools : tuple of str
        The pools that it takes from.
    acts_days : int
        Days during which it changes what the customer does.
    min_gap_days : int
        Days since the last contact before which it is not done.
    satisfaction_points, loyalty_points : float
        By how much it is expected to change the customer's next rating: a guess, which counts in the value if the
        catalogue says what a point is worth.
    eligible : str
        A condition (`planning.catalogue.conditions`); without it everybody is eligible.
    """

    name: Word
    kind: Literal["visit", "incentive"]
    channel: Word
    effect: Annotated[float, Meta(ge=-1, le=10)]
    effect_width: Annotated[float, Meta(gt=0, le=10)]
    goals: Annotated[tuple[Word, ...], Meta(min_length=1)] = ("purchase_count",)
    contents: tuple[Word, ...] = ()
    cost: Amount = 0.0
    face_value: Amount = 0.0
    face_share: Share = 0.0
    uses: Annotated[int, Meta(ge=1)] | None = None
    redemption: Share = 0.0
    minutes: Annotated[float, Meta(ge=0, le=10_000)] = 0.0
    pools: tuple[Word, ...] = ()
    acts_days: Annotated[int, Meta(ge=1, le=3650)] = 28
    min_gap_days: Days = 14
    satisfaction_points: Annotated[float, Meta(ge=-100, le=100)] = 0.0
    loyalty_points: Annotated[float, Meta(ge=-100, le=100)] = 0.0
    eligible: str = ""


class ContentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to talk about with customers for whom a condition holds, and why.

    Attributes
    ----------
    content, goal : str
        The rule is passed over for an action that does not offer them.
    reason, reason_zh : str
        Why, in English and Chinese; `{column}` and `{column:.0f}` stand for the customer's value.
    when : str
        A condition; without it the rule holds for everybody.
    """

    content: Word
    goal: Word
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    reason_zh: Annotated[str, Meta(max_length=200)] = ""
    when: str = ""


class Minimum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of a pool's amount that must go to actions with a goal."""

    goal: Word
    pool: Word
    share: Share


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be done, for how much, and how a plan is drawn up.

    Attributes
    ----------
    version, description : str
    currency : str
        The code of the log's currency, for texts.
    margin : float
        Share of a purchase's amount that is earned.
    horizon_days : int
        Days in which effects are counted; not less than any `acts_days`.
    holdout_share : float
        Share of the chosen customers that is left alone at random.
    exploration_share : float
        Actions done at random for customers who were not chosen, to learn about them, as a share of the chosen.
    worth_of_satisfaction_point, worth_of_loyalty_point : float
        Currency that a firm gives for one point of a rating; 0 leaves ratings out of the value. Above 0 some action
        must have points.
    working_days : int
        Days of a week with visits, from Monday on.
    day_starts : str
        When a rep's day begins, like "09:00", in the business time zone.
    attributes : tuple of str
        Columns of the customers' table, of the firm's own, that conditions may use.
    pools, actions, content_rules, minimums : tuple
    events : EventWords
        Event types, channels and goals that the firm's log has beside the built-in ones, as in `[events]` of
        regulars.toml, where they must stand too.
    """

    version: str
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    margin: Annotated[float, Meta(gt=0, le=1)]
    horizon_days: Annotated[int, Meta(ge=1, le=3650)]
    pools: tuple[Pool, ...]
    actions: Annotated[tuple[Action, ...], Meta(min_length=1)]
    content_rules: tuple[ContentRule, ...] = ()
    minimums: tuple[Minimum, ...] = ()
    holdout_share: Annotated[float, Meta(ge=0, le=0.5)] = 0.2
    exploration_share: Annotated[float, Meta(ge=0, le=0.5)] = 0.02
    worth_of_satisfaction_point: Amount = 0.0
    worth_of_loyalty_point: Amount = 0.0
    working_days: Annotated[int, Meta(ge=1, le=7)] = 5
    day_starts: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "09:00"
    attributes: tuple[Word, ...] = ()
    events: EventWords = EventWords()
    description: str = ""

    def action(self, name: str) -> Action:
        """Return an action by its name; raises CatalogueError where there is none."""
        check_name("unknown action", name, [each.name for each in self.actions], CatalogueError)
        return next(each for each in self.actions if each.name == name)

    def pool(self, name: str) -> Pool:
        """Return a pool by its name; raises CatalogueError where there is none."""
        check_name("unknown pool", name, [each.name for each in self.pools], CatalogueError)
        return next(each for each in self.pools if each.name == name)


def check_action(action: Action, catalogue: Catalogue, words: EventWords, columns: Collection[str]) -> None:
    """Check what an action says against the words, pools and columns that there are; raises CatalogueError."""
    for pool in action.pools:
        check_name("pools: unknown pool", pool, [each.name for each in catalogue.pools], CatalogueError)
    if action.minutes == 0 and any(catalogue.pool(name).unit == "minutes" for name in action.pools):
        raise CatalogueError("minutes is 0, though a pool of minutes is used: give the minutes, travel included")
    check_name("channel: unknown channel", action.channel, words.channels.get(action.kind, ()), CatalogueError)
    for goal in action.goals:
        check_name("goals: unknown goal", goal, words.goals.get("visit", ()), CatalogueError)
    if not math.isfinite(action.effect + action.effect_width + action.cost + action.face_value + action.minutes):
        raise CatalogueError("found an infinite number or one that is none; expected finite ones")
    if action.kind == "visit" and (action.face_value or action.face_share):
        raise CatalogueError("face_value: a visit gives nothing away at a purchase; expected an incentive or 0")
    if (action.face_value or action.face_share) and not action.redemption:
        raise CatalogueError("redemption is 0, so the face value would cost nothing; expected above 0, up to 1")
    if action.acts_days > catalogue.horizon_days:
        raise CatalogueError(
            f"acts_days is {action.acts_days}, more than horizon_days, {catalogue.horizon_days}: effects after the "
            "horizon would not be counted"
        )
    try:
        check_condition(action.eligible, columns)
    except CatalogueError as error:
        raise CatalogueError(f"eligible: {error}") from None


def expected_cost(
    action: Action, purchases: NDArray[np.float64], amount: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return what an action is expected to cost, by customer.

    Parameters
    ----------
    action : Action
    purchases : ndarray of float, shape (n,)
        Expected purchases while the action acts, those of customers who would have bought anyway included.
    amount : float or ndarray of float, shape (n,)
        Mean amount of a purchase, in currency.

    Returns
    -------
    ndarray of float, shape (n,)
        `cost + redemption * min(purchases, uses) * (face_value + face_share * amount)`, in currency.

    Examples
    --------
    >>> coupon = Action("coupon", "incentive", "coupon", 0.1, 0.1, cost=0.5, face_value=5, uses=1, redemption=0.4)
    >>> expected_cost(coupon, np.array([0.5, 3.0]), 20.0).tolist()
    [1.5, 2.5]
    """
    redeemable = purchases if action.uses is None else np.minimum(purchases, action.uses)
    return action.cost + action.redemption * redeemable * (action.face_value + action.face_share * np.asarray(amount))
