"""What is true in a simulated world: the parameters of its customers, its seasons and its actions."""

import datetime
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Literal, Self

from features.errors import InvalidArgumentError
from features.schema import CHANNELS, INCENTIVE_CHANNELS

ROUND_DAYS = 28  # visits and incentives are handed out in rounds of four weeks

# Parameters, lowest, highest value, and whether the lowest is out.
_RANGES = (
    ("days acquisition_days r alpha a b s beta spend_p spend_gamma rating_max", 0, inf, True),
    ("spend_q", 1, inf, True),
    ("visit_days incentive_days", 1, ROUND_DAYS, False),
    ("return_share visit_random_share incentive_random_share redemption_share usage_share", 0, 1, False),
    ("loyalty_follows dropout_follows response_follows", -1, 1, False),
    ("satisfaction_median", 0.01, 0.99, False),
    ("visit_confounding incentive_confounding response_spread", 0, inf, False),
    ("usage_per_year feedback_per_year recorded_lag_days", 0, inf, False),
)


@dataclass(frozen=True)
class Action:
    """A kind of visit or incentive and what it does.

    `per_year`: how many of them an average customer gets in a year. `effect`: while it acts, the purchase
    rate of an average customer is multiplied by `1 + effect`, whatever its outcome (.3: three purchases
    more for ten; below 0 it does harm). Lifts of actions at the same time add up, harms multiply.
    """

    channel: str
    per_year: float
    effect: float


@dataclass(frozen=True)
class Truth:
    """The parameters of a simulated world; times in days, money in currency, ratings from 0 to `rating_max`.

    Span: the log covers `days` days from `start`; first purchases fall in the first `acquisition_days` of
    them.

    Purchases: a Poisson process from the first purchase on, with a rate a day of its own for each
    customer, Gamma(`r`, `alpha` days), multiplied by the season and the weekday. Dropout, one of: `bg`
    with a chance Beta(`a`, `b`) after each repeat purchase (Fader, Hardie, Lee 2005, BG/NBD), `mbg` the
    same, after the first purchase too (Batislam, Denizel, Filiztekin 2007, MBG/NBD), `pareto` at a rate a
    day Gamma(`s`, `beta` days) (Schmittlein, Morrison, Colombo 1987, Pareto/NBD), `none`. `season`: one
    (amplitude, peak day of the year) for each harmonic of the year; the factor is `1 + sum_k amplitude_k
    cos(2 pi k (day - peak_k) / 365.25)`. `weekday`: factors Monday to Sunday, taken relative to their
    mean.

    Amounts: Gamma(`spend_p`, nu) with nu ~ Gamma(`spend_q`, `spend_gamma`) a customer (Fader, Hardie
    2013, Gamma-Gamma): the mean over customers is `spend_p * spend_gamma / (spend_q - 1)`. A share
    `return_share` of the purchases comes back.

    Actions: `visits` act for `visit_days`, `incentives` for `incentive_days`, also their time of validity
    (each at most 28). At most one visit and one incentive a customer and round of 28 days, from the first
    round after the first purchase on. Customers of the random groups (shares `visit_random_share`,
    `incentive_random_share`) get theirs by lot: in a round with probability `sum(per_year) * 28 /
    365.25`. For the others somebody chooses, from what the log shows: visits go to those who bought a lot
    lately, incentives to those who stayed away; weight (recent purchases)^`visit_confounding` and (days
    since the last purchase)^`incentive_confounding`, so 0 is a choice as good as random. Effects differ
    between customers by a lognormal factor of mean 1 and log standard deviation `response_spread`.

    Satisfaction: a normal latent of each customer, with median rating `satisfaction_median` (share of
    `rating_max`). `loyalty_follows`, `dropout_follows`, `response_follows` are its correlations with the
    latents of loyalty, of staying and of the response to actions; none of them changes the parameters
    above.

    `redemption_share`: of the incentives with a purchase in their time. `usage_per_year` (of the share
    `usage_share` of customers who use at all) and `feedback_per_year` hold while a customer is alive.
    `references`: give each event a `reference`. `recorded_lag_days`: mean of the exponential delay of
    `recorded_at`; 0 leaves it null.

    Raises ValueError, naming the parameter, for one that is out of range.
    """

    start: datetime.date = datetime.date(2023, 1, 1)
    days: int = 1096
    acquisition_days: int = 730

    r: float = 0.9
    alpha: float = 40.0
    dropout: Literal["bg", "mbg", "pareto", "none"] = "mbg"
    a: float = 0.9
    b: float = 5.0
    s: float = 0.6
    beta: float = 300.0
    season: tuple[tuple[float, float], ...] = ((0.30, 340.0), (0.15, 345.0))
    weekday: tuple[float, ...] = (0.95, 0.90, 0.95, 1.00, 1.20, 1.30, 0.70)

    spend_p: float = 6.25
    spend_q: float = 3.74
    spend_gamma: float = 15.44
    return_share: float = 0.05

    visits: tuple[Action, ...] = (
        Action("face_to_face", 0.3, 0.50),
        Action("phone", 0.5, 0.25),
        Action("email", 0.8, 0.10),
    )
    visit_days: int = 28
    visit_random_share: float = 0.3
    visit_confounding: float = 1.0
    incentives: tuple[Action, ...] = (
        Action("coupon", 0.35, 0.40),
        Action("discount", 0.20, 0.30),
        Action("points", 0.15, 0.10),
        Action("rate", 0.08, 0.20),
    )
    incentive_days: int = 21
    incentive_random_share: float = 0.3
    incentive_confounding: float = 1.0
    redemption_share: float = 0.6
    response_spread: float = 0.6

    rating_max: float = 10.0
    satisfaction_median: float = 0.72
    loyalty_follows: float = 0.7
    dropout_follows: float = 0.4
    response_follows: float = 0.5

    usage_share: float = 0.5
    usage_per_year: float = 4.0
    feedback_per_year: float = 0.5
    references: bool = False
    recorded_lag_days: float = 0.0

    def __post_init__(self) -> None:
        if self.dropout not in ("bg", "mbg", "pareto", "none"):
            raise InvalidArgumentError(f"dropout is {self.dropout!r}; expected 'bg', 'mbg', 'pareto' or 'none'")
        for name in ("days", "acquisition_days", "visit_days", "incentive_days"):
            if not isinstance(getattr(self, name), int):
                raise InvalidArgumentError(f"{name} is {getattr(self, name)!r}; expected a whole number of days")
        for names, low, high, open_low in _RANGES:
            for name in names.split():
                self._check(name, low, high, open_low)
        if self.acquisition_days > self.days:
            raise InvalidArgumentError(f"acquisition_days is {self.acquisition_days}; expected at most {self.days}")
        if sum(abs(amplitude) for amplitude, _ in self.season) > 1:
            raise InvalidArgumentError(f"season is {self.season}; expected amplitudes that sum to at most 1")
        if len(self.weekday) != 7 or min(self.weekday) < 0 or sum(self.weekday) <= 0:
            raise InvalidArgumentError(f"weekday is {self.weekday}; expected seven factors, none below 0, not all 0")
        self._check_actions("visits", CHANNELS)
        self._check_actions("incentives", INCENTIVE_CHANNELS)

    def _check(self, name: str, low: float, high: float, open_low: bool) -> None:
        value = getattr(self, name)
        if not (isfinite(value) and low <= value <= high and not (open_low and value == low)):
            bounds = f"{'above' if open_low else 'at least'} {low:g}"
            bounds += f" and at most {high:g}" if isfinite(high) else ""
            raise InvalidArgumentError(f"{name} is {value}; expected a number {bounds}")

    def _check_actions(self, name: str, channels: tuple[str, ...]) -> None:
        actions: tuple[Action, ...] = getattr(self, name)
        given = [action.channel for action in actions]
        if not set(given) <= set(channels) or len(set(given)) < len(given):
            raise InvalidArgumentError(f"{name} has channels {given}; expected each of {list(channels)} at most once")
        for action in actions:
            if not (0 <= action.per_year < inf and -1 <= action.effect < inf):
                raise InvalidArgumentError(f"{name} has {action}; expected per_year from 0 and effect from -1 on")
        a_round = sum(action.per_year for action in actions) * ROUND_DAYS / 365.25
        if a_round > 1:
            raise InvalidArgumentError(f"{name} come {a_round:.2f} times in {ROUND_DAYS} days; expected at most once")

    @classmethod
    def plain(cls, dropout: Literal["bg", "mbg", "pareto", "none"] = "bg", **changes: object) -> Self:
        """A world of purchases alone: clean BG/NBD, MBG/NBD, Pareto/NBD or NBD data with Gamma-Gamma
        amounts.
        """
        nothing: dict[str, object] = {
            "season": (), "weekday": (1.0,) * 7, "return_share": 0.0, "visits": (), "incentives": (),
            "usage_per_year": 0.0, "feedback_per_year": 0.0,
        }  # fmt: skip
        return cls(dropout=dropout, **(nothing | changes))  # type: ignore[arg-type]

    def without_effects(self) -> Self:
        """The same world where visits and incentives happen but change nothing: `expected_in` is exact
        there.
        """
        visits = tuple(replace(action, effect=0.0) for action in self.visits)
        incentives = tuple(replace(action, effect=0.0) for action in self.incentives)
        return replace(self, visits=visits, incentives=incentives)
