"""Asks the gates about what a fit has made: is a new recipe better, is a refit of the recipe in service sound?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan

import pandas as pd

from features.as_of import AsOf
from features.store.event_store import EventStore
from training.gate import Verdict, gate, unfit_reasons
from training.models.bundle import CHALLENGER, CHAMPION
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel
from training.paired_losses import paired_losses
from training.refit_gate import refit_gate
from training.registry.entities import ModelVersion
from training.settings import GateLimits, RefitLimits
from training.targets import log_end
from training.trials import Trial, milliseconds_per_customer


def judge(
    trials: Sequence[Trial],
    candidate: str,
    model: CustomerModel,
    day: int,
    champion: ModelVersion | None,
    limits: GateLimits,
) -> Verdict:
    """Return the gate's verdict on a candidate as a new recipe, by its trials, speed and columns."""
    return gate(
        _losses(trials, candidate, with_champion=True),
        _milliseconds(trials[-1], model, day),
        model.card.feature_columns,
        champion=champion.number if champion else None,
        compiled=CompiledModel.is_possible(model),
        limits=limits,
    )


def judge_refit(
    store: EventStore,
    trials: Sequence[Trial],
    recipe: str,
    model: CustomerModel,
    champion: ModelVersion,
    champion_model: CustomerModel,
    last_fit: Mapping[str, float],
    limits: GateLimits,
    refit_limits: RefitLimits,
    as_of: AsOf | None = None,
) -> Verdict:
    """Return the gate's verdict on a refit of the champion's recipe.

    `last_fit` holds the figures recorded when the champion was fitted, which `refit_figures` names. With `as_of`, the
    cutoff of a fit at a past date, nothing later in the log is looked at.
    """
    milliseconds = _milliseconds(trials[-1], model, (as_of or log_end(store)).day)
    verdict = refit_gate(
        store,
        model,
        champion_model,
        champion.number,
        _losses(trials, recipe, with_champion=False),
        mean_loss(trials, recipe),
        events_at_last_fit=last_fit.get("log.events", nan),
        relative_loss_at_last_fit=last_fit.get("trials.relative_loss", nan),
        as_of=as_of,
        limits=refit_limits,
        draws=limits.draws,
    )
    compiled = CompiledModel.is_possible(model)
    unfit = unfit_reasons(milliseconds, model.card.feature_columns, compiled=compiled, limits=limits)
    return replace(
        verdict, reasons=(*verdict.reasons, *unfit), figures={**verdict.figures, "milliseconds": milliseconds}
    )


def mean_loss(trials: Sequence[Trial], candidate: str) -> float:
    """Return the mean of a candidate's `Trial.relative_loss` over the trials."""
    return sum(trial.relative_loss(candidate) for trial in trials) / len(trials)


def _losses(trials: Sequence[Trial], candidate: str, with_champion: bool) -> pd.DataFrame:
    """Return the losses of a candidate and of what it is compared with, customer by customer."""
    tables = []
    for trial in trials:
        forecasts = {CHALLENGER: trial.candidates[candidate], **trial.baselines}
        if with_champion and trial.champion_forecast is not None:
            forecasts[CHAMPION] = trial.champion_forecast
        tables.append(paired_losses(trial.date, trial.horizon_days, trial.purchases, forecasts))
    return pd.concat(tables)


def _milliseconds(trial: Trial, model: CustomerModel, day: int) -> float:
    features, horizon_days = trial.features, trial.horizon_days
    return milliseconds_per_customer(lambda: model.predict(features, day, horizon_days), len(features))
