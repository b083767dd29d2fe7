"""The model that `mlflow.pyfunc.load_model` returns for a registered version; MLflow imports this module by name."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from training.models.customer_model import CustomerModel


class PyfuncModel:
    """A customer model with the `predict` that pyfunc calls."""

    def __init__(self, model: CustomerModel) -> None:
        self.model = model

    def predict(self, features: pd.DataFrame, params: Mapping[str, int]) -> pd.DataFrame:
        """Return the forecasts for a feature table; `params` has `as_of_day` and `horizon_days`."""
        return self.model.predict(features, int(params["as_of_day"]), int(params["horizon_days"]))


def _load_pyfunc(path: str, model_config: Mapping[str, str]) -> PyfuncModel:
    """Load the bundle at `path`; MLflow calls this name. Raises ModelError on another digest than was logged."""
    return PyfuncModel(CustomerModel.load(Path(path), model_config["digest"]))
