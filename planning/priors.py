"""Effects of past plans as what the next plan expects: the catalogue's guesses, corrected by what was seen."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
from scipy import stats

from features.errors import TooLittleDataError
from planning.actions import Catalogue
from planning.effects import LEVEL, Effect, randomised_effect
from planning.outcomes import covariates_of, drawn_at_random, weights_of

LEAST_CUSTOMERS = 20
"""A plan learns from an action that so many customers of each group have shown."""


def effects_by_action(table: pd.DataFrame) -> dict[str, Effect]:
    """Return the effect of each action on purchases, pooled over rounds, against its own customers left alone.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.decisions.decisions` returns it; only rows drawn at random are compared.

    Returns
    -------
    dict of str to Effect
        By action; one with fewer than two customers of a group, or without any variation, is left out.
    """
    found = {}
    for action, part in drawn_at_random(table).groupby("action"):
        clusters = part["customer_id"] if part["customer_id"].duplicated().any() else None
        try:
            effect = randomised_effect(
                part["purchases"],
                part["treated"],
                covariates_of(part, "purchases"),
                weights=weights_of(part),
                clusters=clusters,
            )
        except TooLittleDataError:
            continue
        if effect.standard_error > 0:
            found[str(action)] = effect
    return found


def effects_of_one_action(table: pd.DataFrame) -> dict[str, Effect]:
    """Return the effect on purchases of planning an action once, of actions that enough customers have shown.

    Whoever is held out is held out for a whole horizon, while the planned may be planned again in it. So the difference
    is that of all actions planned in the horizon, and is divided by how many more the planned have. Each counts as if
    it were the first's, and for the whole time that it acts.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.decisions.decisions` returns it.

    Returns
    -------
    dict of str to Effect
        By action, where both groups have `LEAST_CUSTOMERS` customers and those left alone bought at all. The standard
        error is that whose normal interval is as wide as Student's.
    """
    table = drawn_at_random(table)
    effects = {}
    for action, effect in effects_by_action(table).items():
        part = table[table["action"] == action]
        treated = part["treated"].astype(bool)
        customers = [part.loc[side, "customer_id"].nunique() for side in (treated, ~treated)]
        more = part.loc[treated, "planned_in_horizon"].mean() - part.loc[~treated, "planned_in_horizon"].mean()
        if min(customers) < LEAST_CUSTOMERS or not effect.mean_left > 0 or not more > 0:
            continue
        error = (effect.high - effect.low) / 2 / float(stats.norm.ppf((1 + LEVEL) / 2))
        effects[action] = replace(
            effect,
            estimate=effect.estimate / more,
            standard_error=error / more,
            low=effect.low / more,
            high=effect.high / more,
            mean_treated=effect.mean_left + effect.estimate / more,
        )
    return effects


def posterior(guess: float, width: float, seen: float, error: float) -> tuple[float, float]:
    """Return mean and standard deviation of a normal guess after a normal observation.

    References
    ----------
    Gelman et al. (2013), Bayesian Data Analysis, 2.5.

    Examples
    --------
    >>> mean, width = posterior(0.1, 0.1, 0.3, 0.1)
    >>> round(mean, 3), round(width, 3)
    (0.2, 0.071)
    """
    precision = 1 / width**2 + 1 / error**2
    return (guess / width**2 + seen / error**2) / precision, float(precision**-0.5)


def learned_catalogue(catalogue: Catalogue, effects: Mapping[str, Effect], horizon_days: int) -> Catalogue:
    """Return the catalogue with the effects that past plans have shown.

    A catalogue's effect is a relative change of purchases while the action acts; what was seen is one over the whole
    horizon, so it is divided by the share of the horizon in which the action acts. It is of actions as planned: where a
    third is skipped, the next plan expects that too.

    Parameters
    ----------
    catalogue : Catalogue
    effects : mapping of str to Effect
        Of purchases, by action, as `effects_of_one_action` returns them.
    horizon_days : int
        In which they were counted.

    Returns
    -------
    Catalogue
        `effect` and `effect_width` of the actions seen are those after the observation; the others are as they were.
    """
    actions = []
    for action in catalogue.actions:
        seen = effects.get(action.name)
        if seen is not None and seen.mean_left > 0:
            stretch = max(1.0, horizon_days / action.acts_days) / seen.mean_left
            mean, width = posterior(
                action.effect, action.effect_width, seen.estimate * stretch, seen.standard_error * stretch
            )
            action = msgspec.structs.replace(action, effect=float(np.clip(mean, -1, 10)), effect_width=width)
        actions.append(action)
    return msgspec.structs.replace(catalogue, actions=tuple(actions))
