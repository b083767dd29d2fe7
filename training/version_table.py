"""The registered versions as a table: what each was fitted to, how it did in trials, and what the gate said."""

import json

import pandas as pd

from training.promote import recorded_verdict
from training.registry.entities import gate_figures
from training.registry.mlflow_client import Tracking
from training.registry.runs import FITS
from training.registry.versions import versions

COLUMNS = (
    *("version", "recipe", "data_until", "loss", "aliases", "question", "verdict", "reasons", "digest", "run_id"),
    "measures",
)


def version_table(tracking: Tracking) -> pd.DataFrame:
    """Return every registered version, the newest first.

    Returns
    -------
    pandas.DataFrame
        `version` (number); `recipe` (name of the candidate); `data_until` (ISO date; it learnt from events before it);
        `loss` (mean of its losses in the trials, those of BG/NBD being 1; NaN where they are not recorded); `aliases`
        (comma-separated); `question` (recipe or refit, see `training.gate.Verdict`), `verdict` (passed or refused) and
        `reasons` (against it), null where no verdict is recorded; `digest` (SHA-256 of the model file); `run_id` (of
        its fit in MLflow), and `measures` (JSON object of text to float).
    """
    fits = {run.run_id: run for run in tracking.search_runs(FITS)}
    rows = []
    for made in versions(tracking):
        fit = fits.get(made.run_id)  # runs can be deleted in MLflow
        measures = fit.metrics if fit else {}
        verdict = recorded_verdict(tracking, made) if fit else None
        rows.append(
            {
                "version": made.number,
                "recipe": made.candidate or None,
                "data_until": fit.params.get("data_until") if fit else None,
                "loss": gate_figures(measures).get("trials.relative_loss", float("nan")) / 2,
                "aliases": ", ".join(made.aliases),
                "question": verdict and verdict.question,
                "verdict": verdict and ("passed" if verdict.passed else "refused"),
                "reasons": verdict and "; ".join(verdict.reasons),
                "digest": made.digest,
                "run_id": made.run_id,
                "measures": json.dumps({name: value if value == value else None for name, value in measures.items()}),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype="object")
    return table.astype({"version": "int64", "loss": "float64"})
