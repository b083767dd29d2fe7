"""The cache of the accuracy benchmark: what is made, what is kept, what is made anew."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy import report
from benchmarks.accuracy_cache import cases, fill, write_windows
from benchmarks.accuracy_forecasters import COLUMNS, forecasters
from benchmarks.accuracy_logs import Log
from features.simulate import Truth, simulate


def write(target, data):
    """Write 150 customers of a plain world, most of a year long."""
    log, _ = simulate(Truth.plain("mbg", days=330, acquisition_days=100), 150, seed=1)
    log.to_pandas().to_parquet(target)
    return True


LOG = Log("small", write, {"2023-08-01": (30, 60)})


def constant(value, calls):
    """Return a forecaster that always says the same, and notes its calls."""

    def forecaster(store, current, horizons):
        calls.append(current.day)
        table = pd.DataFrame(dict.fromkeys(COLUMNS, value), current.features.index)
        return dict.fromkeys(horizons, table)

    return forecaster


def test_what_is_in_the_cache_is_made_anew_only_if_named(tmp_path):
    """A second run makes nothing; one with a name makes that forecaster, and the others stay as they are."""
    calls, other_calls = [], []
    made = {"ours": constant(0.5, calls), "other": constant(0.25, other_calls)}
    for anew in ((), (), ("ours",)):
        assert fill(LOG, tmp_path, tmp_path, made, anew)
    assert (len(calls), len(other_calls)) == (2, 1)
    found = list(cases(LOG, tmp_path))
    assert [case.key for case in found] == [("small", "2023-08-01", 30), ("small", "2023-08-01", 60)]
    assert found[0].forecasts["other"]["low"].eq(0.25).all()
    write_windows(found, tmp_path / "windows")
    wide = pd.read_parquet(tmp_path / "windows" / "small_2023-08-01_30.parquet")
    assert wide.index.equals(found[0].features.index)
    assert {"purchases", "ours.expected_purchases", "other.high"} <= set(wide.columns)


def test_a_horizon_that_is_not_over_is_refused(tmp_path):
    """No window is measured before its end."""
    late = Log("small", write, {"2023-08-01": (30, 365)})
    with pytest.raises(ValueError, match="365 days from 2023-08-01"):
        fill(late, tmp_path, tmp_path, {"ours": constant(0.5, [])})


def test_every_forecaster_gives_possible_forecasts_and_the_report_names_it(tmp_path):
    """Ours and the baselines forecast every customer, with an interval; the tables have a row for each."""
    made = {name: make for name, make in forecasters().items() if name != "recurrent_network"}
    fill(LOG, tmp_path, tmp_path, made)
    found = list(cases(LOG, tmp_path))
    for case in found:
        assert set(case.forecasts) == set(made)
        for table in case.forecasts.values():
            assert list(table.columns) == COLUMNS
            assert np.isfinite(table.to_numpy()).all()
            assert table["churn_probability"].between(0, 1).all()
            assert (table["low"] <= table["high"]).all()
    tables = report(found)
    assert set(tables["Measures, mean over the dates and horizons of a log"].loc["small"].index) == set(made)
    assert len(tables["Comparisons of every window"]) == 2 * 2 * (len(made) - 1)
