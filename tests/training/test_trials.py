"""Trials: at which dates, over what, and how the losses of candidates compare."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.errors import TooLittleDataError
from features.loyalty.formula import load_formula
from tests.training.logs import cut, simulated, stored
from tests.training.stand_in import customer_model
from training.evaluation.evaluation import measures
from training.settings import TrialSettings
from training.trials import (
    Trial,
    best_candidate,
    measures_of_trials,
    milliseconds_per_customer,
    run_trials,
    trial_days,
    trial_starts,
)

START, END = AsOf.parse(date(2024, 3, 1), "UTC"), AsOf.parse(date(2024, 5, 30), "UTC")


def test_trials_are_a_quarter_apart_and_over_by_then() -> None:
    """The last trial ends with the log; a log without room for one is refused, saying how long it must be."""
    assert trial_days(0, 1000, 3) == [730, 820, 910]
    assert trial_days(0, 215, 3) == [125]
    with pytest.raises(TooLittleDataError, match="at least 210"):
        trial_days(0, 200, 3)


def test_trials_need_a_purchase(tmp_path) -> None:
    """The dates are midnights of the store's zone; a log of which nobody had bought by then says so."""
    store = stored(simulated(60), tmp_path)
    assert [str(start.date) for start in trial_starts(store, END, 2, TrialSettings())] == ["2023-12-02", "2024-03-01"]
    with pytest.raises(TooLittleDataError, match="nobody in the log has bought before 2022-01-01: a fit learns from"):
        trial_starts(store, AsOf.parse(date(2022, 1, 1), "UTC"), 2, TrialSettings())


def test_the_time_is_per_customer() -> None:
    """The time of one call, over its customers; the first call, which loads and compiles, is left out."""
    calls = []
    assert 0 <= milliseconds_per_customer(lambda: calls.append(1), customers=10) < 1
    assert len(calls) == 4


def forecast(index: pd.Index, mean: float) -> pd.DataFrame:
    return pd.DataFrame({"expected_purchases": mean, "churn_probability": np.exp(-mean)}, index)


def hand_made_trial(date: str = "2024-03-01", **means: float) -> Trial:
    """A trial of customers who buy once on average; each candidate forecasts the same mean for everyone."""
    index = pd.Index([f"c{number}" for number in range(200)], name="customer_id")
    purchases = pd.Series(np.random.default_rng(0).poisson(1.0, 200), index, name="purchases")
    candidates = {name: forecast(index, mean) for name, mean in means.items()}
    features = pd.DataFrame({"frequency": 0.0}, index)
    return Trial(date, 30, features, purchases, candidates, {"bg_nbd": forecast(index, 1.5)})


def test_a_loss_is_relative_to_that_of_bg_nbd() -> None:
    """The same forecast has 2, one share for each measure; a better one has less, a worse one more."""
    trial = hand_made_trial(same=1.5, better=1.0, worse=4.0)
    assert trial.relative_loss("same") == pytest.approx(2)
    assert trial.relative_loss("better") < 2 < trial.relative_loss("worse")


def test_the_measures_of_trials_are_those_of_each() -> None:
    """One table, indexed by date, horizon and forecast."""
    trials = [hand_made_trial("2024-03-01", one=1.0), hand_made_trial("2024-06-01", one=1.2)]
    table = measures_of_trials(trials, "one")
    assert table.index.names[:2] == ["date", "horizon"]
    for trial in trials:
        expected = measures(trial.purchases, {"model": trial.candidates["one"], **trial.others})
        pd.testing.assert_frame_equal(table.loc[(trial.date, 30)], expected)


def test_every_forecast_of_a_trial_is_for_the_same_customers(tmp_path: object) -> None:
    """Candidates, baselines and the champion forecast each horizon that is over; the outcome is not in their input."""
    log = simulated(150, days=540)
    settings = TrialSettings(horizons=(30, 90), max_customers=60)
    models = {"low": customer_model(0.001), "high": customer_model(0.1)}
    tried = [
        run_trials(
            stored(one_log, tmp_path / name),  # type: ignore[operator]
            START,
            END,
            models,
            {"champion": customer_model(0.02)},
            load_formula(),
            settings=settings,
            seed=0,
            progress=lambda step: None,
        )
        for name, one_log in (("whole", log), ("until the end", cut(log, END.date)))
    ]
    assert [trial.horizon_days for trial in tried[0]] == [30, 90]
    for whole, until in zip(*tried, strict=True):
        assert whole.date == "2024-03-01"
        assert 0 < len(whole.features) <= 60
        assert list(whole.candidates) == ["low", "high"]
        assert {"champion", "bg_nbd", "zero", "rule"} <= set(whole.others)
        for table in (whole.purchases, *whole.candidates.values(), *whole.others.values()):
            assert table.index.equals(whole.features.index)
        pd.testing.assert_series_equal(whole.purchases, until.purchases)
        pd.testing.assert_frame_equal(whole.others["bg_nbd"], until.others["bg_nbd"])
    short, long = (trial.candidates["high"]["expected_purchases"] for trial in tried[0])
    assert (long > short).all()


class LossesOnly(dict[str, float]):
    """A trial of which only the losses are known."""

    relative_loss = dict.__getitem__


def test_the_best_candidate_is_best_over_all_trials_together() -> None:
    """One bad window does not decide; of equals it is the first."""
    trials = [LossesOnly({"steady": 1.9, "lucky": 1.0}), LossesOnly({"steady": 1.9, "lucky": 3.0})]
    assert best_candidate(trials, ["lucky", "steady"]) == "steady"  # type: ignore[arg-type]
    assert best_candidate(trials[:1], ["lucky", "steady"]) == "lucky"  # type: ignore[arg-type]
    assert best_candidate([], ["first", "second"]) == "first"
