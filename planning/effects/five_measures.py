"""The five measures of plans: satisfaction, loyalty, purchases, their value, and lifetime, against those left alone.

All are intentions to treat: what being planned changed. Their intervals hold together: all five with 95 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from features.errors import TooLittleDataError
from planning.causal_inference.power import control_needed, critical_values, rounds_needed
from planning.causal_inference.randomised_effect import LEVEL, Effect, randomised_effect, winsorise
from training.models.arrays import Flags, Floats

MEASURES = ("satisfaction", "loyalty", "purchases", "purchase_value", "lifetime")
FAMILY_LEVEL = 1 - (1 - LEVEL) / len(MEASURES)
"""Bonferroni: that of each interval, so that all hold together with 95 %."""
LEAST_CUSTOMERS = 20
"""With fewer in a group nothing is called a change: an interval from so few is narrow too often."""
LEAST_ASKED = 0.5
"""Ratings are compared where at least this share of both groups was asked."""
MOST_WEEKS = 260
"""An effect that takes more weeks of plans is called too small to be shown."""
Verdict = Literal["up", "down", "open", "too_small", "not_comparable", "too_few"]


@dataclass(frozen=True)
class Measure:
    """One measure of the planned customers beside those left alone at random.

    Attributes
    ----------
    name : str
        One of `MEASURES`.
    effect : Effect or None
        None where the groups cannot be compared.
    verdict : {"up", "down", "open", "too_small", "not_comparable", "too_few"}
        `open`: the data show no change and exclude none; `too_few`: fewer than two customers of a group, or outcomes
        that do not differ. `up` and `down` take `LEAST_CUSTOMERS` of each group.
    more_control, more_weeks : int or None
        With an open verdict, how many more customers left alone, or weeks like these with other customers, would show
        the change found, if it is the true one, with a probability of 80 %.
    minimum_detectable : float or None
        The smallest change that these customers show with that probability.
    asked_planned, asked_control : float
        Share of each group with a value.
    cost_of_one_more : float or None
        Currency a unit of the change, where it is up.
    """

    name: str
    effect: Effect | None
    verdict: Verdict
    more_control: int | None = None
    more_weeks: int | None = None
    minimum_detectable: float | None = None
    asked_planned: float = 1.0
    asked_control: float = 1.0
    cost_of_one_more: float | None = None


def five_measures(table: pd.DataFrame, weeks: int | None = None) -> list[Measure]:
    """Return the five measures.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it, with `lifetime` (currency: spend in the horizon and what
        is forecast after it) and `lifetime_before` (the same forecast at the plan's cutoff). Only rows drawn at random
        are compared.
    weeks : int, optional
        How many weeks of plans the table is from; by default as many as it has plans.

    Returns
    -------
    list of Measure
        In the order of `MEASURES`.
    """
    table = randomised_rows(table)
    rounds = weeks or max(1, table["plan_id"].nunique())
    spend, _ = winsorise(table["spend"])
    lifetime, _ = winsorise(table["lifetime"])
    outcomes = {
        "satisfaction": table["satisfaction"].to_numpy(float),
        "loyalty": table["loyalty"].to_numpy(float),
        "purchases": table["purchases"].to_numpy(float),
        "purchase_value": _ratio(
            spend, table["purchases"].to_numpy(float), table["treated"].to_numpy(bool), weights_of(table)
        ),
        "lifetime": lifetime,
    }
    paid = float(table.loc[table["treated"], "cost"].mean()) - float(table.loc[~table["treated"], "cost"].mean())
    return [_measure(name, values, table, rounds, paid) for name, values in outcomes.items()]


def _ratio(spend: Floats, purchases: Floats, treated: Flags, weights: Floats | None) -> Floats:
    """Return values whose weighted mean in each group is its spend a purchase, and whose variance is that of the ratio.

    The value of a purchase is known of buyers only, and who buys may itself be an effect; the ratio of the groups'
    means compares all customers. The values are its linearisation (the delta method).
    """
    values = np.full(len(spend), np.nan)
    w = np.ones(len(spend)) if weights is None else weights
    for side in (treated, ~treated):
        mean = float(np.average(purchases[side], weights=w[side])) if side.any() else 0.0
        if mean > 0:
            ratio = float(np.average(spend[side], weights=w[side])) / mean
            values[side] = ratio + (spend[side] - ratio * purchases[side]) / mean
    return values


def _measure(name: str, values: Floats, table: pd.DataFrame, rounds: int, paid: float) -> Measure:
    given = np.isfinite(values)
    treated = table["treated"].to_numpy(bool)
    asked = [float(given[side].mean()) if side.any() else 0.0 for side in (treated, ~treated)]
    measure = Measure(name, None, "too_few", asked_planned=asked[0], asked_control=asked[1])
    if min(treated.sum(), (~treated).sum()) < 2:
        return measure
    if min(asked) < LEAST_ASKED:
        return replace(measure, verdict="not_comparable")
    part = table[given]
    try:
        effect = randomised_effect(
            values[given],
            treated[given],
            covariates_of(part, name),
            weights=weights_of(part),
            clusters=part["customer_id"] if part["customer_id"].duplicated().any() else None,
            level=FAMILY_LEVEL,
        )
    except TooLittleDataError:
        return measure
    error = effect.standard_error
    measure = replace(measure, effect=effect, minimum_detectable=critical_values(FAMILY_LEVEL) * error)
    if error == 0 or (name == "lifetime" and not part["purchases"].any()):  # then all of it was known before
        return measure
    enough = min(effect.n_treated, effect.n_control) >= LEAST_CUSTOMERS
    if enough and effect.low > 0:
        return replace(measure, verdict="up", cost_of_one_more=paid / effect.estimate if paid > 0 else None)
    if enough and effect.high < 0:
        return replace(measure, verdict="down")
    more_weeks = rounds_needed(effect.estimate, error, level=FAMILY_LEVEL) * rounds - rounds
    if not more_weeks <= MOST_WEEKS:
        return replace(measure, verdict="too_small")
    more_control = control_needed(effect.estimate, error, effect.n_control, level=FAMILY_LEVEL)
    return replace(measure, verdict="open", more_control=max(1, int(more_control)), more_weeks=max(1, int(more_weeks)))


def randomised_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that could have been in either group: those of a plan with a hold-out.

    Where nobody could be left alone, the planned have no counterpart, and what differs between the weeks would pass for
    an effect.

    Parameters
    ----------
    table : pandas.DataFrame
        With `propensity`, the probability of the row's own group.
    """
    propensity = table["propensity"].astype(float)
    return table[(propensity > 0) & (propensity < 1)]


def covariates_of(table: pd.DataFrame, name: str) -> Floats:
    """Return what was known before the plan and tells most of a measure, without nulls."""
    columns: Sequence[str] = {
        "lifetime": ("lifetime_before",),
        "purchase_value": (),
    }.get(name, ("expected_purchases", "purchases_before"))
    known = table[list(columns)].astype(float)
    filled = known.fillna(known.mean()).fillna(0.0)
    values = [
        filled[each].to_numpy() if name == "lifetime" else np.log1p(filled[each].clip(lower=0)) for each in columns
    ]
    rounds = pd.get_dummies(table["plan_id"], drop_first=True, dtype=float)
    return np.column_stack([*values, rounds.to_numpy(), np.empty((len(table), 0))])


def weights_of(table: pd.DataFrame) -> Floats | None:
    """Return 1 / propensity of each row, or None where propensities are not logged or alike within each arm."""
    propensity = table["propensity"].astype(float)
    if not (propensity > 0).all() or table.groupby("treated")["propensity"].nunique().max() <= 1:
        return None
    return np.asarray(1 / propensity, float)


def before_and_after(table: pd.DataFrame) -> pd.DataFrame:
    """Return purchases and spend a customer before and after the cutoff, for both groups side by side.

    Returns
    -------
    pandas.DataFrame
        `group` (planned, control), `customers`, `purchases_before`, `purchases`, `spend_before`, `spend`.
    """
    names = ["purchases_before", "purchases", "spend_before", "spend"]
    rows = []
    for group, part in (("planned", table[table["treated"]]), ("control", table[~table["treated"]])):
        rows.append({"group": group, "customers": len(part), **part[names].mean().to_dict()})
    return pd.DataFrame(rows)


def measure_table(measures: Sequence[Measure]) -> pd.DataFrame:
    """Return the measures as a table, a row each, for workbook and JSON.

    Returns
    -------
    pandas.DataFrame
        `measure, planned, control, change, change_share, low, high, standard_error, customers_planned,
        customers_control, asked_planned, asked_control, minimum_detectable_change, more_control, more_weeks,
        cost_of_one_more, verdict`.
    """
    rows = []
    for each in measures:
        effect = each.effect
        rows.append(
            {
                "measure": each.name,
                "planned": effect.mean_treated if effect else np.nan,
                "control": effect.mean_control if effect else np.nan,
                "change": effect.estimate if effect else np.nan,
                "change_share": effect.relative if effect else np.nan,
                "low": effect.low if effect else np.nan,
                "high": effect.high if effect else np.nan,
                "standard_error": effect.standard_error if effect else np.nan,
                "customers_planned": effect.n_treated if effect else 0,
                "customers_control": effect.n_control if effect else 0,
                "asked_planned": each.asked_planned,
                "asked_control": each.asked_control,
                "minimum_detectable_change": np.nan if each.minimum_detectable is None else each.minimum_detectable,
                "more_control": np.nan if each.more_control is None else float(each.more_control),
                "more_weeks": np.nan if each.more_weeks is None else float(each.more_weeks),
                "cost_of_one_more": np.nan if each.cost_of_one_more is None else each.cost_of_one_more,
                "verdict": each.verdict,
            }
        )
    return pd.DataFrame(rows)
