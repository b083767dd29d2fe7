"""The table of versions: one row for each, with what its fit recorded."""

import json
from math import isnan

from tests.training.stand_in import customer_model
from training.gate import Verdict
from training.models.bundle import CHALLENGER, CHAMPION
from training.promote import record_verdict
from training.registry.entities import CANDIDATE
from training.registry.mlflow_client import Tracking
from training.registry.runs import log_metrics, start_run
from training.registry.versions import move_alias, register
from training.version_table import COLUMNS, version_table


def test_a_version_is_a_row_with_what_its_fit_recorded(tracking: Tracking) -> None:
    """The newest first; what was not recorded is null, and a version without a verdict has none."""
    with start_run(tracking, "fit") as fit:
        first = register(fit, customer_model(0.01))
    move_alias(tracking, CHAMPION, 1, None)
    with start_run(tracking, "fit", {"data_until": "2011-12-09"}) as fit:
        record_verdict(fit, Verdict(("log: short", "speed: 9 ms"), {}, 1, "refit"))
        log_metrics(fit, {"trials.relative_loss": 1.9, "deviance": float("nan")})
        second = register(fit, customer_model(0.02), tags={CANDIDATE: "bold"})
    table = version_table(tracking)
    newest, oldest = table.to_dict("records")
    assert json.loads(newest.pop("measures")) == {"trials.relative_loss": 1.9, "deviance": None}
    assert newest == {
        "version": 2,
        "recipe": "bold",
        "data_until": "2011-12-09",
        "loss": 0.95,
        "aliases": CHALLENGER,
        "question": "refit",
        "verdict": "refused",
        "reasons": "log: short; speed: 9 ms",
        "digest": second.digest,
        "run_id": second.run_id,
    }
    assert (oldest["version"], oldest["digest"], oldest["aliases"]) == (1, first.digest, CHAMPION)
    assert [oldest[name] for name in ("recipe", "data_until", "question", "verdict", "reasons")] == [None] * 5
    assert isnan(oldest["loss"])


def test_without_a_version_there_is_no_row(tracking: Tracking) -> None:
    """The columns are there all the same."""
    assert version_table(tracking).empty
    assert tuple(version_table(tracking)) == COLUMNS
