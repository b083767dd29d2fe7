"""The model that MLflow hands to its users."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import ModelError
from tests.training.stand_in import customer_model
from training.registry.model_format import LOADER
from training.registry.pyfunc import PyfuncModel, _load_pyfunc
from training.synthetic_customers import synthetic_customer


def test_it_forecasts_as_the_model_does(tmp_path: Path) -> None:
    """From the bundle and the digest that were logged; MLflow gives parameters as a mapping."""
    model = customer_model()
    loaded = _load_pyfunc(str(tmp_path), {"digest": model.save(tmp_path)})
    features = synthetic_customer(model.card.as_of)
    forecast = loaded.predict(features, {"as_of_day": 15_135, "horizon_days": 90})
    pd.testing.assert_frame_equal(forecast, model.predict(features, 15_135, 90))


def test_another_digest_is_refused(tmp_path: Path) -> None:
    """Before the file is unpickled."""
    customer_model().save(tmp_path)
    with pytest.raises(ModelError, match="refused"):
        _load_pyfunc(str(tmp_path), {"digest": "0" * 64})


def test_registered_models_name_the_module_that_loads_them() -> None:
    """MLflow imports it by this name, so moving it needs care: see `LOADER`."""
    assert PyfuncModel.__module__ == LOADER
