"""Trials: at which dates, over what, and how their losses add up."""

import pytest

from features.errors import TooLittleDataError
from training.trials import milliseconds_per_customer, trial_days


def test_trials_are_a_quarter_apart_and_over_by_then() -> None:
    """The last trial ends with the log; a log without room for one is refused, saying how long it must be."""
    assert trial_days(0, 1000, 3) == [730, 820, 910]
    assert trial_days(0, 215, 3) == [125]
    with pytest.raises(TooLittleDataError, match="at least 210"):
        trial_days(0, 200, 3)


def test_the_time_is_per_customer() -> None:
    """The time of one call, over its customers; the first call, which loads and compiles, is left out."""
    calls = []
    assert 0 <= milliseconds_per_customer(lambda: calls.append(1), customers=10) < 1
    assert len(calls) == 4
