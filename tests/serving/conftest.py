"""What the tests of the service score with: the example log, and a model that learnt from it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.store.event_store import EventStore, open_store
from serving.api.app import make_app
from serving.state import CurrentState, ServedModel, ServiceState
from tests.serving.running import put, variant
from training.fit import fit_customer_model
from training.models.compiled.compiled_model import CompiledModel

EXAMPLE = Path(__file__).parents[2] / "examples" / "online_retail_ii.parquet"
ZONE = "Europe/London"
NOW = datetime(2011, 12, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def example_store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """The store of the example log."""
    folder = tmp_path_factory.mktemp("example") / "store"
    ingest(EXAMPLE, folder, timezone=ZONE)
    return open_store(folder)


@pytest.fixture(scope="session")
def served_model(example_store: EventStore, tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    """A model of the example log, as it is in service."""
    model = fit_customer_model(example_store, "2011-06-10", load_formula(), quick=True)
    folder = tmp_path_factory.mktemp("published")
    return ServedModel(
        "7", "regulars:7-0123456789ab", "0" * 64, folder, model.card, model.formula, CompiledModel.of(model), model
    )


@pytest.fixture(scope="session")
def model_state(served_model: ServedModel) -> ServiceState:
    """The rule and the model."""
    return ServiceState(served_model.customer_model.formula, ZONE, served_model, NOW)


@pytest.fixture(scope="session")
def rule_state() -> ServiceState:
    """The rule alone."""
    return ServiceState(load_formula(), ZONE, None, NOW, absent="nothing was published")


@pytest.fixture(scope="session")
def app(model_state: ServiceState) -> Starlette:
    """The app with a model, whose clock stands at noon of 10 December 2011."""
    return make_app(CurrentState(model_state), clock=lambda: NOW)


@pytest.fixture(scope="session")
def rule_app(rule_state: ServiceState) -> Starlette:
    """The app without a model, at the same time."""
    return make_app(CurrentState(rule_state), clock=lambda: NOW)


@pytest.fixture(scope="module")
def home(served_model: ServedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BentoML home in which version 1 is published."""
    folder = tmp_path_factory.mktemp("home")
    put(folder, variant(served_model.customer_model, 1), 1)
    return folder
