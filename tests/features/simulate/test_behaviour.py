"""Parameters of behaviour are checked by name."""

import pytest

from features.errors import InvalidArgumentError
from features.simulate import Action, Truth


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channel_spread": -0.1}, "channel_spread is -0.1; expected a number at least 0"),
        ({"fatigue": float("inf")}, "fatigue is inf; expected a number at least 0"),
        ({"pull_forward": 1.5}, "pull_forward is 1.5; expected a number at least 0 and at most 1"),
        ({"acceptance": 0}, "acceptance is 0; expected a number above 0 and at most 1"),
        ({"acceptance_follows": "much"}, "acceptance_follows is 'much'; expected a number"),
        ({"reps": 2.5}, "reps is 2.5; expected a whole number from 0 to 1000"),
        ({"reps": True}, "reps is True"),
        ({"level_half_life": 0}, "level_half_life is 0; expected a number above 0"),
        ({"plan_items": "yes"}, "plan_items is 'yes'; expected true or false"),
    ],
)
def test_an_impossible_behaviour_is_refused(change: dict[str, object], message: str) -> None:
    """The message names the parameter, what was found and what was expected."""
    with pytest.raises(InvalidArgumentError, match=message):
        Truth(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["redeemed", "spend", "leaving", "satisfaction", "loyalty"])
def test_an_impossible_effect_is_refused(name: str) -> None:
    """Each further effect of an action has its range."""
    with pytest.raises(InvalidArgumentError, match=f"{name} of phone is -2"):
        Action("phone", 1.0, 0.1, **{name: -2.0})


def test_no_effects_means_none_of_any_kind() -> None:
    """`without_effects` keeps channels and frequencies, and takes away every effect."""
    truth = Truth(visits=(Action("phone", 1.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),), channel_spread=0.5)
    assert truth.without_effects().visits == (Action("phone", 1.0, 0.0),)
    assert truth.without_effects().channel_spread == 0.5
