"""The gate, and the moves of the champion, on a real MLflow in a temporary SQLite file."""

import getpass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.definitions import FEATURE_NAMES
from features.errors import PromotionRefusedError, TrackingError
from tests.training.stand_in import customer_model
from training.evaluation.evaluation import customer_losses
from training.gate import Limits, Verdict, gate, milliseconds_a_customer, paired_differences, paired_losses
from training.models.bundle import CHALLENGER, CHAMPION, OUTPUTS
from training.promote import history, promote, record_verdict, recorded_verdict, roll_back
from training.registry.mlflow_client import MOVES, Tracking, start_run
from training.registry.runs import runs
from training.registry.versions import Version, register, version

GOOD = Verdict((), {"deviance.own_rate": -0.05})


def trial(
    champion_error: float | None = 0.6, challenger_error: float = 0.0, customers: int = 400, windows: int = 3
) -> pd.DataFrame:
    """Paired losses of customers with known rates; each forecast is the truth times exp(error * noise)."""
    rng = np.random.default_rng(3)
    rate = rng.gamma(0.7, 0.02, customers)
    index = pd.Index([f"c{number}" for number in range(customers)], name="customer_id")
    frames = []
    for window in range(windows):
        for horizon in (30, 90):
            mean = rate * horizon
            purchases = pd.Series(rng.poisson(mean), index)
            errors = {"challenger": challenger_error, "champion": champion_error, "base": 1.0}
            forecasts = {}
            for name, error in errors.items():
                if error is not None:
                    said = mean * np.exp(error * rng.normal(size=customers))
                    columns = {"expected_purchases": said, "churn_probability": np.exp(-said)}
                    forecasts[name] = pd.DataFrame(columns, index)
            frames.append(paired_losses(f"2011-0{window + 1}-10", horizon, purchases, forecasts))
    return pd.concat(frames)


LOOSE = Limits(calibration=0.06, draws=100)


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
    worse = gate(trial(champion_error=None, challenger_error=1.5), milliseconds=0.01, limits=Limits(calibration=1))
    assert [reason.partition(":")[0] for reason in worse.reasons] == ["deviance", "log loss"]
    assert "against the baseline base (95 % interval +" in worse.reasons[0]


def test_as_good_as_the_champion_is_not_better() -> None:
    """A challenger of equal error is refused, but for a margin that takes as good as enough."""
    paired = trial(champion_error=0.2, challenger_error=0.2)
    assert not gate(paired, 0.01, champion=1, limits=LOOSE).passed
    assert gate(paired, 0.01, champion=1, limits=Limits(calibration=0.06, margin=0.1, draws=100)).passed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"milliseconds": 5.0}, "speed: 5.00 ms a customer, expected at most 1.00"),
        ({"milliseconds": float("nan")}, "speed: nan ms"),
        ({"feature_columns": (*FEATURE_NAMES, "shoe_size")}, "schema: it needs shoe_size, which the feature table has"),
        ({"output_columns": OUTPUTS[1:]}, f"schema: it does not give {OUTPUTS[0]}, which the service promises"),
        ({"limits": Limits(calibration=0.0001, draws=20)}, "calibration: error 0.0"),
        ({"limits": Limits(customers=1000)}, "only 400 customers to judge by, expected at least 1000"),
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
    """A table without what the gate needs is said so, never judged."""
    with pytest.raises(ValueError, match=message):
        gate(spoil(trial(customers=120)), 0.01, champion=1 if "champion" in message else None)  # type: ignore[operator]


def test_the_difference_is_that_of_the_mean_losses() -> None:
    """The oracle: at each horizon the ratio of the means less 1, then the mean over the horizons."""
    paired = trial()
    found = paired_differences(paired, ["champion", "base"], 50, 0)
    for other in ("champion", "base"):
        by_horizon = paired.groupby("horizon")[["deviance_challenger", f"deviance_{other}"]].mean()
        expected = (by_horizon["deviance_challenger"] / by_horizon[f"deviance_{other}"] - 1).mean()
        assert found.loc[(other, "deviance"), "difference"] == pytest.approx(expected)


@settings(max_examples=10)
@given(st.floats(0.1, 10), st.integers(0, 10**6))
def test_units_and_order_do_not_matter(unit: float, seed: int) -> None:
    """Losses in another unit and rows in another order give the same differences and intervals."""
    paired = trial(customers=30, windows=1)
    losses = [name for name in paired if name.startswith(("deviance", "log_loss"))]
    changed = paired.assign(**{name: paired[name] * unit for name in losses}).sample(frac=1, random_state=seed)
    expected = paired_differences(paired, ["champion", "base"], 10, 0)
    pd.testing.assert_frame_equal(paired_differences(changed, ["champion", "base"], 10, 0), expected)


def test_copies_of_a_customer_are_no_evidence() -> None:
    """The same rows once more, for the same customers, do not make the interval narrower."""
    paired = trial(customers=150, windows=1)
    once = paired_differences(paired, ["base"], 200, 0)
    twice = paired_differences(pd.concat([paired, paired.assign(window="2012-01-01")]), ["base"], 200, 0)
    pd.testing.assert_frame_equal(once, twice)


def test_the_losses_are_those_of_the_trial() -> None:
    """The columns are what each customer adds to the measures of that name."""
    index = pd.Index(["a", "b"], name="customer_id")
    forecast = pd.DataFrame({"expected_purchases": [0.5, 2.0], "churn_probability": [0.6, 0.1]}, index)
    purchases = pd.Series([0, 3], index)
    found = paired_losses("2011-03-10", 90, purchases, {"challenger": forecast, "rule": forecast})
    expected = customer_losses(purchases, forecast)
    for name in ("challenger", "rule"):
        np.testing.assert_array_equal(found[f"deviance_{name}"], expected["deviance"])
        np.testing.assert_array_equal(found[f"log_loss_{name}"], expected["log_loss"])
    assert list(found["churned"]) == [True, False]
    assert set(found["horizon"]) == {90}


def test_a_verdict_survives_being_written() -> None:
    """Reasons and figures come back as they were, unknown ones too."""
    verdict = Verdict(("too slow",), {"deviance.rule": -0.1, "h90.calibration": float("nan")}, 3)
    back = Verdict.from_json(verdict.to_json())
    assert (back.reasons, back.champion, back.passed) == (("too slow",), 3, False)
    assert np.isnan(back.figures["h90.calibration"])
    assert back.figures["deviance.rule"] == -0.1


def test_the_time_is_per_customer() -> None:
    """The time of one call, over its customers; the first call, which loads and compiles, is left out."""
    calls = []
    assert 0 <= milliseconds_a_customer(lambda: calls.append(1), customers=10) < 1
    assert len(calls) == 4


def registered(tracking: Tracking, rate: float, verdict: Verdict | None = None) -> Version:
    with start_run(tracking, "fit") as fit:
        if verdict:
            record_verdict(fit, verdict)
        return register(fit, customer_model(rate))


def test_a_challenger_becomes_champion_and_history_says_so(tracking: Tracking) -> None:
    """Who, when, from, to, why, figures and digest of every move, the newest first; also the way back."""
    assert history(tracking).empty
    first = registered(tracking, 0.01, GOOD)
    assert promote(tracking, who="Ada").before is None
    second = registered(tracking, 0.02, Verdict((), {"deviance.champion": -0.03}, champion=1))
    move = promote(tracking)
    assert (move.kind, move.before, move.to, move.digest) == ("promote", 1, 2, second.digest)
    assert version(tracking, CHALLENGER) is None
    roll_back(tracking, 1, "complaints from the shops", who="Grace")
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.number == 1
    table = history(tracking)
    assert list(table["kind"]) == ["roll back", "promote", "promote"]
    assert list(table["who"]) == ["Grace", getpass.getuser(), "Ada"]
    assert list(table["from"].fillna(0)) == [2, 1, 0]
    assert list(table["to"]) == [1, 2, 1]
    assert list(table["digest"]) == [first.digest, second.digest, first.digest]
    assert table.loc[0, "why"] == "complaints from the shops"
    assert table.loc[1, "figures"] == {"deviance.champion": -0.03}
    assert list(table["state"]) == ["done"] * 3
    assert table["when"].is_monotonic_decreasing
    assert str(table["when"].dt.tz) == "UTC"


def test_a_refused_challenger_stays_challenger(tracking: Tracking) -> None:
    """With the reasons, each a line; nothing moves and nothing is recorded as a move."""
    registered(tracking, 0.01, Verdict(("speed: 9 ms", "calibration: .2"), {}))
    with pytest.raises(PromotionRefusedError, match=r"version 1 is refused: speed: 9 ms; calibration: \.2") as refused:
        promote(tracking)
    assert refused.value.reasons == ("speed: 9 ms", "calibration: .2")
    assert version(tracking, CHAMPION) is None
    assert history(tracking).empty


def test_force_needs_a_reason_and_is_recorded(tracking: Tracking) -> None:
    """A forced move says why, and what spoke against it."""
    registered(tracking, 0.01, Verdict(("speed: 9 ms",), {"milliseconds": 9.0}))
    with pytest.raises(ValueError, match="--reason"):
        promote(tracking, force=True)
    assert promote(tracking, why="the shop opens tomorrow", force=True).kind == "force"
    assert history(tracking).loc[0, "why"] == "the shop opens tomorrow"
    assert runs(tracking, MOVES)["facts"].iloc[0]["against"] == "speed: 9 ms"


def test_a_verdict_against_another_champion_is_worth_nothing(tracking: Tracking) -> None:
    """A challenger tried against a champion that is no longer one has to be tried again; so has one never tried."""
    registered(tracking, 0.01, GOOD)
    promote(tracking)
    second = registered(tracking, 0.02, GOOD)
    assert recorded_verdict(tracking, second) == GOOD
    with pytest.raises(PromotionRefusedError, match="tried against champion none, which is 1 now"):
        promote(tracking)
    third = registered(tracking, 0.03)
    assert recorded_verdict(tracking, third) is None
    with pytest.raises(PromotionRefusedError, match="never tried at the gate"):
        promote(tracking)
    assert promote(tracking, verdict=Verdict((), {}, champion=1)).to == 3


def test_only_a_former_champion_can_come_back(tracking: Tracking) -> None:
    """`--to` is no way around the gate, is no move to where one is, and needs a reason and a version that exists."""
    registered(tracking, 0.01, GOOD)
    promote(tracking)
    registered(tracking, 0.02)
    with pytest.raises(PromotionRefusedError, match="never was champion"):
        roll_back(tracking, 2, "I like it")
    with pytest.raises(PromotionRefusedError, match="champion already"):
        roll_back(tracking, 1, "again")
    with pytest.raises(ValueError, match="--reason"):
        roll_back(tracking, 2, "")
    with pytest.raises(TrackingError, match="no version 7"):
        roll_back(tracking, 7, "luck")
    assert roll_back(tracking, 2, "I like it", force=True).kind == "force"


def test_without_a_challenger_there_is_nothing_to_promote(tracking: Tracking) -> None:
    """The line says how to get one."""
    with pytest.raises(TrackingError, match=r"no challenger is registered in .*run `regulars fit`"):
        promote(tracking)


def test_a_version_whose_files_were_changed_never_becomes_champion(tracking: Tracking) -> None:
    """The digest is checked before the alias moves."""
    registered(tracking, 0.01, GOOD)
    assert tracking.artifacts is not None
    [file] = tracking.artifacts.rglob("model.joblib")
    file.write_bytes(b"something else")
    with pytest.raises(TrackingError, match="digest"):
        promote(tracking)
    assert version(tracking, CHAMPION) is None


def test_a_move_that_fails_is_seen_in_the_history(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is there before the alias moves, so none moves unseen."""
    registered(tracking, 0.01, GOOD)

    def broken(*_: object) -> None:
        raise TrackingError("no answer")

    monkeypatch.setattr("training.promote.move_alias", broken)
    with pytest.raises(TrackingError, match="no answer"):
        promote(tracking)
    assert list(history(tracking)["state"]) == ["failed"]
