"""What another plan of the same week would have brought, from the random draws of the plan that was carried out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import BayesianRidge

from features.errors import HorizonNotOverError
from planning.causal_inference.nuisance_models import FOLDS, folds_of
from planning.causal_inference.randomised_effect import winsorise
from planning.effects.comparable_plans import check_other_plan, overlap_of
from planning.effects.five_measures import randomised_rows
from planning.plan_folder import Plan
from planning.uplift.policy_value import PolicyValue, policy_value
from planning.uplift.uplift_evaluation import Figure, figure
from training.models.arrays import Floats

OUTCOMES = ("purchases", "spend")


@dataclass(frozen=True)
class OtherPlan:
    """The outcomes of the carried-out plan's customers, had the other plan been carried out.

    Attributes
    ----------
    plan_id, other_id, week : str
    customers : int
        Customers of the carried-out plan of whom the log can say what the other plan would have brought.
    excluded : int
        Customers of the carried-out plan for whom the other plan has an action that the draw never gave them.
    outside : int
        Customers of the other plan who are not in the carried-out one, so that nothing is known of them.
    values : dict of str to PolicyValue
        By outcome, `purchases` and `spend` (currency, cut at the 99th percentile of those above 0): its mean a customer
        under the other plan.
    own : dict of str to float
        The same under the plan that was carried out, its hold-out included.
    differences : dict of str to Figure
        Other plan less carried-out plan, doubly robust.
    """

    plan_id: str
    other_id: str
    week: str
    customers: int
    excluded: int
    outside: int
    values: dict[str, PolicyValue]
    own: dict[str, float]
    differences: dict[str, Figure]


def other_plan(table: pd.DataFrame, plans: Sequence[Plan], other: Plan) -> OtherPlan:
    """Return what another plan would have brought to the customers of the plan of the same week.

    Both plans leave a share of their customers alone at random. The carried-out one gave each of its customers an
    action or nothing with known probabilities; rows are weighted by those of the other plan over these.

    Parameters
    ----------
    table : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it.
    plans : sequence of Plan
        Those that were carried out.
    other : Plan
        One of the same week.

    Raises
    ------
    HorizonNotOverError
        When the horizon of the plan of that week is not over.
    PlanError
        When no plan of that week was carried out, or it is this one.
    TooLittleDataError
        When the plans have too little in common for a value that means something.

    References
    ----------
    Dudik, Langford & Li (2011), ICML (doubly robust policy evaluation).
    """
    plan = check_other_plan(plans, other)
    rows = randomised_rows(table[table["plan_id"] == plan.plan_id])
    if rows.empty:
        raise HorizonNotOverError(
            f"the horizon of {plan.plan_id} is not over, so nothing can be said of {other.plan_id} yet: append later "
            "events, or give a plan of another week"
        )
    overlap = overlap_of(rows, plan, other)
    possible = overlap.possible
    kept = rows[possible].reset_index(drop=True)
    doing, probability = overlap.doing[possible], overlap.probability[possible]
    done = kept["treated"].to_numpy(bool)
    own_doing = np.where(done, kept["propensity"], 1 - kept["propensity"]).astype(float)
    values, own, differences = {}, {}, {}
    for name in OUTCOMES:
        y = winsorise(kept[name])[0] if name == "spend" else kept[name].to_numpy(float)
        with_action, without = _expected(kept, done, y)
        logged_mean = np.where(done, with_action, without)
        other_mean = doing * with_action + (1 - doing) * without
        own_mean = own_doing * with_action + (1 - own_doing) * without
        propensity = kept["propensity"].to_numpy(float)
        value = policy_value(y, propensity, probability, expected_logged=logged_mean, expected=other_mean)
        values[name], own[name] = value, float(y.mean())
        terms = other_mean - own_mean + (probability / propensity - 1) * (y - logged_mean)
        differences[name] = figure(float(terms.mean()), float(terms.std(ddof=1) / np.sqrt(len(terms))))
    return OtherPlan(
        plan.plan_id,
        other.plan_id,
        str(other.manifest["week"]),
        len(kept),
        int((~possible).sum()),
        overlap.outside,
        values,
        own,
        differences,
    )


def _expected(rows: pd.DataFrame, done: np.ndarray, y: Floats) -> tuple[Floats, Floats]:
    """Return the expected outcome of each row with its action and without, by a regression on other customers."""
    known = rows[["expected_purchases", "purchases_before", "spend_before"]].astype(float)
    facts = np.log1p(known.fillna(known.mean()).fillna(0.0).clip(lower=0).to_numpy())
    actions = pd.get_dummies(rows["action"], dtype=float).to_numpy()

    def design(doing: np.ndarray) -> Floats:
        t = doing.astype(float)[:, None]
        return np.column_stack([facts, actions, t * actions, t * facts])

    fold = folds_of(rows["customer_id"], FOLDS)
    x, both = design(done), (design(np.ones(len(rows))), design(np.zeros(len(rows))))
    predicted = np.zeros((2, len(rows)))
    for k in range(FOLDS):
        here, there = fold == k, fold != k
        if here.any() and there.any():
            model = BayesianRidge().fit(x[there], y[there])
            for side in (0, 1):
                predicted[side, here] = model.predict(both[side][here])
    return predicted[0], predicted[1]
