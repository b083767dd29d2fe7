"""One look has all parts, with a champion or without."""

from pathlib import Path

import pytest

from features.simulate import simulate
from features.store.event_store import EventStore
from monitoring.monitor import look_at
from monitoring.recommendation import Action
from tests.monitoring.shops import FlatModel
from tests.training.logs import stored


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """The log of 300 customers."""
    return stored(simulate(customers=300, seed=5)[0], tmp_path_factory.mktemp("shop"))


def test_a_look_without_a_champion(store: EventStore) -> None:
    """The intake and the columns alone; the end of the log is the moment."""
    steps: list[str] = []
    look = look_at(store, None, progress=steps.append)
    assert steps == ["intake", "columns"]
    assert (look.weekly, look.matured, look.version) == (None, None, None)
    assert look.columns is not None


def test_a_model_that_says_twice_what_happens_is_recalibrated(store: EventStore, tmp_path: Path) -> None:
    """Only a change since the fit counts, not a level that was always wrong."""
    look = look_at(store, (FlatModel("2025-01-01", 0.5), "7"), "2025-06-01", horizons=[28])
    assert look.weekly is not None
    assert look.matured is not None
    assert look.recommendation.action in (Action.NOTHING, Action.INTAKE)
    assert look.matured.measures["bias"].iloc[0] > 1
    assert (look.version, look.fitted, str(look.as_of.date)) == ("7", "2025-01-01", "2025-06-01")
