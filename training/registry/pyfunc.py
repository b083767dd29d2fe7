"""What `mlflow.pyfunc.load_model` hands out for a version: MLflow calls this module with the version's own files."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from training.models.customer_model import CustomerModel


class Forecaster:
    """A customer model in the shape that pyfunc calls."""

    def __init__(self, model: CustomerModel) -> None:
        self.model = model

    def predict(self, features: pd.DataFrame, params: Mapping[str, int]) -> pd.DataFrame:
        """Return the forecasts of the feature table; `params`: `as_of_day` and `horizon_days`."""
        return self.model.predict(features, int(params["as_of_day"]), int(params["horizon_days"]))


def _load_pyfunc(path: str, model_config: Mapping[str, str]) -> Forecaster:
    """Load the bundle at `path`; MLflow asks for this name. Raises ModelError on another digest than was logged."""
    return Forecaster(CustomerModel.load(Path(path), model_config["digest"]))
