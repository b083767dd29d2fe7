"""Parameters of a simulation come from TOML, checked."""

from pathlib import Path

import pytest

from features.errors import InvalidArgumentError
from features.simulate import Action, Truth, load_truth, simulate
from features.simulate.truth_file import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_gives_a_log(name: str) -> None:
    """Each preset runs, and its log has the campaigns' plan items and the types of events that its words name."""
    truth = load_truth(name)
    log, truth_table = simulate(truth, customers=60, seed=1)
    types = set(log["event_type"].to_pylist())
    assert types >= {"purchase", "visit", "incentive", "usage", "feedback", *(one.type for one in truth.own_events)}
    assert log["plan_item"].null_count < log.num_rows
    assert len(truth_table) == 60


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    """Parameters that the file leaves out have their default."""
    file = tmp_path / "truth.toml"
    file.write_text('start = 2024-02-01\ndays = 300\nacquisition_days = 100\nincentives = []\n[[visits]]\n'
                    'channel = "phone"\nper_year = 1\neffect = 0.2\n')  # fmt: skip
    truth = load_truth(file)
    assert truth.visits == (Action("phone", 1.0, 0.2),)
    assert (truth.days, truth.incentives, truth.r) == (300, (), Truth().r)
    assert str(truth.start) == "2024-02-01"
    file.write_text("")
    assert load_truth(file) == Truth()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chanel_spread = 1", "unknown parameter 'chanel_spread': did you mean 'channel_spread'"),
        ("channel_spread = -1", "channel_spread is -1.0; expected a number at least 0"),
        ("channel_spread = 'x'", "Expected `float`, got `str` - at `.*channel_spread"),
        ("[[visits]]\nchannel = 'phone'\nper_year = 1\neffekt = 1", "unknown key of visits 'effekt'"),
        ("[[visits]]\nchannel = 'phone'\nper_year = 1", "effect"),
        ("[[own_events]]\ntype = 'Deposit'\nper_year = 1", "own_events has type 'Deposit'"),
        ("[[own_events]]\ntype = 'loan'\nper_year = 1\nshare = 2", "share of loan is 2"),
        ("days = [", "Invalid value"),
        ("visits = 3", "visits"),
        ("visits = [3]", "visits"),
    ],
)
def test_a_faulty_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """The message begins with the file and names the parameter."""
    file = tmp_path / "truth.toml"
    file.write_text(text)
    with pytest.raises(InvalidArgumentError, match=f"truth.toml: .*{message}"):
        load_truth(file)


def test_a_missing_file_names_the_presets(tmp_path: Path) -> None:
    """A name that is neither a file nor a preset says what there is."""
    with pytest.raises(InvalidArgumentError, match="expected a TOML file or one of retail, travel, finance"):
        load_truth(tmp_path / "absent.toml")
