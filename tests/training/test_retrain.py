"""One command from a log to a challenger: tried, judged, registered, and with its whole record."""

from pathlib import Path

import pandas as pd
import pytest

from features.loyalty.formula import load_formula
from features.store.event_store import EventStore
from tests.training.logs import simulated, stored
from training.registry.mlflow_client import Tracking
from training.registry.runs import runs
from training.registry.versions import load, version
from training.retrain import retrain
from training.trials import TrialSettings


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    return stored(simulated(500), tmp_path_factory.mktemp("retrain"))


def test_a_retrained_challenger_is_registered_with_its_record(store: EventStore, tracking: Tracking) -> None:
    """The version carries a model that forecasts; its run has facts, verdict and trials as runs within it."""
    steps: list[str] = []
    done = retrain(store, tracking, load_formula(), quick=True, progress=steps.append)
    challenger = version(tracking, "challenger")
    assert challenger is not None
    assert challenger.number == done.version.number == 1
    assert challenger.tags["candidate"] == done.candidate == "standard"
    assert load(tracking, challenger).card.data_digest == store.manifest["digest"]
    assert set(done.measures.index.get_level_values("horizon")) == set(TrialSettings().horizons)
    kept = runs(tracking)
    parent = kept[kept["parent"].isna()]
    assert parent["status"].tolist() == ["FINISHED"]
    assert len(kept) == 2
    assert kept.loc[kept["parent"].notna(), "measures"].iloc[0]
    assert done.verdict.figures["customers"] > 0
    assert any(step.startswith("trial at") for step in steps)


@pytest.mark.slow
def test_the_champion_takes_part_in_later_trials(store: EventStore, tracking: Tracking, tmp_path: Path) -> None:
    """Once there is a champion the next fit is measured against it, and a twin of it is refused."""
    from training.promote import PromotionRefusedError, history, promote

    retrain(store, tracking, load_formula(), quick=True)
    promote(tracking, force=True, why="the first")
    again = retrain(store, tracking, load_formula(), quick=True)
    assert "champion" in again.measures.index.get_level_values("forecast")
    assert isinstance(again.measures, pd.DataFrame)
    with pytest.raises(PromotionRefusedError, match="champion"):
        promote(tracking)
    assert history(tracking)["to"].tolist() == [1]
