"""Draws the simulated customers: their rates, chances of churn, spend, satisfaction and responses to actions."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.simulate.seasonal_time import Clock, Floats
from features.simulate.truth import Action, Truth

_RATING_SPREAD = 0.8  # standard deviation, on the logit scale, of satisfaction and loyalty between customers


class Customers(NamedTuple):
    """One value per customer: times in days since the start, rates per day, levels as shares of the rating maximum."""

    first_purchase: Floats
    rate: Floats
    dropout_probability: Floats
    dropout_rate: Floats
    repeats_in_life: Floats
    leaves: Floats
    mean_spend: Floats
    satisfaction: Floats
    loyalty: Floats
    usage_rate: Floats
    visits_at_random: NDArray[np.bool_]
    incentives_at_random: NDArray[np.bool_]
    visit_effects: Floats
    incentive_effects: Floats


def draw_customers(truth: Truth, clock: Clock, count: int, rng: np.random.Generator) -> Customers:
    """Draw `count` customers; effects have one row per customer and one column per channel of the truth."""
    first_purchase = clock.day(rng.random(count) * clock.readings[truth.acquisition_days])
    rate = rng.gamma(truth.r, 1 / truth.alpha, count)

    satisfied = rng.standard_normal(count)
    probability, leaving_rate = np.zeros(count), np.zeros(count)
    repeats, leaves = np.full(count, np.inf), np.full(count, np.inf)
    if truth.dropout in ("bg", "mbg"):
        probability = _reordered(rng.beta(truth.a, truth.b, count), -satisfied, truth.dropout_follows, rng)
        # Geometric by inversion: NumPy's own sampler overflows for probabilities near 0.
        chance = np.clip(probability, 1e-12, 1 - 1e-12)
        repeats = np.floor(np.log(1 - rng.random(count)) / np.log1p(-chance)) + (truth.dropout == "bg")
    elif truth.dropout == "pareto":
        leaving_rate = rng.gamma(truth.s, 1 / truth.beta, count)
        leaving_rate = np.maximum(_reordered(leaving_rate, -satisfied, truth.dropout_follows, rng), 1e-300)
        leaves = first_purchase + rng.exponential(1 / leaving_rate)

    loyal = _correlated(satisfied, truth.loyalty_follows, rng)
    middle = np.log(truth.satisfaction_median / (1 - truth.satisfaction_median))
    return Customers(
        first_purchase=first_purchase,
        rate=rate,
        dropout_probability=probability,
        dropout_rate=leaving_rate,
        repeats_in_life=repeats,
        leaves=leaves,
        mean_spend=truth.spend_p * truth.spend_gamma / rng.standard_gamma(truth.spend_q, count),
        satisfaction=1 / (1 + np.exp(-middle - _RATING_SPREAD * satisfied)),
        loyalty=1 / (1 + np.exp(-middle - _RATING_SPREAD * loyal)),
        usage_rate=(rng.random(count) < truth.usage_share)
        * (rng.standard_exponential(count) * truth.usage_per_year / 365.25),
        visits_at_random=rng.random(count) < truth.visit_random_share,
        incentives_at_random=rng.random(count) < truth.incentive_random_share,
        visit_effects=_effects(truth.visits, satisfied, truth, rng),
        incentive_effects=_effects(truth.incentives, satisfied, truth, rng),
    )


def _correlated(latent: Floats, correlation: float, rng: np.random.Generator) -> Floats:
    mixed: Floats = correlation * latent + np.sqrt(1 - correlation**2) * rng.standard_normal(len(latent))
    return mixed


def _reordered(values: Floats, latent: Floats, correlation: float, rng: np.random.Generator) -> Floats:
    """Reorder the values so that they correlate with the latent; keeps their distribution (Iman, Conover 1982)."""
    reordered = np.empty_like(values)
    reordered[np.argsort(_correlated(latent, correlation, rng))] = np.sort(values)
    return reordered


def _effects(actions: tuple[Action, ...], satisfied: Floats, truth: Truth, rng: np.random.Generator) -> Floats:
    spread = truth.response_spread
    response = np.exp(spread * _correlated(satisfied, truth.response_follows, rng) - spread**2 / 2)
    effects: Floats = np.outer(response, [action.effect for action in actions])
    return np.maximum(effects, -1.0)
