"""The forecasts of a batch, and their compiled form for workers."""

import pickle
import pickletools
from dataclasses import replace

import numpy as np
import pytest

from features.engines.feature_table import feature_table
from features.errors import ModelError
from features.store.event_store import EventStore
from serving.batch_forecasts import Forecasts
from tests.training.stand_in import customer_model


def test_workers_receive_numbers_alone() -> None:
    """What is pickled for them names no class but that of the numbers, and forecasts what is forecast here."""
    forecasts = Forecasts(customer_model(), "3", 60, value_days=365)
    content = pickle.dumps(forecasts.for_workers())
    texts = {argument for _, argument, _ in pickletools.genops(content) if isinstance(argument, str)}
    assert {text for text in texts if text.partition(".")[0] in ("training", "sklearn", "numpy", "scipy")} == set()
    assert "CompiledForecasts" in texts


def test_the_compiled_form_forecasts_as_the_model(example_store: EventStore) -> None:
    """To 1e-9, customer value included."""
    forecasts = Forecasts(customer_model(), "3", 60, value_days=365)
    table, day = feature_table(example_store, "2011-06-10").head(300), 15_135
    found = pickle.loads(pickle.dumps(forecasts.for_workers())).of_table(table, day)
    expected = forecasts.model.predict(table, day, 60)
    for name in expected:
        assert np.allclose(found[name], expected[name], rtol=1e-9, atol=0, equal_nan=True)
    value = forecasts.model.customer_value(table, day, 365)
    assert np.allclose(found["customer_value"], value, rtol=1e-9, equal_nan=True)


def test_a_model_of_another_kind_stays_here() -> None:
    """The error says what to do instead."""
    forecasts = Forecasts(replace(customer_model(), purchases=object()), "3", 60)
    with pytest.raises(ModelError, match=r"version 3 has no compiled form.*without --engine spark"):
        forecasts.for_workers()
