"""The page of what plans changed: the five measures first, what is not randomised below and labelled."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planning.causal_inference.randomised_effect import Effect
from planning.effects.effects_by_action import PooledRounds
from planning.effects.effects_of_plans import EffectsOfPlans
from planning.effects.five_measures import Measure
from planning.effects.uplift_by_action import ActionUplift
from planning.files.effect_words import (
    DIGITS,
    KIND_WORDS,
    MEASURE_WORDS,
    change_words,
    figure_words,
    headline,
    interval_words,
    mean_words,
    other_plan_words,
    uplift_words,
    verdict_words,
)
from planning.files.rendering import write_page

LISTED_FEATURES = 10
"""The features with the largest difference left after weighting that the page lists."""


def write_effects_page(path: str | Path, found: EffectsOfPlans, language: str = "en") -> None:
    """Write the page.

    Parameters
    ----------
    path : str or Path
        Replaced in one step.
    found : EffectsOfPlans
    language : {"en", "zh"}
        The language shown first.
    """
    over = found.plans[found.plans["over"]]
    waiting = found.plans[~found.plans["over"]]
    counts = {name: int(over[name].sum()) for name in ("planned", "control", "carried_out", "control_contacted")}
    write_page(
        path,
        "effects.html",
        language,
        title=("What the plans changed", "计划带来的变化"),
        headline=headline(found.measures),
        horizon=found.horizon_days,
        repeated=int(found.decisions["customer_id"].value_counts().gt(1).sum()),
        counts=counts,
        not_drawn=found.not_drawn,
        over=over.to_dict("records"),
        waiting=waiting.to_dict("records"),
        measures=[_measure(each) for each in found.measures],
        complier_effect=_effect(found.complier_effect, 3) if found.complier_effect else None,
        complier_bounded=found.complier_effect is not None
        and bool(np.isfinite([found.complier_effect.low, found.complier_effect.high]).all()),
        actions=[(name.replace("_", " "), _effect(effect, 3)) for name, effect in found.by_action.items()],
        rounds=[_rounds(name, each, found.plans) for name, each in found.rounds.items()],
        uplift=[_uplift(name, each) for name, each in found.uplift.items()],
        other=found.other,
        other_words=other_plan_words(found.other) if found.other else [],
        before_after=found.before_after.to_dict("records"),
        observational=[
            {
                "words": KIND_WORDS[kind],
                "effect": _effect(each.effect, 3),
                "robustness": 100 * each.robustness,
                "robust_interval": 100 * each.robustness_of_interval,
                "trimmed": each.trimmed,
                "overlap": each.overlap[(each.overlap["treated"] + each.overlap["control"]) > 0].to_dict("records"),
                "most": max(1, int(each.overlap[["treated", "control"]].to_numpy().max())),
                "balance": each.balance.head(LISTED_FEATURES).to_dict("records"),
            }
            for kind, each in found.observational.items()
        ],
    )


def _rounds(action: str, pooled: PooledRounds, plans: pd.DataFrame) -> dict[str, Any]:
    weeks = plans.set_index("plan_id")["week"]
    reach = 1.96 * pooled.standard_error
    return {
        "action": action.replace("_", " "),
        "rows": [
            {"week": weeks.get(plan_id) or plan_id, "change": percent(change), "shrunk": percent(shrunk)}
            for plan_id, change, shrunk in zip(
                *(pooled.rounds[name].tolist() for name in ("plan_id", "change", "shrunk")), strict=True
            )
        ],
        "mean": percent(pooled.mean),
        "low": percent(pooled.mean - reach),
        "high": percent(pooled.mean + reach),
        "spread": percent(pooled.spread).lstrip("+"),
    }


def _uplift(name: str, uplift: ActionUplift) -> dict[str, Any]:
    figures = {
        ("calibration slope", "校准斜率"): uplift.slope,
        ("Qini", "Qini"): uplift.qini,
        ("AUUC", "AUUC"): uplift.auuc,
        ("RATE (AUTOC)", "RATE（AUTOC）"): uplift.rate,
        ("Qini of a plain forecast of purchases", "单纯购买预测的 Qini"): uplift.response_qini,
        ("difference of the two", "两者之差"): uplift.beyond_response,
    }
    ends: list[float] = [*uplift.groups["low"], *uplift.groups["high"], *uplift.groups["predicted"], 0.0]
    low, width = min(ends), max(max(ends) - min(ends), 1e-9)
    return {
        "action": name.replace("_", " "),
        "words": uplift_words(uplift),
        "figures": [(words, figure_words(each)) for words, each in figures.items()],
        "n_treated": uplift.n_treated,
        "n_control": uplift.n_control,
        "zero": 100 * (0 - low) / width,
        "groups": [
            {
                **row,
                "left": 100 * (row["low"] - low) / width,
                "width": 100 * (row["high"] - row["low"]) / width,
                "mark": 100 * (row["predicted"] - low) / width,
            }
            for row in uplift.groups.to_dict("records")
        ],
    }


def percent(share: float) -> str:
    """Return a share with its sign: +12 %.

    Examples
    --------
    >>> percent(-0.034)
    '−3 %'
    """
    return f"{100 * share:+z.0f} %".replace("-", "−")


def _measure(measure: Measure) -> dict[str, Any]:
    cost = measure.cost_of_one_more
    return {
        "words": MEASURE_WORDS[measure.name],
        "verdict": verdict_words(measure),
        "state": measure.verdict,
        "cost": "–" if cost is None else f"{cost:,.2f}",
        "effect": None if measure.effect is None else _effect(measure.effect, DIGITS[measure.name]),
    }


def _effect(effect: Effect, digits: int) -> dict[str, Any]:
    return {
        "planned": mean_words(effect.mean_treated, digits),
        "control": mean_words(effect.mean_control, digits),
        "change": change_words(effect, digits),
        "interval": interval_words(effect, digits),
        "n_treated": effect.n_treated,
        "n_control": effect.n_control,
    }
