"""The form of a registered model: users of MLflow load it with MLflow alone."""

from pathlib import Path

import pandas as pd
import pytest

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from tests.training.stand_in import customer_model
from training.models.bundle import CHALLENGER
from training.registry.mlflow_client import Tracking
from training.registry.runs import start_run
from training.registry.versions import register
from training.synthetic_customers import synthetic_customer

AS_OF_DAY = AsOf.parse("2011-06-10", "Europe/London").day


def test_mlflow_users_can_load_a_version(tracking: Tracking) -> None:
    """Plain `mlflow.pyfunc.load_model` gives forecasts of the logged signature; the example is nobody's row."""
    import mlflow

    with start_run(tracking, "fit") as fit:
        made = register(fit, customer_model(rate=0.02))
    mlflow.set_tracking_uri(tracking.uri)
    try:
        loaded = mlflow.pyfunc.load_model(f"models:/regulars@{CHALLENGER}")
        assert list(loaded.input_example.index) == [0]
        given = synthetic_customer("2011-06-10")
        forecast = loaded.predict(given, {"as_of_day": AS_OF_DAY, "horizon_days": 50})
        assert loaded.metadata.signature.inputs.input_names() == list(FEATURE_NAMES)
        with pytest.raises(mlflow.MlflowException, match="horizon_days"):
            loaded.predict(given, {"as_of_day": AS_OF_DAY, "horizon_days": "long"})
    finally:
        mlflow.set_tracking_uri(None)
    pd.testing.assert_frame_equal(forecast, customer_model(rate=0.02).predict(given, AS_OF_DAY, 50))
    files = Path(made.source.removeprefix("file://").replace("%20", " "))
    assert "numpy==2" in (files / "requirements.txt").read_text().splitlines()  # the libraries on the card
