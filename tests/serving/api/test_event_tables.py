"""Event logs in Arrow and Parquet give the features of their events, without a compiler."""

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from serving.api.content_negotiation import ARROW, PARQUET
from serving.api.event_tables import features_of_event_table
from serving.api.parameters import RequestLimits, scoring_context
from serving.api.problem_details import ProblemError
from serving.request_types import ScoringParameters
from serving.response_types import Duplicate
from serving.state import ServiceState
from tests.serving.asking import arrow, parquet
from tests.serving.conftest import NOW
from tests.serving.running import ROOT

LOG = {
    "customer_id": ["b", "a", "b", "a"],
    "event_time": ["2011-01-01", "2011-02-01", "2011-03-01", "2011-04-01"],
    "event_type": ["purchase", "usage", "purchase", "visit"],
    "amount": [10.0, None, 20.0, None],
    "reference": ["r", None, "r", None],
    "recorded_at": ["2011-01-02", None, "2011-03-02", None],
}


def features(
    rule_state: ServiceState, body: bytes, media_type: str = ARROW, customers: int = 9
) -> tuple[pd.DataFrame, Sequence[Duplicate]]:
    context = scoring_context(ScoringParameters(as_of="2011-06-10"), rule_state, lambda: NOW)
    found = features_of_event_table(body, media_type, context, RequestLimits(events=100, customers=customers))
    return found.frame(), found.duplicates


@pytest.mark.parametrize("media_type", [ARROW, PARQUET])
def test_each_customer_has_the_features_of_their_events(rule_state: ServiceState, media_type: str) -> None:
    """Customers come in order of appearance; versions of one event count once and are named."""
    table = pa.table(LOG)
    frame, duplicates = features(rule_state, (arrow if media_type == ARROW else parquet)(table), media_type)
    assert list(frame.index) == ["b", "a"]
    assert frame["purchase_count"].tolist() == [1.0, 0.0]
    assert frame["total_spend"].tolist() == [20.0, 0.0]
    assert frame["usage_count"].tolist() == [0.0, 1.0]
    assert [(d.customer_id, d.event_type, d.reference) for d in duplicates] == [("b", "purchase", "r")]


def test_the_order_of_rows_changes_nothing(rule_state: ServiceState) -> None:
    """Any permutation of the log gives each customer the same features to the last bit."""
    table = pa.table(LOG)
    frame, _ = features(rule_state, arrow(table))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(table))
        shuffled, _ = features(rule_state, arrow(table.take(pa.array(order))))
        assert shuffled.loc[frame.index].to_numpy().tobytes() == frame.to_numpy().tobytes()


def test_too_many_customers_are_refused(rule_state: ServiceState) -> None:
    """The limit is on customers, not on events."""
    with pytest.raises(ProblemError, match="found 2 customers, expected 1 at most"):
        features(rule_state, arrow(pa.table(LOG)), customers=1)


def test_no_library_is_needed_that_a_bento_has_not() -> None:
    """The application is imported, and event tables are read, without what reads logs, compiles or fits."""
    absent = ("numba", "duckdb", "charset_normalizer", "mlflow", "typer")
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); import serving.runtime.bento_app; "
    code += "import serving.api.event_tables; print('fine')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "fine\n", done.stderr
