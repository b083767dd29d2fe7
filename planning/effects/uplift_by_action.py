"""Which customers an action moves more: learnt from those drawn at random in past plans, and checked on others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.engines.feature_table import feature_table
from features.errors import TooLittleDataError
from features.store.event_store import EventStore
from planning.effects.five_measures import randomised_rows
from planning.erased_rows import is_erased
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of
from planning.uplift.uplift_evaluation import (
    Calibration,
    Figure,
    auuc,
    calibration,
    figure,
    qini,
    qini_difference,
    rate,
)
from planning.uplift.uplift_model import UpliftModel, clustered_error
from training.models.arrays import Floats

FEWEST = 100
"""Customers of each group from which effects on single customers are learnt."""
MOST_ROWS = 20_000
KNOWN = (
    *("expected_purchases", "loyalty_score", "frequency", "T", "days_since_last_purchase", "purchase_days_90"),
    *("purchase_days_365", "gap_mean", "overdue_ratio", "basket_mean", "spend_365", "visits_face_to_face"),
    *("visits_phone", "visits_email", "visit_positive_share", "visits_followed_14", "days_since_last_visit"),
    *("incentives_sent", "incentive_redemption_share", "usage_90", "feedback_satisfaction_last"),
)
"""What was known of a customer that may tell the response: habits, channels that met the customer, ratings."""


@dataclass(frozen=True)
class ActionUplift:
    """What past plans say of the differences between customers in the effect of an action on purchases.

    Attributes
    ----------
    n_treated, n_control : int
        Rows that it was learnt from.
    model : UpliftModel
    slope : Figure
        Calibration: of the effects seen on those predicted, both of customers whom the model had not seen.
    groups : pandas.DataFrame
        Predicted and seen effects in fifths of the customers, see `uplift_evaluation.Calibration`.
    qini, auuc, rate : Figure
        Of the order by predicted effect.
    response_qini : Figure
        Of the order by a plain response model: the plan's forecast of purchases.
    beyond_response : Figure
        `qini` less `response_qini`, for the same customers.
    gain : Figure
        By how much the squared error on other customers is smaller than with effects proportional to the forecast.
    low, high : float
        The range of the forecasts of the customers seen.
    mean_forecast : float
    """

    n_treated: int
    n_control: int
    model: UpliftModel
    slope: Figure
    groups: pd.DataFrame
    qini: Figure
    auuc: Figure
    rate: Figure
    response_qini: Figure
    beyond_response: Figure
    gain: Figure
    low: float
    high: float
    mean_forecast: float

    @property
    def by_customer(self) -> bool:
        """Whether plans use the effect on each customer: only where it is better by more than a standard error."""
        return self.gain.value > self.gain.standard_error > 0

    @property
    def response_is_as_good(self) -> bool:
        """Whether a plain forecast orders these customers as well, as far as the data can tell."""
        return not self.beyond_response.low > 0

    @property
    def figures(self) -> dict[str, Figure]:
        """All figures by name."""
        return {
            "slope": self.slope,
            "qini": self.qini,
            "auuc": self.auuc,
            "rate": self.rate,
            "response_qini": self.response_qini,
            "beyond_response": self.beyond_response,
            "squared_error_saved": self.gain,
        }

    def beside_proportional(self, table: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return by how many purchases each customer's effect differs from one in proportion to the forecast.

        Parameters
        ----------
        table : pandas.DataFrame, shape (n, columns)
            With the columns of `KNOWN`; absent ones count as null.

        Returns
        -------
        differences, errors : ndarray of float, shape (n,)
            0 for customers whose forecast is outside the range of those seen, of whom nothing is known.
        """
        effects, errors = self.model.predict(known_facts(table))
        forecast = table["expected_purchases"].to_numpy(float)
        like_those_seen = (forecast >= self.low) & (forecast <= self.high)
        proportional = self.model.mean_ * forecast / self.mean_forecast
        spread = np.sqrt(np.maximum(errors**2 - self.model.mean_error_**2, 0))
        return np.where(like_those_seen, effects - proportional, 0.0), np.where(like_those_seen, spread, 0.0)


def known_facts(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `KNOWN` as numbers."""
    return table.reindex(columns=list(KNOWN)).astype(float)


def with_known_facts(store: EventStore, plans: Sequence[Plan], table: pd.DataFrame) -> pd.DataFrame:
    """Return decisions with the features at the cutoff of their plan.

    Parameters
    ----------
    store : EventStore
    plans : sequence of Plan
    table : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it.
    """
    parts = []
    for plan in plans:
        rows = table[table["plan_id"] == plan.plan_id]
        if len(rows):
            features = feature_table(store, cutoff_of(plan, store.timezone)).reindex(rows["customer_id"])
            missing = [name for name in KNOWN if name not in rows]
            facts = features.reindex(columns=missing).set_axis(rows.index)
            parts.append(pd.concat([rows, facts], axis=1))
    return pd.concat(parts) if parts else table.reindex(columns=[*table, *KNOWN])


def enough_for_uplift(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of actions that `FEWEST` customers of each group have shown: for no others features are needed.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it.
    """
    table = randomised_rows(table)
    table = table[~is_erased(table["customer_id"])]  # of them no feature is known
    counts = table.groupby(["action", "treated"])["customer_id"].nunique().groupby("action")
    enough = (counts.min() >= FEWEST) & (counts.size() == 2)
    return table[table["action"].isin(enough.index[enough])]


def uplift_by_action(table: pd.DataFrame, *, seed: int = 0) -> Mapping[str, ActionUplift]:
    """Learn the effect of each action on single customers, from customers drawn at random.

    Parameters
    ----------
    table : pandas.DataFrame
        Decisions with the columns of `KNOWN`, as `with_known_facts` returns them.
    seed : int, default 0

    Returns
    -------
    mapping of str to ActionUplift
        Of the actions that `FEWEST` customers of each group have shown.
    """
    uplifts = {}
    for action, part in enough_for_uplift(table).groupby("action"):
        if part["purchases"].nunique() < 2:
            continue
        if len(part) > MOST_ROWS:
            part = part.sample(MOST_ROWS, random_state=seed)
        try:
            uplifts[str(action)] = _uplift(part, seed)
        except TooLittleDataError:
            continue
    return uplifts


def _uplift(part: pd.DataFrame, seed: int) -> ActionUplift:
    treated = part["treated"].to_numpy(bool)
    own = part["propensity"].to_numpy(float)
    customers = part["customer_id"].to_numpy(object).astype(str)
    model = UpliftModel(seed).fit(
        known_facts(part),
        treated,
        part["purchases"].to_numpy(float),
        np.where(treated, own, 1 - own),
        clusters=customers,
    )
    scores, effects = model.scores_, model.effects_
    expected = part["expected_purchases"].astype(float)
    forecast = expected.fillna(expected.mean()).fillna(0.0).to_numpy()
    mean_forecast = max(float(forecast.mean()), 1e-9)
    saved = (scores - model.mean_ * forecast / mean_forecast) ** 2 - (scores - effects) ** 2
    fit: Calibration = calibration(scores, effects)
    return ActionUplift(
        int(treated.sum()),
        int((~treated).sum()),
        model,
        fit.slope,
        fit.groups,
        qini(scores, effects),
        auuc(scores, effects),
        rate(scores, effects),
        qini(scores, forecast),
        qini_difference(scores, effects, forecast),
        figure(float(saved.mean()), clustered_error(saved, customers)),
        float(forecast.min()),
        float(forecast.max()),
        mean_forecast,
    )
