"""Decides whether a refit of the recipe in service is sound: what cannot be asked of the future is asked of the past.

A new recipe has to be better beyond doubt in trials (`training.gate`). A refit is the same recipe on a longer log; at
the dates of the trials both are the same fit, so no trial can tell them apart. It is asked instead whether the log is
whole, whether the recipe is still good, whether the version in service is still right, and whether the two versions
agree at one date.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, log, nan

import numpy as np
import pandas as pd
from scipy.stats import poisson

from features.as_of import AsOf
from features.store.event_store import EventStore
from training.agreement import agreement
from training.gate import Verdict
from training.log_checks import WEEK_DAYS, events_known, null_share_changes, volume_ratios
from training.models.bundle import CHALLENGER
from training.models.customer_model import CustomerModel
from training.paired_losses import paired_loss_differences
from training.settings import RefitLimits
from training.targets import log_end
from training.windows import activity, window

OUTCOME_WEEKS = 4
"""At most this many weeks since the fit are checked for the version in service."""
DOUBT = 0.001
"""p-value below which a count is not explained by chance."""


@dataclass(frozen=True)
class _Check:
    """Figures of one check, and its reasons to refuse the refit."""

    figures: dict[str, float]
    reasons: tuple[str, ...] = ()


def refit_gate(
    store: EventStore,
    challenger: CustomerModel,
    champion: CustomerModel,
    number: int,
    paired: pd.DataFrame,
    relative_loss: float,
    *,
    events_at_last_fit: float = nan,
    relative_loss_at_last_fit: float = nan,
    as_of: AsOf | None = None,
    limits: RefitLimits = RefitLimits(),
    draws: int = 400,
    seed: int = 0,
) -> Verdict:
    """Judge a refit of the champion's recipe.

    Parameters
    ----------
    store : EventStore
        The log that the challenger was fitted to.
    challenger, champion : CustomerModel
        The refit, and the version in service.
    number : int
        The version number of the champion.
    paired : pandas.DataFrame
        Losses of the recipe (as `challenger`) and of the baselines in the trials, see `paired_losses`.
    relative_loss : float
        The recipe's deviance and log loss over those of BG/NBD, added up and averaged over the trials.
    events_at_last_fit, relative_loss_at_last_fit : float
        The same figures when the champion was fitted (`log.events`, `trials.relative_loss` of its verdict); NaN where
        they were not recorded, and then they are not asked for.
    as_of : AsOf, optional
        The cutoff of a refit at a past date, after which nothing of the log is looked at.
    limits : RefitLimits
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    Verdict
        Its figures do not hold those of `refit_figures`.
    """
    end, fitted = as_of or log_end(store), AsOf.parse(champion.card.as_of, store.timezone)
    weeks = max(1, (end.day - fitted.day) // WEEK_DAYS)
    outcome = _check_outcome(store, champion, fitted, end, limits)
    checks = [
        _check_log(store, fitted, end, as_of, weeks, events_at_last_fit, limits),
        _check_trials(paired, relative_loss, relative_loss_at_last_fit, limits, draws, seed),
        outcome,
        _check_agreement(store, challenger, champion, end, outcome.figures["outcome.ratio"], limits),
    ]
    figures = {name: value for check in checks for name, value in check.figures.items()}
    return Verdict(tuple(reason for check in checks for reason in check.reasons), figures, number, "refit")


def refit_figures(store: EventStore, relative_loss: float, as_of: AsOf | None = None) -> dict[str, float]:
    """Return the figures that the next refit is compared with, for whatever verdict."""
    events = events_known(store, as_of or log_end(store), as_of)
    return {"log.events": float(events), "trials.relative_loss": relative_loss}


def _check_log(
    store: EventStore,
    fitted: AsOf,
    end: AsOf,
    known_at: AsOf | None,
    weeks: int,
    events_at_last_fit: float,
    limits: RefitLimits,
) -> _Check:
    """Is the log whole: old events still there, usual volume, usual shares of nulls?"""
    known = events_known(store, fitted, known_at)
    first_day = activity(store, end).first_day
    now, year_ago = volume_ratios(store, first_day, end.day, weeks, known_at)
    figures = {
        "log.kept_events": known / events_at_last_fit if events_at_last_fit else nan,
        "log.volume": now,
        "log.volume_year_ago": year_ago,
    }
    reasons = []
    if figures["log.kept_events"] < limits.kept_events:
        reasons.append(
            f"log: {known:,} events before {fitted.date}, {events_at_last_fit:,.0f} at the last fit; expected at least "
            f"{limits.kept_events:.0%} of them: ingest what is missing"
        )
    if not _within(now, limits.volume) and not _within(now / year_ago, limits.volume):
        reasons.append(
            f"log: {now:.2f} times the usual purchases since {fitted.date}, expected {1 / limits.volume:.2f} to "
            f"{limits.volume:.2f}: check that the new weeks are whole"
        )
    for event_type, column, before, recent in null_share_changes(store, end.day, weeks, known_at):
        figures[f"log.null.{event_type}.{column}"] = recent
        if abs(recent - before) > limits.null_share:
            reasons.append(
                f"log: {column} is null in {recent:.0%} of the {event_type}s since {fitted.date}, in {before:.0%} of "
                f"those of the weeks before; expected a change of at most {limits.null_share:.0%}"
            )
    return _Check(figures, tuple(reasons))


def _check_trials(
    paired: pd.DataFrame, relative_loss: float, before: float, limits: RefitLimits, draws: int, seed: int
) -> _Check:
    """Is the recipe still good: not worse than the best baseline, nor than itself at the last fit?"""
    figures = {"trials.relative_loss_at_last_fit": before}
    reasons = []
    names = {str(column).partition("deviance_")[2] for column in paired if str(column).startswith("deviance_")}
    others = sorted(names - {CHALLENGER})
    differences = paired_loss_differences(paired, others, draws, seed)
    for measure, rows in differences.groupby("measure"):
        baseline = str(rows["difference"].droplevel("measure").idxmax())
        worst = rows.xs(baseline, level="other").iloc[0]
        figures |= {f"{measure}.best_baseline": worst["difference"], f"{measure}.best_baseline.high": worst["high"]}
        if not (worst["difference"] <= limits.baseline_margin):
            reasons.append(
                f"{str(measure).replace('_', ' ')}: {worst['difference']:+z.1%} against the baseline {baseline} (95 % "
                f"interval {worst['low']:+z.1%} to {worst['high']:+z.1%}), expected at most "
                f"{limits.baseline_margin:+z.1%}"
            )
    if relative_loss - before > limits.recipe_margin:
        reasons.append(
            f"trials: a loss of {relative_loss / 2:.3f} of that of BG/NBD, {before / 2:.3f} at the last fit; expected "
            f"at most {limits.recipe_margin / 2:.3f} more"
        )
    return _Check(figures, tuple(reasons))


def _check_outcome(store: EventStore, champion: CustomerModel, fitted: AsOf, end: AsOf, limits: RefitLimits) -> _Check:
    """Is the version in service still right: its 7-day forecasts since it was fitted against what came?"""
    starts = range(end.day - WEEK_DAYS, fitted.day - 1, -WEEK_DAYS)[:OUTCOME_WEEKS]
    expected, observed = 0.0, 0
    for start in starts:
        past = window(store, AsOf.at_midnight(start, store.timezone), [WEEK_DAYS], end)
        expected += float(champion.predict(past.features, start, WEEK_DAYS)["expected_purchases"].sum())
        observed += int(past.purchases[WEEK_DAYS].sum())
    ratio = observed / expected if expected else nan
    figures = {"outcome.expected": expected, "outcome.observed": float(observed), "outcome.ratio": ratio}
    chance = min(poisson.cdf(observed, expected), poisson.sf(observed - 1, expected)) if expected else 1.0
    if _within(ratio, limits.outcome) or chance > DOUBT:
        return _Check(figures)
    weeks = f"the last {len(starts)} weeks" if len(starts) > 1 else "the last week"
    return _Check(
        figures,
        (
            f"outcome: {observed:,} purchases in {weeks}, the version in service expected {expected:,.0f}; expected "
            f"{1 / limits.outcome:.2f} to {limits.outcome:.2f} times as many: check the log, or whether demand changed",
        ),
    )


def _check_agreement(
    store: EventStore,
    challenger: CustomerModel,
    champion: CustomerModel,
    end: AsOf,
    outcome_ratio: float,
    limits: RefitLimits,
) -> _Check:
    """Do both versions agree at the end of the log: in total, distribution, rank order and bands?"""
    features = window(store, end, []).features
    new, old = (model.predict(features, end.day, limits.horizon_days) for model in (challenger, champion))
    if not all(np.isfinite(forecast["expected_purchases"]).all() for forecast in (new, old)):
        return _Check({}, ("agreement: a version has no finite forecast for some customers, expected one for all",))
    figures = {f"agreement.{name}": value for name, value in agreement(new, old).items()}
    return _Check(figures, tuple(_disagreements(figures, outcome_ratio, limits)))


def _disagreements(figures: dict[str, float], outcome_ratio: float, limits: RefitLimits) -> Iterable[str]:
    total, unexplained = figures["agreement.total"], _unexplained(figures["agreement.total"], outcome_ratio)
    if not abs(unexplained) <= -log(1 - min(limits.total, 0.99)):
        yield (
            f"agreement: {total:.2f} times the total forecast of the version in service, expected a change of at most "
            f"{limits.total:.0%} beyond what the purchases since explain"
        )
    if not figures["agreement.distribution"] <= limits.distribution:
        yield (
            f"agreement: a distance of {figures['agreement.distribution']:.2f} between the distributions of the "
            f"forecasts, expected at most {limits.distribution:.2f}"
        )
    if figures["agreement.rank_correlation"] < limits.rank_correlation:
        yield (
            f"agreement: a rank correlation of {figures['agreement.rank_correlation']:.3f} between the forecasts, "
            f"expected at least {limits.rank_correlation:.3f}"
        )
    if not figures["agreement.band_changes"] <= limits.band_changes:
        yield (
            f"agreement: {figures['agreement.band_changes']:.0%} of the customers change their band of churn "
            f"probability, expected at most {limits.band_changes:.0%}"
        )


def _unexplained(total: float, outcome_ratio: float) -> float:
    """Return the log change of the total that the outcome does not explain.

    A change towards the outcome is explained up to the outcome itself: if 0.7 times as many purchases came as forecast,
    a refit may forecast 0.7 times as many.
    """
    change = log(total) if total > 0 and isfinite(total) else nan
    surprise = log(outcome_ratio) if outcome_ratio > 0 and isfinite(outcome_ratio) else 0.0
    explained = max(0.0, min(abs(change), abs(surprise))) if change * surprise > 0 else 0.0
    return abs(change) - explained


def _within(ratio: float, factor: float) -> bool:
    """Return whether a ratio lies within a factor, either way; an unknown ratio does."""
    return not (ratio < 1 / factor or ratio > factor)
