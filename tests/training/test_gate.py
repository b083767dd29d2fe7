"""The gate: which challengers pass, and the reason against each that does not."""

import numpy as np
import pytest

from features.definitions import FEATURE_NAMES
from tests.training.gate_trials import LOOSE, trial
from training.gate import Verdict, gate
from training.models.bundle import OUTPUTS
from training.settings import GateLimits


def test_a_challenger_that_knows_the_truth_passes() -> None:
    """Better than champion and baseline, calibrated, fast, with the right columns: no reason against it."""
    verdict = gate(trial(), milliseconds=0.01, champion=4, limits=LOOSE)
    assert verdict.passed
    assert verdict.champion == 4
    figures = verdict.figures
    assert figures["deviance.champion.low"] < figures["deviance.champion"] < figures["deviance.champion.high"] < 0
    assert figures["windows"] == 3
    assert figures["customers"] == 400


def test_the_first_champion_still_has_to_beat_the_baselines() -> None:
    """Without a champion the baselines alone are the bar."""
    assert gate(trial(champion_error=None), milliseconds=0.01, limits=LOOSE).passed
    worse = gate(trial(champion_error=None, challenger_error=1.5), milliseconds=0.01, limits=GateLimits(calibration=1))
    assert [reason.partition(":")[0] for reason in worse.reasons] == ["deviance", "log loss"]
    assert "against the baseline base (95 % interval +" in worse.reasons[0]


def test_as_good_as_the_champion_is_not_better() -> None:
    """A challenger of equal error is refused, but for a margin that takes as good as enough."""
    paired = trial(champion_error=0.2, challenger_error=0.2)
    assert not gate(paired, 0.01, champion=1, limits=LOOSE).passed
    assert gate(paired, 0.01, champion=1, limits=GateLimits(calibration=0.06, margin=0.1, draws=100)).passed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"milliseconds": 5.0}, "speed: 5.00 ms a customer, expected at most 1.00"),
        ({"milliseconds": float("nan")}, "speed: nan ms"),
        ({"feature_columns": (*FEATURE_NAMES, "shoe_size")}, "schema: it needs shoe_size, which the feature table has"),
        ({"output_columns": OUTPUTS[1:]}, f"schema: it does not give {OUTPUTS[0]}, which the service promises"),
        ({"limits": GateLimits(calibration=0.0001, draws=20)}, "calibration: error 0.0"),
        ({"limits": GateLimits(customers=1000)}, "only 400 customers to judge by, expected at least 1000"),
    ],
)
def test_each_limit_has_its_line(change: dict[str, object], reason: str) -> None:
    """A challenger that fails one thing is refused with what was found and what was expected."""
    verdict = gate(trial(), **({"milliseconds": 0.01, "champion": 1, "limits": LOOSE} | change))  # type: ignore[arg-type]
    assert verdict.reasons
    assert all(each.startswith(reason) for each in verdict.reasons[:1])


def test_a_challenger_without_a_forecast_for_somebody_is_refused() -> None:
    """A null forecast counts against it, and is not left out of the means."""
    paired = trial()
    paired.iloc[5, paired.columns.get_loc("deviance_challenger")] = np.nan
    [reason] = gate(paired, 0.01, champion=1, limits=LOOSE).reasons
    assert reason.startswith("it gives no finite forecast for 1 of 2,400 customers")


def test_only_the_last_windows_count() -> None:
    """What a challenger did before them neither helps nor harms."""
    paired = trial(windows=4)
    first = paired["window"] == paired["window"].min()
    spoilt = paired.copy()
    spoilt.loc[first, "deviance_challenger"] = 50.0
    assert gate(spoilt, 0.01, champion=1, limits=LOOSE).figures == gate(paired, 0.01, champion=1, limits=LOOSE).figures


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p.drop(columns="log_loss_challenger"), "lack log_loss_challenger: make them with paired_losses"),
        (lambda p: p.drop(columns=["deviance_champion", "log_loss_champion"]), "no losses of the champion, version 1"),
        (lambda p: p.assign(deviance_base=np.inf), "deviance_base holds losses that are no finite number"),
        (lambda p: p[[c for c in p if "_base" not in c and "_champion" not in c]], "hold no other forecast"),
    ],
)
def test_what_cannot_be_judged_is_an_error(spoil: object, message: str) -> None:
    """A table that lacks what the gate needs is an error, not a verdict."""
    with pytest.raises(ValueError, match=message):
        gate(spoil(trial(customers=120)), 0.01, champion=1 if "champion" in message else None)  # type: ignore[operator]


def test_a_verdict_survives_being_written() -> None:
    """Reasons and figures come back as they were, unknown ones too."""
    verdict = Verdict(("too slow",), {"deviance.rule": -0.1, "h90.calibration": float("nan")}, 3)
    back = Verdict.from_json(verdict.to_json())
    assert (back.reasons, back.champion, back.passed) == (("too slow",), 3, False)
    assert np.isnan(back.figures["h90.calibration"])
    assert back.figures["deviance.rule"] == -0.1


@pytest.mark.parametrize(("churned_percent", "reason"), [(44, ["calibration: error 0.060"]), (46, [])])
def test_by_default_a_calibration_error_of_six_percent_is_refused(churned_percent: int, reason: list[str]) -> None:
    """Of everyone with a churn probability of .5, 44 % churned; with 46 % the error of .04 is small enough."""
    paired = trial()
    churned = np.arange(len(paired)) % 100 < churned_percent
    verdict = gate(paired.assign(churn_probability=0.5, churned=churned), 0.01, champion=1)
    assert sorted({line.partition(" over")[0] for line in verdict.reasons}) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"milliseconds": 1.01}, "speed: 1.01 ms a customer, expected at most 1.00"),
        ({"paired": trial(customers=99)}, "only 99 customers to judge by, expected at least 100"),
    ],
)
def test_the_default_limits_refuse(change: dict[str, object], reason: str) -> None:
    """Just beyond a limit is refused, with the limit in the line."""
    verdict = gate(**({"paired": trial(), "milliseconds": 0.01, "champion": 1} | change))  # type: ignore[arg-type]
    assert reason in verdict.reasons
