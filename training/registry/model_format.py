"""The form of a registered model: the folder of `CustomerModel.save`, as the data of an MLflow pyfunc.

So there is one pickle, and its digest is checked before it is opened. `pyfunc.py` loads it for users of MLflow, in an
environment that needs neither Regulars nor anything else than the version names: it carries the packages it is loaded
with, and names the libraries they import.
"""

import tempfile
from dataclasses import dataclass
from importlib.metadata import version as release
from pathlib import Path

import features
import training
from features.as_of import AsOf
from training.models.bundle import BUNDLE
from training.models.customer_model import CustomerModel
from training.registry.errors import one_line_errors
from training.registry.runs import Run
from training.synthetic_customers import synthetic_customer

LOADER = "training.registry.pyfunc"
"""The module that MLflow imports to load a model. Regulars reads the bundle itself, so models registered under an
earlier name stay readable here."""

PACKAGES = (features, training)
"""The packages of this project that `LOADER` imports."""
IMPORTED = ("msgspec", "pyarrow")
"""The libraries that `LOADER` imports, beside those on the card."""


@dataclass(frozen=True)
class LoggedModel:
    """A model kept with a run: MLflow's id of it, where its files are, and the digest of its model file."""

    model_id: str
    source: str
    digest: str


def log_model(run: Run, model: CustomerModel, name: str) -> LoggedModel:
    """Keep the model with the run, with signature and input example; it is no version yet."""
    card = model.card
    example = synthetic_customer(card.as_of)
    params = {"as_of_day": AsOf.parse(card.as_of, card.timezone).day, "horizon_days": card.horizons[0]}
    libraries = {name: release(name) for name in IMPORTED} | dict(card.libraries)
    with tempfile.TemporaryDirectory(prefix="regulars-") as scratch:
        bundle = Path(scratch, BUNDLE)
        with one_line_errors(run.tracking.uri, OSError):
            digest = model.save(bundle)
        model_id, source = run.tracking.log_pyfunc(
            run.experiment_id,
            run.run_id,
            name,
            Path(scratch, "model"),
            (example, params),
            model.predict(example, **params),
            {
                "loader_module": LOADER,
                "data_path": str(bundle),
                "code_paths": [str(Path(str(package.__file__)).parent) for package in PACKAGES],
                "pip_requirements": [f"{name}=={number}" for name, number in libraries.items()],
                "model_config": {"digest": digest},
            },
        )
    return LoggedModel(model_id, source, digest)
