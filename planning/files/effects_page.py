"""The page of what plans changed: the five measures first, what is not randomised below and labelled."""

from pathlib import Path
from typing import Any

import numpy as np

from planning.causal_inference.randomised_effect import Effect
from planning.effects.effects_of_plans import EffectsOfPlans
from planning.effects.five_measures import Measure
from planning.files.effect_words import (
    DIGITS,
    KIND_WORDS,
    MEASURE_WORDS,
    change_words,
    headline,
    interval_words,
    mean_words,
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
