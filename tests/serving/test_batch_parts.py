"""Scores in parts: the rows of the file of scores at each cutoff, wherever they are computed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.engines.spark_session import spark_runner, spark_session
from features.errors import ModelError
from features.loyalty.formula import load_formula
from features.partitions.folder import content_of, date_folder
from features.partitions.runners import run_here
from features.store.event_store import EventStore, open_store
from features.store.writer import write_store
from serving.batch import write_scores
from serving.batch_forecasts import Forecasts
from serving.batch_parts import write_score_file, write_score_parts
from tests.needing_spark import with_spark
from tests.training.logs import simulated, stored
from tests.training.stand_in import customer_model
from training.fit import fit_customer_model

RULE = load_formula()
DATES = ["2024-04-01", "2024-05-01T09:30:00+02:00"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """A simulated shop in three buckets."""
    return stored(simulated(300), tmp_path_factory.mktemp("parts"), buckets=3)


@pytest.fixture(scope="module")
def forecasts(store: EventStore) -> Forecasts:
    """Those of a fitted model, with the customer value."""
    return Forecasts(fit_customer_model(store, "2024-03-01", RULE, quick=True), "7", 60, value_days=365)


def rows_of(folder: Path) -> pd.DataFrame:
    """The rows of a cutoff's folder in order of ids."""
    return pq.read_table(folder, partitioning=None).to_pandas().sort_values("customer_id").reset_index(drop=True)


def same_to(rows: pd.DataFrame, expected: pd.DataFrame, tolerance: float) -> None:
    """Texts are equal, and numbers within a relative tolerance."""
    assert list(rows) == list(expected)
    for name in expected:
        if expected[name].dtype == np.float64:
            assert np.allclose(rows[name], expected[name], rtol=tolerance, atol=0, equal_nan=True), name
        else:
            assert rows[name].fillna("none").tolist() == expected[name].fillna("none").tolist()


def test_the_parts_hold_the_scores(store: EventStore, forecasts: Forecasts, tmp_path: Path) -> None:
    """At each cutoff the rows and totals of one file of scores, and in each part cutoff and versions."""
    totals = write_score_parts(store, DATES, RULE, tmp_path / "out", forecasts)
    for as_of in DATES:
        summary = write_scores(store, as_of, RULE, tmp_path / "s.parquet", forecasts)
        same_to(rows_of(date_folder(tmp_path / "out", as_of)), pd.read_parquet(tmp_path / "s.parquet"), 1e-12)
        assert totals[as_of].customers == summary.customers > 100
        assert totals[as_of].mean_score == pytest.approx(summary.mean_score, rel=1e-12)
        assert totals[as_of].expected_purchases == pytest.approx(summary.expected_purchases, rel=1e-12)
        assert totals[as_of].churn_probability == pytest.approx(summary.expected_to_stay_away, rel=1e-12)
        facts = pq.read_schema(tmp_path / "s.parquet").metadata[b"regulars"]
        parts = list(date_folder(tmp_path / "out", as_of).rglob("*.parquet"))
        assert len(parts) == len(store.buckets)
        assert {pq.read_schema(part).metadata[b"regulars"] for part in parts} == {facts}


def test_one_file_is_that_of_the_scores(store: EventStore, forecasts: Forecasts, tmp_path: Path) -> None:
    """The same schema, rows and metadata, and nothing is left beside it."""
    write_score_file(store, DATES[0], RULE, tmp_path / "parts.parquet", forecasts)
    write_scores(store, DATES[0], RULE, tmp_path / "whole.parquet", forecasts)
    parts, whole = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("parts", "whole"))
    assert parts.schema.equals(whole.schema, check_metadata=True)
    same_to(parts.to_pandas(), whole.to_pandas(), 1e-12)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interrupted_run_goes_on(store: EventStore, forecasts: Forecasts, tmp_path: Path) -> None:
    """With the same model it computes only what is missing; another model, formula or horizon begins anew."""
    computed: list[int] = []

    def interrupted(call: object, count: int) -> Iterator[int]:
        yield call(0)  # type: ignore[operator]
        raise KeyboardInterrupt

    def counted(call: object, count: int) -> Iterator[int]:
        computed.append(count)
        return run_here(call, count)  # type: ignore[arg-type]

    with pytest.raises(KeyboardInterrupt):
        write_score_parts(store, DATES, RULE, tmp_path / "out", forecasts, run=interrupted)
    assert not (tmp_path / "out").exists()
    others = (replace(forecasts, horizon_days=30), RULE), (forecasts, replace(RULE, version="other"))
    for number, (forecast, rule) in enumerate(others):
        write_score_parts(store, DATES, rule, tmp_path / f"other{number}", forecast, run=counted)
    write_score_parts(store, DATES, RULE, tmp_path / "out", forecasts, run=counted)
    assert computed == [3, 3, 2]
    content = content_of(tmp_path / "out")
    assert (content["verb"], content["as_of"], content["buckets"]) == ("score", DATES, 3)


def test_a_rerun_replaces(store: EventStore, tmp_path: Path) -> None:
    """Nothing is there twice, and a cutoff that is not asked for any more is gone."""
    write_score_parts(store, DATES, RULE, tmp_path / "out")
    write_score_parts(store, DATES[:1], RULE, tmp_path / "out")
    write_score_parts(store, DATES[:1], RULE, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").glob("as_of=*")] == ["as_of=2024-04-01"]
    assert not rows_of(date_folder(tmp_path / "out", DATES[0]))["customer_id"].duplicated().any()


def test_what_workers_cannot_rebuild_is_refused(store: EventStore, tmp_path: Path) -> None:
    """Before anything is written: a model of ratings of another scale, and one without a compiled form."""
    model = customer_model()
    scale = replace(model, card=replace(model.card, rating_maximum=100.0))
    foreign = replace(model, purchases=object())
    for other, message in ((scale, "learnt from ratings up to 100"), (foreign, "has no compiled form")):
        with pytest.raises(ModelError, match=message):
            write_score_parts(store, DATES, RULE, tmp_path / "out", Forecasts(other, "1", 30))
    assert not list(tmp_path.iterdir())


def test_an_empty_store_has_parts_without_rows(tmp_path: Path) -> None:
    """No customer, no mean, all columns."""
    empty = write_store(tmp_path / "store", [], timezone="UTC", digest="0")
    totals = write_score_parts(open_store(empty.folder.parent), DATES[:1], RULE, tmp_path / "out")
    assert totals[DATES[0]].customers == 0
    assert np.isnan(totals[DATES[0]].mean_score)


@with_spark
def test_spark_writes_the_same_scores(store: EventStore, forecasts: Forecasts, tmp_path: Path) -> None:
    """At two cutoffs, to 1e-9 those of `regulars score`; in a folder, and joined to one file."""
    with spark_session() as session:
        totals = write_score_parts(store, DATES, RULE, tmp_path / "out", forecasts, run=spark_runner(session))
        write_score_file(store, DATES[0], RULE, tmp_path / "p.parquet", forecasts, run=spark_runner(session))
    for as_of in DATES:
        write_scores(store, as_of, RULE, tmp_path / "s.parquet", forecasts)
        expected = pd.read_parquet(tmp_path / "s.parquet")
        same_to(rows_of(date_folder(tmp_path / "out", as_of)), expected, 1e-9)
        assert totals[as_of].customers == len(expected)
        if as_of == DATES[0]:
            same_to(pd.read_parquet(tmp_path / "p.parquet"), expected, 1e-9)
