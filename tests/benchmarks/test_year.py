"""What a year of the loop costs is counted as it says."""

import pandas as pd
import pytest

from benchmarks.year import Arm, cost, summary, watched


def test_visits_earn_where_the_forecast_says_that_they_pay() -> None:
    """By hand: more than half a purchase is expected of two of three, who buy 2 and 0: 16 less twice 4."""
    forecast = pd.DataFrame({"expected_purchases": [0.6, 0.51, 0.5], "churn_probability": [0.5, 0.6, 0.7]})
    found = cost(pd.Series([2, 0, 5]), forecast)
    assert (found["visited"], found["earned"]) == (2, 8.0)
    assert found["log_loss"] > 0


def test_the_first_weeks_are_the_reference_and_the_means_are_those_since_the_change() -> None:
    """Eighteen weeks are needed to say something; weeks before the 26th are in no mean."""
    weeks: list[dict[str, object]] = [
        {"day": 7 * at, "from": f"week {at}", "forecast": 100.0, "purchases": 100, "ratio": 1.0} for at in range(18)
    ]
    assert watched(weeks[:17]).reason == "no week is over since the fit"
    assert watched(weeks).path is not None
    costs = [{"week": at, "log_loss": 1.0 * (at < 26)} for at in range(28)]
    model: object = None
    assert summary({"never": Arm(model, costs=costs)}).loc["never", "log_loss"] == pytest.approx(0)  # type: ignore[arg-type]
