"""How simulated customers respond to visits and incentives: parameters that only worlds use."""

from dataclasses import dataclass, fields
from math import inf, isfinite

from features.errors import InvalidArgumentError
from features.event_words import PATTERN


@dataclass(frozen=True)
class Action:
    """A visit or incentive and its effect.

    Effects of actions at the same time add up if they are positive and multiply if they are negative. `simulate` knows
    `effect` alone; the others act in a `World`.

    Parameters
    ----------
    channel : str
        One of `features.schema.VISIT_CHANNELS` or `INCENTIVE_CHANNELS`.
    per_year : float
        How many an average customer gets in a year.
    effect : float
        While it acts, an average customer's purchase rate is multiplied by `1 + effect`; at least -1. In `simulate`
        whatever its outcome, in a `World` only where there was contact; of an incentive, by being sent.
    redeemed : float
        As `effect`, from the redemption of an incentive on; at least -1.
    spend : float
        Share by which purchases are larger while it acts; at least -1.
    leaving : float
        Chance, from 0 to 1, that a customer who would churn while it acts stays; negative ones are not supported.
    satisfaction, loyalty : float
        Change of the level as a share of `rating_max`, which then decays; from -1 to 1.
    """

    channel: str
    per_year: float
    effect: float
    redeemed: float = 0.0
    spend: float = 0.0
    leaving: float = 0.0
    satisfaction: float = 0.0
    loyalty: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("redeemed", -1, inf), ("spend", -1, inf), ("leaving", 0, 1), ("satisfaction", -1, 1), ("loyalty", -1, 1),
        ):  # fmt: skip
            check_range(f"{name} of {self.channel}", getattr(self, name), low, high)


@dataclass(frozen=True)
class OwnEvent:
    """Events of a type of the firm's own, such as deposits, which living customers have beside their purchases.

    Parameters
    ----------
    type : str
        Lower-case word; `[events]` of the settings file must have it before such a log can be ingested.
    per_year : float
        Mean number per year of the customers who have any.
    share : float
        Share of the customers who have any.
    amount : float
        Median amount in currency; 0: events without an amount.
    spread : float
        Log standard deviation of amounts.
    """

    type: str
    per_year: float
    share: float = 1.0
    amount: float = 0.0
    spread: float = 0.5

    def __post_init__(self) -> None:
        if not PATTERN.fullmatch(str(self.type)):
            raise InvalidArgumentError(f"own_events has type {self.type!r}; expected lower-case letters, digits and _")
        for name, high in (("per_year", inf), ("share", 1), ("amount", inf), ("spread", inf)):
            check_range(f"{name} of {self.type}", getattr(self, name), 0, high)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How customers and sales staff behave in a `World`; `Truth` describes the parameters."""

    channel_spread: float = 0.0
    fatigue: float = 0.0
    pull_forward: float = 0.0
    off_goal: float = 1.0
    off_content: float = 1.0
    level_half_life: float = 120.0
    private_knowledge: float = 0.0
    reps: int = 0
    rep_skill_spread: float = 0.0
    rep_minutes: float = 2400.0
    acceptance: float = 1.0
    acceptance_follows: float = 0.0
    opt_out_share: float = 0.0
    plan_items: bool = False
    own_events: tuple[OwnEvent, ...] = ()

    def __post_init__(self) -> None:
        for names, low, high, open_low in (
            ("channel_spread fatigue private_knowledge rep_skill_spread", 0, inf, False),
            ("pull_forward off_goal off_content opt_out_share", 0, 1, False),
            ("level_half_life rep_minutes", 0, inf, True),
            ("acceptance", 0, 1, True),
            ("acceptance_follows", -10, 10, False),
        ):
            for name in names.split():
                check_range(name, getattr(self, name), low, high, open_low)
        if isinstance(self.reps, bool) or not isinstance(self.reps, int) or not 0 <= self.reps <= 1_000:
            raise InvalidArgumentError(f"reps is {self.reps!r}; expected a whole number from 0 to 1000")
        if not isinstance(self.plan_items, bool):
            raise InvalidArgumentError(f"plan_items is {self.plan_items!r}; expected true or false")
        types = [event.type for event in self.own_events]
        if len(set(types)) < len(types):
            raise InvalidArgumentError(f"own_events has types {types}; expected each at most once")

    @property
    def needs_world(self) -> bool:
        """Whether any of these parameters differs from its default, which `simulate` without a world does not know."""
        return any(getattr(self, field.name) != field.default for field in fields(Behaviour))


def check_range(name: str, value: float, low: float, high: float, open_low: bool = False) -> None:
    """Raise `InvalidArgumentError` unless the value is a finite number within the bounds."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and isfinite(value) and low <= value <= high and not (open_low and value == low)):
        bounds = f"{'above' if open_low else 'at least'} {low:g}"
        bounds += f" and at most {high:g}" if isfinite(high) else ""
        raise InvalidArgumentError(f"{name} is {value!r}; expected a number {bounds}")
