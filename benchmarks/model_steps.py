"""A step of a model's life on a whole store, alone in its process: `python -m benchmarks.model_steps STEP FOLDER DATE`.

FOLDER holds `log.parquet`; `read` leaves the store there, `fit` the model, for the steps after them.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stopwatch import tell
from features.as_of import AsOf
from features.engines.feature_table import feature_chunks, feature_table
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.store.event_store import open_store
from serving.batch import write_scores
from serving.batch_forecasts import Forecasts
from training.fit import fit_customer_model
from training.fit_challenger import fit_challenger
from training.models.customer_model import CustomerModel
from training.registry.mlflow_client import open_tracking

HORIZON = 90


def read(folder: Path, as_of: str) -> dict[str, Any]:
    """Ingest the log."""
    return {"events": ingest(folder / "log.parquet", folder / "store").kept}


def histories(folder: Path, as_of: str) -> dict[str, Any]:
    """Write what a buy-till-you-die model is fitted to."""
    table = feature_table(open_store(folder / "store"), as_of)
    bought = table.loc[table["purchase_days"] > 0, ["frequency", "recency", "T"]]
    bought.to_parquet(folder / "histories.parquet")
    return {"customers": len(bought)}


def fit(folder: Path, as_of: str) -> dict[str, Any]:
    """Fit one model to what is known at the date."""
    return {"digest": fit_customer_model(open_store(folder / "store"), as_of, load_formula()).save(folder)}


def regulars_fit(folder: Path, as_of: str) -> dict[str, Any]:
    """All that `regulars fit` does: candidates on trial over past windows, the best fitted, judged, registered."""
    with tempfile.TemporaryDirectory() as home:
        done = fit_challenger(open_store(folder / "store"), open_tracking(home), load_formula())
    return {"candidate": done.candidate, "passed": done.verdict.passed}


def features(folder: Path, as_of: str) -> dict[str, Any]:
    """The feature table alone, a chunk at a time."""
    return {"customers": sum(len(table) for _, table in feature_chunks(open_store(folder / "store"), [as_of]))}


def predict(folder: Path, as_of: str) -> dict[str, Any]:
    """The feature table, and the model's predict calls on it; what comes of them is dropped."""
    store, model = open_store(folder / "store"), CustomerModel.load(folder)
    day = AsOf.parse(as_of, store.timezone).day
    return {"rows": sum(len(model.predict(table, day, HORIZON)) for _, table in feature_chunks(store, [as_of]))}


def score(folder: Path, as_of: str) -> dict[str, Any]:
    """All that `regulars score` does: features, rule, model, the file."""
    store, model = open_store(folder / "store"), CustomerModel.load(folder)
    done = write_scores(store, as_of, load_formula(), folder / "scores.parquet", Forecasts(model, "1", HORIZON))
    return {"customers": done.customers}


STEPS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    step.__name__: step for step in (read, histories, fit, regulars_fit, features, predict, score)
}

if __name__ == "__main__":
    name, given, as_of = sys.argv[1:]

    def warm_up() -> None:
        if name not in ("read", "histories"):
            feature_table(open_store(Path(given) / "store"), as_of, np.arange(10))

    tell(lambda: STEPS[name](Path(given), as_of), warm_up)
