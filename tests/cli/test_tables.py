"""The table of measures: one row per forecast, the best of each measure marked."""

import pandas as pd
import pytest

from cli.tables import measure_table, skill_table

COLUMNS = ["deviance", "rmse", "spearman", "gini", "bias", "coverage", "log_loss", "brier", "auc", "calibration"]


def test_the_best_of_each_measure_is_marked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lower is better, except for spearman, gini and auc; bias is best near 0, coverage near 90 %; - is no value."""
    monkeypatch.setenv("COLUMNS", "120")
    rows = {
        "model": [1.0, 2.0, 0.5, 0.4, -0.01, 0.88, 0.3, 0.1, 0.8, 0.02],
        "rule": [1.5, 1.0, 0.6, 0.3, 0.2, float("nan"), 0.4, 0.2, 0.7, 0.01],
        "days_since_last_purchase": [2.0, 3.0, 0.1, 0.1, -0.5, 0.7, 0.5, 0.3, 0.9, 0.5],
    }
    measure_table(pd.DataFrame(rows, COLUMNS).T, "a title")
    lines = [line.split() for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert lines[0] == ["a", "title"]
    assert ["model", "1.000*", "2.000", "0.500", "0.400*", "-1.0%*", "88.0%*"] in lines
    assert ["rule", "1.500", "1.000*", "0.600*", "0.300", "+20.0%", "-"] in lines
    assert ["days", "since", "last", "0.500", "0.300", "0.900*", "0.500"] in lines
    assert ["model", "0.300*", "0.100*", "0.800", "0.020"] in lines


def test_a_measure_that_is_undefined_for_all_forecasts_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    """As the rank correlation of one customer is; the other measures are marked as ever."""
    rows = {"model": [1.0, float("nan")], "rule": [2.0, float("nan")]}
    measure_table(pd.DataFrame(rows, ["deviance", "spearman"]).T, "a title")
    lines = [line.split() for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert ["model", "1.000*", "-"] in lines
    assert ["rule", "2.000", "-"] in lines


def test_skill_over_time_has_a_row_for_each_date(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table for each loss and horizon, with the best baseline; what is undefined is a dash."""
    monkeypatch.setenv("COLUMNS", "120")
    nan = float("nan")
    rows = [
        ("2024-01-01", 30, name, recipe, metric, value, low, high)
        for name, recipe, losses in (
            ("model", "bold", {"deviance": (0.5, 0.4, 0.6), "deviance_skill": (0.25, 0.2, 0.3)}),
            ("rule", None, {"deviance": (0.6, 0.5, 0.7), "deviance_skill": (0.1, nan, nan)}),
            ("base_rate", None, {"deviance": (0.7, nan, nan), "deviance_skill": (0.0, nan, nan)}),
        )
        for metric, (value, low, high) in losses.items()
    ]
    rows += [("2024-02-01", 30, "model", "bold", m, nan, nan, nan) for m in ("deviance", "deviance_skill")]
    columns = ["date", "horizon_days", "model", "recipe", "metric", "value", "low", "high"]
    skill_table(pd.DataFrame(rows, columns=columns))
    lines = [line.split() for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert lines[0] == ["deviance", "over", "30", "days"]
    assert ["2024-01-01", "bold", "0.500", "rule", "0.600", "0.250", "0.200", "0.300"] in lines
    assert ["2024-02-01", "bold", "-", "-", "-", "-", "-", "-"] in lines
    assert "loss of base_rate" in " ".join(lines[-1])
