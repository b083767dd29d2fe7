"""The manifest of a plan: what it was made from, its limits and prices, and what it says of itself."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from scipy.stats import norm

from planning.allocation.limits import Limits
from planning.catalogue.actions import Catalogue
from planning.options.earlier_plans import EarlierPlans
from planning.options.options_table import LEVEL_Z
from planning.plan_folder import Plan

INPUTS = {
    "store": "the event log",
    "plans": "earlier plans",
    "records": "records of earlier plans",
    "customers": "the customers' table",
}
SETTINGS = {
    "forecasts": "the forecasts",
    "formula_version": "the formula",
    "posterior_effects": "effects seen in earlier plans",
    "later_opt_outs": "later opt-outs",
    "rules": "the rules of offers",
    "catalogue": "the catalogue",
    "seed": "the seed",
    "as_of": "the cutoff",
    "week": "the week",
}
DIGITS = 10
"""Significant digits of the manifest's numbers: the last bits of a sum depend on the machine."""


def identity(week: str, inputs: Mapping[str, Any]) -> str:
    """Return the id of a plan: its week, and a hash of all that goes into it.

    Parameters
    ----------
    week : str
        Like 2026-W48.
    inputs : mapping of str to Any
        What JSON can hold.

    Returns
    -------
    str
        Like `2026-W48-9c1f02ab`.
    """
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False)
    return f"{week}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def plan_digests(plans: Sequence[Plan], earlier_plans: EarlierPlans, customers: pd.DataFrame | None) -> dict[str, Any]:
    """Return the digests of what a plan is made from beside the log, for a manifest.

    Parameters
    ----------
    plans : sequence of Plan
        Those known at the cutoff.
    earlier_plans : EarlierPlans
        What they and their records say at the cutoff.
    customers : DataFrame, optional
        The customers' table as known at the cutoff.

    Returns
    -------
    dict of str to Any
        `plans`, digests by id; `records`; and `customers` where there is a table.
    """
    skips = earlier_plans.skips.astype({"recorded_at": str}).sort_values(
        earlier_plans.skips.columns.tolist(), ignore_index=True
    )
    content = [sorted(earlier_plans.contacts.items()), sorted(earlier_plans.control), skips.to_json(orient="split")]
    digests: dict[str, Any] = {
        "plans": {each.plan_id: each.manifest["plan_digest"] for each in plans},
        "records": _digest(json.dumps(content, ensure_ascii=False, default=int)),
    }
    if customers is not None:
        table = customers.sort_index()
        digests["customers"] = _digest(
            table.to_json(orient="split", date_format="iso", date_unit="us", force_ascii=False)
        )
    return digests


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def changed_inputs(former: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    """Return which inputs of two plans differ, in words, of manifests of one week, cutoff and catalogue.

    Parameters
    ----------
    former, manifest : mapping of str to Any

    Returns
    -------
    list of str
    """
    pairs = [(words, former["digests"].get(key), manifest["digests"].get(key)) for key, words in INPUTS.items()]
    pairs += [(words, former.get(key), manifest.get(key)) for key, words in SETTINGS.items()]
    return [words for words, before, now in pairs if before != now]


def catalogue_table(catalogue: Catalogue) -> dict[str, Any]:
    """Return a catalogue as tables that JSON can hold, from which `catalogue_of` makes it again."""
    table: dict[str, Any] = json.loads(msgspec.json.encode(catalogue))
    return table


def catalogue_of(table: Mapping[str, Any]) -> Catalogue:
    """Return the catalogue of a manifest."""
    return msgspec.convert(table, Catalogue)


def limit_rows(limits: Limits, chosen: np.ndarray, prices: np.ndarray) -> list[dict[str, Any]]:
    """Return capacity, use and price of each limit; the capacity of a minimum is None.

    Parameters
    ----------
    limits : Limits
    chosen : ndarray of bool, shape (n_options,)
    prices : ndarray of float64, shape (n_limits,)
        What one more unit of each limit is worth.
    """
    used = np.asarray(limits.usage[np.flatnonzero(chosen)].sum(axis=0)).ravel()
    rows = []
    for row, use, price in zip(limits.table.to_dict("records"), used, prices, strict=True):
        capacity = float(row["capacity"])
        rows.append(
            {
                "limit": row["limit"],
                "pool": row["pool"],
                "unit": row["unit"],
                "rep": row["rep"] if isinstance(row["rep"], str) else None,
                "capacity": capacity if np.isfinite(capacity) else None,
                "used": round_digits(float(use)),
                "price": round_digits(max(float(price), 0.0)),
            }
        )
    return rows


def value_rows(done: pd.DataFrame) -> dict[str, Any]:
    """Return what the rows of the arm `do` bring together, with an 80 % interval.

    The effect of an action is uncertain for all its customers at once, so within an action the widths add up; those of
    different actions are independent.

    Parameters
    ----------
    done : DataFrame
        Options of the arm `do`, with `guessed`, whether the effect is a guess.
    """
    width = float(np.sqrt((done.groupby("action")["value_width"].sum() ** 2).sum())) if len(done) else 0.0
    expected = float(done["value"].sum())
    kinds = done["channel"].where(done["event_type"] == "visit", "incentive")
    counts = kinds.value_counts()
    order = ["face_to_face", "phone", "email", *sorted(set(counts.index) - {"face_to_face", "phone", "email"})]
    return {
        "rows": len(done),
        "counts": {kind: int(counts[kind]) for kind in order if kind in counts},
        "expected": round_digits(expected),
        "low": round_digits(expected - LEVEL_Z * width),
        "high": round_digits(expected + LEVEL_Z * width),
        "cost": round_digits(float(done["cost_expected"].sum())),
        "guessed": bool(done["guessed"].any()),
    }


def chance_over_budget(done: pd.DataFrame, catalogue: Catalogue) -> float:
    """Return the chance that what is done costs more than the budget, because more is redeemed than expected.

    Parameters
    ----------
    done : DataFrame
        Options of the arm `do`, with `rep`, and `face`, what one redemption costs.
    catalogue : Catalogue

    Returns
    -------
    float
        The largest over the pools of currency, and over the reps where each has a pool; redemptions count as a Poisson
        process, which errs upwards.
    """
    worst = 0.0
    for pool in (each for each in catalogue.pools if each.unit == "currency"):
        actions = {each.name: each.cost for each in catalogue.actions if pool.name in each.pools}
        rows = done[done["action"].isin(actions)]
        redeemed = rows["cost_expected"] - rows["action"].map(actions).astype(float)
        spread = rows.assign(variance=(redeemed * rows["face"]).clip(lower=0))
        for _, own in spread.groupby("rep") if pool.per == "rep" else [("", spread)]:
            if (deviation := float(np.sqrt(own["variance"].sum()))) > 0:
                worst = max(worst, float(norm.sf((pool.amount - own["cost_expected"].sum()) / deviation)))
    return round_digits(worst)


def round_digits(number: float) -> float:
    """Return a number to `DIGITS` significant digits.

    Examples
    --------
    >>> round_digits(0.1 + 0.2)
    0.3
    """
    return float(f"{number:.{DIGITS}g}")


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it, numbers rounded; infinite ones and NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return round_digits(float(value)) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
