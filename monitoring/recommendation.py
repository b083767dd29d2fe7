"""What to do: nothing, recalibrate, refit, or look at the intake, with the reason."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from features.plurals import counted
from monitoring.column_drift import ColumnDrift
from monitoring.intake import Intake
from monitoring.matured_windows import MaturedWindows
from monitoring.own_amounts import OWN_AMOUNT
from monitoring.weekly_forecasts import WeeklyForecasts

RANK_LOST = 0.03
"""A loss of AUC beside the median of earlier windows from which on a level is not all that has changed."""


class Action(StrEnum):
    """What the monitor recommends."""

    NOTHING = "nothing"
    RECALIBRATE = "recalibrate"
    REFIT = "refit"
    INTAKE = "look at the intake"


EXIT_CODES = {Action.NOTHING: 0, Action.RECALIBRATE: 3, Action.REFIT: 4, Action.INTAKE: 5}
"""The exit codes of `regulars monitor`, for schedulers; 1 and 2 are failures as of every verb."""


@dataclass(frozen=True)
class Recommendation:
    """An action and why.

    Attributes
    ----------
    action : Action
    reasons : tuple of str
        Sentences, the decisive one first.
    """

    action: Action
    reasons: tuple[str, ...]


def recommendation(
    intake: Intake, columns: ColumnDrift | None, weekly: WeeklyForecasts | None, matured: MaturedWindows | None
) -> Recommendation:
    """Return what to do.

    Faults of the intake come first: a model that is fitted to lost events learns the loss. Then the forecasts. A column
    that moves changes nothing by itself: it is a reason beside others, never one alone.

    Parameters
    ----------
    intake : Intake
    columns : ColumnDrift or None
    weekly : WeeklyForecasts or None
        None without a champion.
    matured : MaturedWindows or None
    """
    reasons = [_of_intake(row) for row in intake.alarms.head(3).to_dict("records")]
    if reasons:
        if weekly is not None and weekly.alarm:
            reasons.append(_of_forecasts(weekly))
        return Recommendation(Action.INTAKE, tuple(reasons))
    drifted = [] if columns is None else [_of_columns(columns)] if len(columns.alarms) else []
    if weekly is None or not weekly.alarm:
        why = "the 7-day forecasts agree with what happened" if weekly is not None else "there is no champion to watch"
        if weekly is not None and weekly.reason:
            why = f"nothing can be said of the forecasts yet: {weekly.reason}"
        return Recommendation(Action.NOTHING, (why, *drifted))
    lost = None if matured is None else rank_lost(matured.measures)
    if lost is not None and lost > RANK_LOST:
        ranked = f"the order of customers has become worse too: AUC of churn -{lost:.3f} beside earlier windows"
        return Recommendation(Action.REFIT, (_of_forecasts(weekly), ranked, *drifted))
    return Recommendation(Action.RECALIBRATE, (_of_forecasts(weekly), *drifted))


def rank_lost(measures: pd.DataFrame) -> float | None:
    """Return how much AUC the last window of the shortest horizon lost beside the median of those before it.

    The last window must begin after the fit, the others need not: a model ranks what it learnt from a little better,
    and `RANK_LOST` is more than that.

    Parameters
    ----------
    measures : pandas.DataFrame
        Of `MaturedWindows`.

    Returns
    -------
    float or None
        None with fewer than three windows, or none since the fit.
    """
    if measures.empty:
        return None
    whole = measures[measures["segment"] == "all"]
    shortest = whole[whole["horizon_days"] == whole["horizon_days"].min()]
    known = shortest[shortest["auc"].notna()]
    if len(known) < 3 or known["before_fit"].iloc[0]:
        return None
    return float(known["auc"].iloc[1:].median() - known["auc"].iloc[0])


def _of_forecasts(weekly: WeeklyForecasts) -> str:
    change = weekly.change or 0.0
    return (
        f"purchases are {abs(change):.0%} {'below' if change < 0 else 'above'} the 7-day forecasts since {weekly.since}"
    )


def _of_intake(row: Mapping[Hashable, Any]) -> str:
    usual, last = float(row["usual"]), float(row["last"])
    what, kind = str(row["what"]), f" of type {row['event_type']}" if row["event_type"] else ""
    if what == OWN_AMOUNT:
        side = "above" if last > usual else "below"
        return f"amounts of the last 28 days are {abs(last / usual - 1):.1%} {side} what the same customers paid before"
    if what.startswith("missing"):
        return f"{what}{kind}: {last:.1%} in the last week, {usual:.1%} usually"
    digits = 0 if what.startswith("events") else 2
    return f"{what}{kind}: {last:,.{digits}f} in the last week, {usual:,.{digits}f} usually"


def _of_columns(columns: ColumnDrift) -> str:
    alarms = columns.alarms
    first = alarms.iloc[0]
    others = f" and {counted(len(alarms) - 1, 'more column')}" if len(alarms) > 1 else ""
    return f"{first['column']}{others} moved otherwise than in earlier weeks ({first['size']}: {first['moved']:.1%})"
