"""What scores is one value that is replaced in one step."""

from dataclasses import FrozenInstanceError, replace

import pytest

from serving.state import CurrentState, ServiceState


def test_a_reader_keeps_the_state_that_it_read(rule_state: ServiceState, model_state: ServiceState) -> None:
    """A swap concerns those who read afterwards; formula, zone and model are always of one version."""
    current = CurrentState(rule_state)
    read = current.state
    current.state = model_state
    assert read == rule_state
    assert current.state.model is not None
    assert current.state.formula == current.state.model.formula


def test_a_state_cannot_be_changed(rule_state: ServiceState) -> None:
    """Only a new state can say something else."""
    with pytest.raises(FrozenInstanceError):
        rule_state.timezone = "UTC"  # type: ignore[misc]
    assert replace(rule_state, refused="bad").refused == "bad"
    assert rule_state.refused is None
