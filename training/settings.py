"""Settings of training, each class a section of `regulars.toml`: what a fit learns from, trials, the gate."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from features.errors import InvalidArgumentError

BASELINES = (
    *("zero", "base_rate", "own_rate", "days_since_last_purchase", "rule"),
    *("bg_nbd", "mbg_nbd", "pareto_nbd"),
)
ALLOW_UNCOMPILED = "set [gate] allow_uncompiled = true"
"""What to do about a model without a compiled form."""
HORIZON_MAXIMUM, VALUE_MAXIMUM = 3650, 1095
"""Days."""


@dataclass(frozen=True)
class ForecastSettings:
    """What is forecast for a whole base.

    Attributes
    ----------
    horizon_days : int
        How many days from the cutoff on to forecast.
    value_days : int, optional
        Adds customer_value, the discounted spend expected in this many days.
    discount_rate : float
        The yearly discount rate of customer_value.
    """

    horizon_days: int = 90
    value_days: int | None = field(default=None, metadata={"example": 1095})
    discount_rate: float = 0.10

    def __post_init__(self) -> None:
        for name, value, high in (
            ("horizon_days", self.horizon_days, HORIZON_MAXIMUM),
            ("value_days", self.value_days, VALUE_MAXIMUM),
        ):
            if value is not None and not 1 <= value <= high:
                raise InvalidArgumentError(f"{name} is {value}, expected 1 to {high} days")
        if not 0 <= self.discount_rate <= 10:
            raise InvalidArgumentError(f"discount_rate is {self.discount_rate}, expected a yearly rate of 0 to 10")


@dataclass(frozen=True)
class FitSettings:
    """What a fit learns from.

    Attributes
    ----------
    horizons : tuple of int
        Lengths in days of the windows.
    max_customers : int
        How many customers a full fit learns from at most. Estimates settle long before, and memory stays bounded.
    quick_max_customers : int
        How many customers a quick fit learns from at most.
    """

    horizons: tuple[int, ...] = (30, 90, 180, 365)
    max_customers: int = 50_000
    quick_max_customers: int = 10_000

    def __post_init__(self) -> None:
        if not self.horizons or min(self.horizons) < 1:
            raise InvalidArgumentError(f"horizons are {self.horizons}, expected one or more lengths of at least 1 day")
        if min(self.max_customers, self.quick_max_customers) < 1:
            raise InvalidArgumentError("a fit needs customers: set max_customers and quick_max_customers to at least 1")


@dataclass(frozen=True)
class CandidateSettings:
    """Which models take part, by their names in `training.models.catalog.MODELS`.

    Attributes
    ----------
    models : tuple of str
        The candidates of a fit. The best in trials on past windows becomes challenger; of equals it is the first, and a
        quick fit tries the first alone.
    baselines : tuple of str
        The models that each candidate is compared with.
    """

    models: tuple[str, ...] = ("standard", "bold", "cautious")
    baselines: tuple[str, ...] = BASELINES

    def __post_init__(self) -> None:
        for kind, names in (("candidates", self.models), ("baselines", self.baselines)):
            if not names:
                raise InvalidArgumentError(f"there are no {kind}: name at least one model")

    def tried(self, quick: bool) -> tuple[str, ...]:
        """Return the candidates to try."""
        return tuple(dict.fromkeys(self.models))[: 1 if quick else None]


@dataclass(frozen=True)
class TrialSettings:
    """At which dates and over which horizons candidates are tried.

    Attributes
    ----------
    horizons : tuple of int
        Days that are forecast.
    step_days : int
        Days between two trials, and between the last trial and the end of the log; at least the longest horizon, so
        that each trial is over.
    count : int
        How many trials of a full fit.
    quick_count : int
        How many trials of a quick fit.
    max_customers : int
        How many customers judge, drawn anew at each date. More would not narrow the intervals noticeably.
    least_history_days : int
        How many days of the log a trial needs before its date.
    metrics : tuple of str
        Which metrics are reported and tracked, by their names in `training.evaluation.catalog.METRICS`; all without
        any. Candidates are chosen by deviance and log loss whatever is reported.
    """

    horizons: tuple[int, ...] = (30, 90)
    step_days: int = 90
    count: int = 3
    quick_count: int = 1
    max_customers: int = 100_000
    least_history_days: int = 120
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.horizons or not 1 <= min(self.horizons) <= max(self.horizons) <= self.step_days:
            raise InvalidArgumentError(
                f"trials have horizons {self.horizons} and are {self.step_days} days apart: "
                "give horizons of at least 1 day, none longer than step_days"
            )
        for name in ("count", "quick_count", "max_customers", "least_history_days"):
            if getattr(self, name) < 1:
                raise InvalidArgumentError(f"{name} of the trials is {getattr(self, name)}, expected at least 1")


@dataclass(frozen=True)
class GateLimits:
    """What the gate requires of a challenger.

    Attributes
    ----------
    windows : int
        Only this many last windows count.
    margin : float
        By what share of the champion's loss the challenger may be worse; 0: it must be better, with its interval.
    calibration : float
        Largest calibration error of the churn probability, 0 to 1, at each horizon. One unusual season may cause .05.
    milliseconds : float
        Longest processor time to forecast one customer, in a batch.
    customers : int
        Fewest customers to judge by.
    draws : int
        Number of bootstrap draws.
    allow_uncompiled : bool
        Whether a model without a compiled form may be promoted and published: a service forecasts by its estimator.

    Examples
    --------
    >>> GateLimits(calibration=0.06).margin
    0.0
    """

    windows: int = 3
    margin: float = 0.0
    calibration: float = 0.05
    milliseconds: float = 1.0
    customers: int = 100
    draws: int = 400
    allow_uncompiled: bool = False

    def __post_init__(self) -> None:
        for name, least in (("windows", 1), ("customers", 1), ("draws", 2), ("margin", 0)):
            if not getattr(self, name) >= least:
                raise InvalidArgumentError(f"the gate's {name} is {getattr(self, name)}, expected at least {least}")
        if not (0 < self.calibration <= 1 and self.milliseconds > 0):
            raise InvalidArgumentError(
                f"the gate's calibration is {self.calibration}, its milliseconds {self.milliseconds}: "
                "give a calibration above 0 and up to 1, and a time above 0"
            )


@dataclass(frozen=True)
class RefitLimits:
    """What the gate requires of a refit of the recipe in service.

    Attributes
    ----------
    kept_events : float
        The least share of the events before the last fit that the log must still have.
    volume : float
        By what factor, either way, the purchases of the new weeks may differ from the median of the 8 weeks before; as
        far as last year's did in these weeks is allowed too.
    null_share : float
        By how much the share of nulls of a column may change from the 8 weeks before to the new ones.
    baseline_margin : float
        By what share of its loss the recipe may be worse in the trials than the best baseline, 0.02 for 2 %.
    recipe_margin : float
        By how much the recipe's loss, as a share of that of BG/NBD, may be higher than at the last fit.
    outcome : float
        By what factor, either way, the purchases since the last fit may differ from the 7-day forecasts in service.
    total : float
        By what share the total of the forecasts may change at one date, beyond what the outcome explains.
    distribution : float
        Largest Kolmogorov-Smirnov distance between the forecasts of both versions.
    rank_correlation : float
        Least rank correlation between the forecasts of both versions.
    band_changes : float
        Largest share of customers who change their band of churn probability (edges .2, .4, .6, .8).
    horizon_days : int
        The horizon at which the two versions are compared.

    Examples
    --------
    >>> RefitLimits(total=0.1).outcome
    2.0
    """

    kept_events: float = 0.98
    volume: float = 2.0
    null_share: float = 0.1
    baseline_margin: float = 0.02
    recipe_margin: float = 0.05
    outcome: float = 2.0
    total: float = 0.15
    distribution: float = 0.075
    rank_correlation: float = 0.99
    band_changes: float = 0.15
    horizon_days: int = 90

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            factor = limit.name in ("volume", "outcome", "horizon_days")
            if not (value >= 1 if factor else 0 <= value <= 1):
                raise InvalidArgumentError(
                    f"the gate's {limit.name} is {value}, expected {'at least 1' if factor else 'a share from 0 to 1'}"
                )


@dataclass(frozen=True)
class PublishSettings:
    """How versions are shipped to the service.

    Attributes
    ----------
    signing_key : Path, optional
        The private key that signs published versions, made by `regulars signing-key`; without it they are not signed.
    """

    signing_key: Path | None = field(default=None, metadata={"example": "publisher.key"})
