"""The intake comes first, then the forecasts; a column that moves is a reason beside others, never one alone."""

import numpy as np
import pandas as pd
import pytest

from monitoring.column_drift import ColumnDrift
from monitoring.intake import Intake
from monitoring.matured_windows import MaturedWindows
from monitoring.recommendation import EXIT_CODES, Action, rank_lost, recommendation
from tests.monitoring.test_weekly_forecasts import judged, weeks

ROW = {"what": "events", "event_type": "purchase", "usual": 120.0, "last": 40.0, "p_value": 1e-9}
QUIET = judged(weeks(np.exp(0.05 * np.random.default_rng(1).standard_normal(80)), 52))
FALLEN = judged(weeks(np.concatenate([np.exp(0.05 * np.random.default_rng(1).standard_normal(60)), [0.6] * 20]), 52))


def came_in(alarm: bool) -> Intake:
    return Intake(pd.DataFrame([{**ROW, "alarm": alarm}]), 0.05)


def columns(alarm: bool) -> ColumnDrift:
    row = {"column": "T", "moved": 0.2, "statistic": 9.0, "size": "large", "alarm": alarm}
    return ColumnDrift(pd.DataFrame([row]), 5.0, 0.05, 1_000)


def matured(auc: float) -> MaturedWindows:
    values = [auc, 0.8, 0.8, 0.8]
    before = [False, False, True, True]
    table = pd.DataFrame({"horizon_days": 28, "segment": "all", "before_fit": before, "auc": values})
    return MaturedWindows(table, pd.DataFrame())


@pytest.mark.parametrize(
    ("alarm", "weekly", "auc", "action", "said"),
    [
        (False, QUIET, 0.8, Action.NOTHING, "the 7-day forecasts agree"),
        (True, FALLEN, 0.8, Action.INTAKE, "events of type purchase: 40 in the last week, 120 usually"),
        (False, FALLEN, 0.79, Action.RECALIBRATE, "purchases are 39% below the 7-day forecasts since"),
        (False, FALLEN, 0.7, Action.REFIT, "purchases are 39% below the 7-day forecasts since"),
        (False, None, 0.8, Action.NOTHING, "there is no champion to watch"),
        (False, judged(weeks(np.ones(20), 20)), 0.8, Action.NOTHING, "nothing can be said of the forecasts yet: no"),
    ],
)
def test_what_to_do_and_why(alarm, weekly, auc, action, said) -> None:
    """The first reason decides."""
    found = recommendation(came_in(alarm), columns(False), weekly, matured(auc))
    assert found.action == action
    assert found.reasons[0].startswith(said)


def test_a_column_alone_changes_nothing() -> None:
    """It is told beside."""
    found = recommendation(came_in(False), columns(True), QUIET, None)
    assert found.action == Action.NOTHING
    assert found.reasons[1] == "T moved otherwise than in earlier weeks (large: 20.0%)"


def test_every_action_has_a_code_of_its_own() -> None:
    """None is that of a failure."""
    assert set(EXIT_CODES) == set(Action)
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert not {1, 2} & set(EXIT_CODES.values())


def test_two_windows_say_nothing_of_the_order() -> None:
    """Three do: the last one beside the median of those before."""
    assert rank_lost(matured(0.7).measures.head(2)) is None
    assert rank_lost(matured(0.7).measures) == pytest.approx(0.1)
    assert rank_lost(pd.DataFrame()) is None
    assert rank_lost(matured(0.7).measures.assign(before_fit=True)) is None
