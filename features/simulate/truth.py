"""The parameters of a simulation: its customers, seasons and actions."""

import datetime
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Literal, Self

from features.errors import InvalidArgumentError
from features.schema import INCENTIVE_CHANNELS, VISIT_CHANNELS
from features.simulate.behaviour import Action as Action
from features.simulate.behaviour import Behaviour

PERIOD_DAYS = 28
"""Visits and incentives are distributed once per campaign period of four weeks."""

# Parameters, lowest, highest value, and whether the lowest is out.
_RANGES = (
    ("days acquisition_days r alpha a b s beta spend_p spend_gamma rating_max active_days", 0, inf, True),
    ("pause_days", 0, inf, False),
    ("growth", -1, inf, True),
    ("gap_phases", 1, 20, False),
    ("spend_q", 1, inf, True),
    ("visit_days incentive_days", 1, PERIOD_DAYS, False),
    ("return_share visit_random_share incentive_random_share redemption_share usage_share", 0, 1, False),
    ("loyalty_follows dropout_follows response_follows", -1, 1, False),
    ("satisfaction_median", 0.01, 0.99, False),
    ("visit_confounding incentive_confounding response_spread", 0, inf, False),
    ("usage_per_year feedback_per_year recorded_lag_days", 0, inf, False),
)


@dataclass(frozen=True)
class Truth(Behaviour):
    """The parameters of a simulation; times in days, money in currency.

    Those from `channel_spread` on matter in a `World` only; `simulate` runs one where any of them is set.

    Parameters
    ----------
    start : datetime.date
    days : int
        The log covers `days` days from `start`.
    acquisition_days : int
        First purchases fall in the first days of the log, uniformly in seasonal time.
    r, alpha : float
        Each customer has a purchase rate per day of their own, Gamma(`r`, rate `alpha` days); purchases are a Poisson
        process from the first one on, multiplied by season and weekday.
    dropout : {"bg", "mbg", "pareto", "none"}
        `bg`: with a probability Beta(`a`, `b`) after each repeat purchase [1]_; `mbg`: after the first purchase too
        [2]_; `pareto`: at a rate per day Gamma(`s`, rate `beta` days) [3]_.
    a, b, s, beta : float
        Parameters of dropout.
    season : tuple of (float, float)
        (amplitude, day of the year of the peak) of each harmonic k; the factor is
        `1 + sum_k amplitude_k cos(2 pi k (day - peak_k) / 365.25)`.
    weekday : tuple of 7 float
        Factors Monday to Sunday, relative to their mean.
    growth : float
        Share by which purchase rates and first purchases rise in a year.
    gap_phases : int
        Gaps between purchases are Gamma of this shape, with the same mean: 1 is the Poisson process, more is regular.
    active_days, pause_days : float
        Customers pause: after a mean of `active_days` for a mean of `pause_days`, both exponential, again and again.
        Only purchases that an action induces come in a pause. Short active times make clumps; pauses of 0 days: none.
    spend_p, spend_q, spend_gamma : float
        Amounts are Gamma(`spend_p`, rate nu) with nu ~ Gamma(`spend_q`, rate `spend_gamma`) for each customer [4]_;
        the mean over customers is `spend_p * spend_gamma / (spend_q - 1)`.
    return_share : float
        Share of the purchases that are returned.
    visits : tuple of Action
        At most one visit for each customer and period of 28 days, from the first period after the first purchase on.
    visit_days : int
        How long a visit acts, at most 28 days.
    visit_random_share : float
        Share of customers in the random group. They get a visit in a period with probability
        `sum(per_year) * 28 / 365.25`.
    visit_confounding : float
        The other customers get visits in proportion to (recent purchases)^`visit_confounding`; 0 is as good as random.
    incentives : tuple of Action
    incentive_days : int
        How long an incentive acts and is valid.
    incentive_random_share : float
        As for visits.
    incentive_confounding : float
        Customers outside the random group get incentives in proportion to (days since the last
        purchase)^`incentive_confounding`.
    redemption_share : float
        Share redeemed of the incentives with a purchase in their validity.
    response_spread : float
        Effects differ between customers by a lognormal factor of mean 1 and this log standard deviation.
    rating_max : float
        Ratings are whole numbers from 0 to this.
    satisfaction_median : float
        Median satisfaction as a share of `rating_max`; satisfaction is a normal latent of each customer.
    loyalty_follows, dropout_follows, response_follows : float
        Correlation of satisfaction with loyalty, with staying, and with the response to actions; they leave the
        distributions above unchanged.
    usage_share, usage_per_year : float
        Share of customers with usage, and their mean number of uses per year while alive.
    feedback_per_year : float
        Mean number per year while alive.
    references : bool
        Give each event a `reference`.
    recorded_lag_days : float
        Mean of the exponential delay of `recorded_at`; 0 leaves it null.
    channel_spread : float
        Effects differ between the channels of one customer by a lognormal factor of mean 1 and this log standard
        deviation. The same preference moves the log odds of contact, of interest and of redemption, so it can be seen
        in the log.
    fatigue : float
        Each contact in the 28 days before takes this share from an effect, which may become negative.
    pull_forward : float
        Share of the lift that is missing again in the equally long time after an action, from 0 to 1.
    off_goal : float
        Factor of the effects that a visit with another goal has: on the rate (`purchase_count`), on spend
        (`purchase_value`), on satisfaction (`satisfaction`), on loyalty and churn (`loyalty`), from 0 to 1.
    off_content : float
        Factor of the effect on satisfaction without the content `satisfaction_survey`, and of the effect on loyalty
        without `loyalty_survey`, from 0 to 1.
    level_half_life : float
        Days after which half of a change of satisfaction or loyalty is left.
    private_knowledge : float
        Campaign visits outside the random group are multiplied by exp(this) for each purchase of the next 28 days, up
        to three: sales staff know of them, the log does not.
    reps : int
        Number of sales representatives, each with a territory; 0: none.
    rep_skill_spread : float
        Log standard deviation of the factor, of mean 1, by which effects of a rep's visits differ.
    rep_minutes : float
        What a rep can work off of a plan in a week; visits beyond it are skipped in the order of the plan.
    acceptance : float
        Chance, above 0 and up to 1, that a planned visit to an average customer is made.
    acceptance_follows : float
        Change of the log odds of that chance for one standard deviation of the log purchase rate; churned customers
        count as 1.5 below. Not 0: compliance is confounded with the prognosis.
    opt_out_share : float
        Chance of each customer to opt out of a visit channel within the simulation; then nothing reaches them there.
    plan_items : bool
        Give campaign visits and incentives a `plan_item`, by which `World.decisions` names them.
    own_events : tuple of OwnEvent
        Events of types of the firm's own.

    Raises
    ------
    InvalidArgumentError
        When a parameter is out of range; the message names it.

    References
    ----------
    .. [1] Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way: BG/NBD.
    .. [2] Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models: MBG/NBD.
    .. [3] Schmittlein, Morrison, Colombo (1987), Counting Your Customers: Pareto/NBD.
    .. [4] Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value.
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
    growth: float = 0.0
    gap_phases: int = 1
    active_days: float = 180.0
    pause_days: float = 0.0

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
        super().__post_init__()
        if self.dropout not in ("bg", "mbg", "pareto", "none"):
            raise InvalidArgumentError(f"dropout is {self.dropout!r}; expected 'bg', 'mbg', 'pareto' or 'none'")
        for name in ("days", "acquisition_days", "visit_days", "incentive_days", "gap_phases"):
            if not isinstance(getattr(self, name), int):
                unit = "" if name == "gap_phases" else " of days"
                raise InvalidArgumentError(f"{name} is {getattr(self, name)!r}; expected a whole number{unit}")
        for names, low, high, open_low in _RANGES:
            for name in names.split():
                self._check(name, low, high, open_low)
        if self.acquisition_days > self.days:
            raise InvalidArgumentError(f"acquisition_days is {self.acquisition_days}; expected at most {self.days}")
        if sum(abs(amplitude) for amplitude, _ in self.season) > 1:
            raise InvalidArgumentError(f"season is {self.season}; expected amplitudes that sum to at most 1")
        if len(self.weekday) != 7 or min(self.weekday) < 0 or sum(self.weekday) <= 0:
            raise InvalidArgumentError(f"weekday is {self.weekday}; expected seven factors, none below 0, not all 0")
        if self.has_states and self.needs_world:
            raise InvalidArgumentError(
                "gap_phases and pause_days are for simulations without a world; leave out the parameters that need one"
            )
        self._check_actions("visits", VISIT_CHANNELS)
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
        per_period = sum(action.per_year for action in actions) * PERIOD_DAYS / 365.25
        if per_period > 1:
            raise InvalidArgumentError(
                f"{name} come {per_period:.2f} times in {PERIOD_DAYS} days; expected at most once"
            )

    @classmethod
    def plain(cls, dropout: Literal["bg", "mbg", "pareto", "none"] = "bg", **changes: object) -> Self:
        """Return parameters for purchases alone: BG/NBD, MBG/NBD, Pareto/NBD or NBD data, Gamma-Gamma amounts.

        Parameters
        ----------
        dropout : {"bg", "mbg", "pareto", "none"}
        **changes : object
            Other parameters.
        """
        none: dict[str, object] = {
            "season": (), "weekday": (1.0,) * 7, "return_share": 0.0, "visits": (), "incentives": (),
            "usage_per_year": 0.0, "feedback_per_year": 0.0,
        }  # fmt: skip
        return cls(dropout=dropout, **(none | changes))  # type: ignore[arg-type]

    def without_effects(self) -> Self:
        """Return the same parameters with actions that have no effect, for which `expected_in` is exact."""
        visits = tuple(Action(action.channel, action.per_year, 0.0) for action in self.visits)
        incentives = tuple(Action(action.channel, action.per_year, 0.0) for action in self.incentives)
        return replace(self, visits=visits, incentives=incentives)

    @property
    def needs_world(self) -> bool:
        """Whether a parameter is set that only a `World` knows; then `simulate` runs one."""
        simple = {"channel", "per_year", "effect"}
        effects = [value for action in self.actions for name, value in vars(action).items() if name not in simple]
        return super().needs_world or any(effects)

    @property
    def has_states(self) -> bool:
        """Whether a living customer's future depends on more than the rate: on pauses, or the time since a purchase."""
        return self.gap_phases > 1 or self.pause_days > 0

    @property
    def actions(self) -> tuple[Action, ...]:
        """The visits, then the incentives."""
        return self.visits + self.incentives
