"""The effect of each action on purchases, against its own customers left alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from features.errors import TooLittleDataError
from planning.causal_inference.pooling import pooled_effect
from planning.causal_inference.randomised_effect import LEVEL, Effect, randomised_effect
from planning.effects.five_measures import LEAST_CUSTOMERS, covariates_of, randomised_rows, weights_of


def effects_by_action(table: pd.DataFrame) -> dict[str, Effect]:
    """Return the effect of each action on purchases, pooled over rounds, against its own customers left alone.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it; only rows drawn at random are compared.

    Returns
    -------
    dict of str to Effect
        By action; one with fewer than two customers of a group, or without any variation, is left out.
    """
    effects = {}
    for action, part in randomised_rows(table).groupby("action"):
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
            effects[str(action)] = effect
    return effects


def effects_of_one_action(table: pd.DataFrame) -> dict[str, Effect]:
    """Return the effect on purchases of planning an action once, of actions that enough customers have shown.

    Whoever is held out is held out for a whole horizon, while the planned may be planned again in it. So the difference
    is that of all actions planned in the horizon, and is divided by how many more the planned have. Each counts as if
    it were the first's, and for the whole time that it acts.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it.

    Returns
    -------
    dict of str to Effect
        By action, where both groups have `LEAST_CUSTOMERS` customers and those left alone bought at all. The standard
        error is that whose normal interval is as wide as Student's.
    """
    table = randomised_rows(table)
    effects = {}
    for action, effect in effects_by_action(table).items():
        part = table[table["action"] == action]
        treated = part["treated"].astype(bool)
        customers = [part.loc[side, "customer_id"].nunique() for side in (treated, ~treated)]
        more = planned_more(part)
        if min(customers) < LEAST_CUSTOMERS or not effect.mean_control > 0 or not more > 0:
            continue
        error = (effect.high - effect.low) / 2 / float(stats.norm.ppf((1 + LEVEL) / 2))
        effects[action] = replace(
            effect,
            estimate=effect.estimate / more,
            standard_error=error / more,
            low=effect.low / more,
            high=effect.high / more,
            mean_treated=effect.mean_control + effect.estimate / more,
        )
    return effects


def planned_more(part: pd.DataFrame) -> float:
    """Return how many actions more the planned customers of an action have in the horizon than those left alone."""
    treated = part["treated"].astype(bool)
    return float(part.loc[treated, "planned_in_horizon"].mean() - part.loc[~treated, "planned_in_horizon"].mean())


@dataclass(frozen=True)
class PooledRounds:
    """The effect of planning an action once, round by round, as a share of what those left alone bought.

    Attributes
    ----------
    rounds : pandas.DataFrame
        `plan_id, change, error, shrunk, shrunk_error`: what a round has shown by itself, and drawn to the mean of all
        rounds as far as they agree.
    mean, standard_error : float
        Of the distribution that the rounds' effects come from, by restricted maximum likelihood.
    spread : float
        The standard deviation of the true effect between rounds.
    """

    rounds: pd.DataFrame
    mean: float
    standard_error: float
    spread: float

    @property
    def next_error(self) -> float:
        """The standard deviation of the effect in a round to come."""
        return float(np.hypot(self.standard_error, self.spread))


def pooled_rounds(table: pd.DataFrame) -> dict[str, PooledRounds]:
    """Return the effects of actions that several rounds have shown, pooled by a random-effects model.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it.

    Returns
    -------
    dict of str to PooledRounds
        By action, of those for which two plans or more have `LEAST_CUSTOMERS` customers in each group. A customer of
        several rounds counts in each as another one.
    """
    by_action: dict[str, list[tuple[str, Effect]]] = {}
    for plan_id, part in randomised_rows(table).groupby("plan_id", sort=False):
        for action, effect in effects_of_one_action(part).items():
            by_action.setdefault(action, []).append((str(plan_id), effect))
    return {action: _pooled(of_rounds) for action, of_rounds in by_action.items() if len(of_rounds) > 1}


def _pooled(of_rounds: Sequence[tuple[str, Effect]]) -> PooledRounds:
    shares = [
        replace(
            effect,
            estimate=effect.estimate / effect.mean_control,
            standard_error=effect.standard_error / effect.mean_control,
        )
        for _, effect in of_rounds
    ]
    pooled = pooled_effect(shares)
    rounds = pd.DataFrame(
        {
            "plan_id": [plan_id for plan_id, _ in of_rounds],
            "change": [each.estimate for each in shares],
            "error": [each.standard_error for each in shares],
            "shrunk": pooled.shrunk,
            "shrunk_error": pooled.shrunk_errors,
        }
    )
    return PooledRounds(rounds, pooled.mean, pooled.standard_error, pooled.spread)
