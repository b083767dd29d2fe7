"""Scores of a whole base: the file holds what the library gives, however it is cut, and the log decides what counts."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.feature_table import feature_table
from features.errors import FormulaError, ModelError
from features.loyalty.formula import Band, Formula, Part, load_formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.store.event_store import EventStore
from serving.batch import Summary, write_scores
from serving.batch_forecasts import Forecasts
from serving.batch_lookup import lookup_batch_scores
from tests.features.logs import DAY, KIND, Event, Log, logs, shelved
from tests.training.logs import simulated, stored
from tests.training.stand_in import customer_model
from training.fit import fit_customer_model
from training.models.customer_model import CustomerModel

RULE = load_formula()
AS_OF_DAY = date(2024, 6, 10)
NOON = 1_718_020_800_000_000
MONEY_ONLY = Formula(
    version="money",
    reason="a test",
    date=AS_OF_DAY,
    parts=(Part("amount", "spend_365", 1000, 1), Part("basket", "basket_mean", 100, 1)),
    bands=(Band("all", 0),),
)


def purchase(customer: str, days_ago: int, cents: int | None = None) -> Event:
    return Event(customer, NOON - days_ago * DAY, KIND["purchase"], cents=cents)


def log(*events: Event) -> Log:
    return Log(list(events), "UTC", AS_OF_DAY)


def written(path: Path) -> pd.DataFrame:
    return pq.read_table(path).to_pandas().set_index("customer_id")


@given(logs(min_size=1), st.integers(0, 4), st.integers(1, 5))
@settings(max_examples=30)
def test_the_file_holds_what_the_library_gives(log: Log, moment: int, chunk: int) -> None:
    """For any log, date and chunk of customers the file equals `score` over `feature_table`, to the bit."""
    store, as_of = shelved(log), log.as_ofs()[moment]
    expected = score(feature_table(store, as_of), drop_unpriced_parts(store, RULE))
    with TemporaryDirectory() as folder:
        summary = write_scores(store, as_of, RULE, Path(folder) / "scores.parquet", chunk=chunk)
        found = written(Path(folder) / "scores.parquet")
    assert list(found.index) == list(expected.index)
    assert list(found.columns) == list(expected.columns)
    assert found.pop("band").fillna("none").tolist() == expected.pop("band").astype("str").fillna("none").tolist()
    assert np.array_equal(found.to_numpy(np.float64), expected.to_numpy(np.float64), equal_nan=True)
    assert summary.customers == len(expected)
    assert sum(summary.bands.values()) == expected["loyalty_score"].count()
    assert list(summary.bands) == [band.name for band in RULE.bands]
    assert summary.mean_score == pytest.approx(expected["loyalty_score"].mean(), nan_ok=True)


def test_a_summary_worked_by_hand(tmp_path: Path) -> None:
    """One purchase of 500 in the year: (4 * 1/12 + 3 * 1/2) / 7 of 100; two customers, both bronze."""
    store = shelved(log(purchase("a", 1, 50_000), purchase("b", 2, 50_000)))
    summary = write_scores(store, AS_OF_DAY, RULE, tmp_path / "scores.parquet")
    mean = pytest.approx(100 * (4 / 12 + 1.5) / 7)
    assert summary == Summary(2, {"bronze": 2, "silver": 0, "gold": 0}, mean, (), summary.leaders, 2, summary.indices)
    assert summary.leaders["loyalty_score"].to_dict() == {"a": mean, "b": mean}
    assert summary.leaders.columns[0] == "loyalty_score"
    assert all(str(name).startswith("contribution_") for name in summary.leaders.columns[1:])


def test_leaders_are_the_highest_of_all_chunks(tmp_path: Path) -> None:
    """Of equal scores the first by id; customers without a score are none."""
    store = shelved(log(*(purchase(name, 1, amount) for name, amount in zip("abcdefgh", range(8), strict=True))))
    summary = write_scores(store, AS_OF_DAY, RULE, tmp_path / "scores.parquet", chunk=3)
    scores = written(tmp_path / "scores.parquet")["loyalty_score"].sort_values(ascending=False, kind="stable")
    assert list(summary.leaders.index) == list(scores.index[:5])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 8))
def test_ties_at_the_end_of_the_leaders_are_counted_over_all_chunks(euros: list[int], chunk: int) -> None:
    """`tied` is how many of all customers have the score of the last leader, however they are divided into chunks."""
    store = shelved(log(*(purchase(f"c{at:02}", 1, 10_000 * amount) for at, amount in enumerate(euros))))
    with TemporaryDirectory() as folder:
        summary = write_scores(store, AS_OF_DAY, RULE, Path(folder) / "scores.parquet", chunk=chunk)
        scores = written(Path(folder) / "scores.parquet")["loyalty_score"]
    assert summary.tied == (scores == scores.sort_values(ascending=False).iloc[:5].min()).sum()


# Logs without amounts


def test_a_log_without_amounts_leaves_the_amount_part_out(tmp_path: Path) -> None:
    """No event has an amount: the part in money counts for nobody, is not in the file, and is named."""
    store = shelved(log(purchase("a", 1), purchase("b", 2)))
    summary = write_scores(store, AS_OF_DAY, RULE, tmp_path / "scores.parquet")
    found = written(tmp_path / "scores.parquet")
    assert summary.left_out == ("amount",)
    assert "part_amount" not in found
    assert list(found["loyalty_score"]) == pytest.approx([100 / 12, 100 / 12])
    assert list(found["coverage"]) == pytest.approx([4 / 7, 4 / 7])


def test_one_amount_in_the_log_brings_the_part_in_for_everyone() -> None:
    """The log decides, not the customer: with one amount anywhere, even after `as_of`, the formula is the whole one."""
    assert drop_unpriced_parts(shelved(log(purchase("a", 1), purchase("b", -30, 100))), RULE) == RULE
    assert drop_unpriced_parts(shelved(log(purchase("a", 1), purchase("b", 2))), RULE) == replace(
        RULE, parts=tuple(part for part in RULE.parts if part.name != "amount")
    )


@given(st.lists(st.tuples(st.integers(1, 400), st.one_of(st.none(), st.integers(0, 10**6))), max_size=6))
@settings(max_examples=25)
def test_no_score_falls_when_a_purchase_is_added(bought: list[tuple[int, int | None]]) -> None:
    """In a log with amounts a further purchase, with or without one, lowers nobody's score."""
    others = [purchase("other", 3, 1_000)]
    before = others + [purchase("a", *one) for one in bought]
    for cents in (None, 0, 100_000):
        scores = []
        for events in (before, [*before, purchase("a", 5, cents)]):
            store = shelved(log(*events))
            table = score(feature_table(store, AS_OF_DAY), drop_unpriced_parts(store, RULE))
            scores.append(table["loyalty_score"])
        assert scores[1]["other"] == scores[0]["other"]
        assert scores[1]["a"] >= scores[0].get("a", 0)


def test_a_formula_of_money_alone_needs_amounts(tmp_path: Path) -> None:
    """When the log has no amounts and the formula nothing else there is an error, not a file of empty scores."""
    store = shelved(log(purchase("a", 1)))
    with pytest.raises(FormulaError, match="no amounts"):
        write_scores(store, AS_OF_DAY, MONEY_ONLY, tmp_path / "scores.parquet")
    assert not list(tmp_path.iterdir())


# Edges


def test_a_date_before_the_log_gives_a_file_without_rows(tmp_path: Path) -> None:
    """Nobody is known: the file has its columns and no row, and there is no mean."""
    store = shelved(log(purchase("a", 1, 100)))
    summary = write_scores(store, "2001-01-01", RULE, tmp_path / "scores.parquet")
    assert summary.customers == 0
    assert np.isnan(summary.mean_score)
    assert written(tmp_path / "scores.parquet").shape[0] == 0


def test_a_store_without_events_gives_a_file_without_rows(tmp_path: Path) -> None:
    """An empty store is no fault: the file has its columns and no row."""
    write_scores(shelved(log()), AS_OF_DAY, RULE, tmp_path / "scores.parquet")
    found = written(tmp_path / "scores.parquet")
    assert found.shape[0] == 0
    assert {"loyalty_score", "coverage", "band"} <= set(found.columns)


def test_a_failure_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    """Whatever stops the work after some chunks, the file of before stays and no part of the new one."""
    store = shelved(log(purchase("a", 1, 100), purchase("b", 2, 100)))
    path = tmp_path / "scores.parquet"
    path.write_text("old")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_scores(store, AS_OF_DAY, RULE, path, chunk=1, progress=stop)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# With the model


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    return stored(simulated(300), tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def model(shop: EventStore) -> CustomerModel:
    return fit_customer_model(shop, "2024-03-01", RULE, quick=True)


@pytest.fixture(scope="module")
def scores(shop: EventStore, model: CustomerModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scores") / "scores.parquet"
    write_scores(shop, "2024-04-01", RULE, path, Forecasts(model, "7", 60, value_days=365), chunk=70)
    return path


def test_the_file_holds_what_the_model_says(shop: EventStore, model: CustomerModel, scores: Path) -> None:
    """However the base is cut, the forecasts are those of one call of `predict` and `customer_value`."""
    table = feature_table(shop, "2024-04-01")
    day = (date(2024, 4, 1) - date(1970, 1, 1)).days
    expected = model.predict(table, day, 60)
    found = written(scores)
    names = {"low": "expected_purchases_low", "high": "expected_purchases_high"}
    for name in expected:
        assert np.allclose(found[names.get(name, name)], expected[name], rtol=1e-12, atol=0, equal_nan=True)
    assert np.allclose(found["customer_value"], model.customer_value(table, day, 365), rtol=1e-12, equal_nan=True)


def test_the_summary_adds_the_forecasts_up(shop: EventStore, model: CustomerModel, tmp_path: Path) -> None:
    """The totals said of the base are the sums of the file's columns."""
    summary = write_scores(shop, "2024-04-01", RULE, tmp_path / "s.parquet", Forecasts(model, "7", 60))
    found = written(tmp_path / "s.parquet")
    assert summary.expected_purchases == pytest.approx(found["expected_purchases"].sum())
    assert summary.expected_to_stay_away == pytest.approx(found["churn_probability"].sum())
    assert "customer_value" not in found


def test_a_customer_is_looked_up_with_what_the_scores_are_of(scores: Path) -> None:
    """The rows are those of the file, in its order; ids not in it are named once; the file's facts come along."""
    base = written(scores)
    first, last = base.index[0], base.index[-1]
    found = lookup_batch_scores(scores, [last, "nobody", first, "nobody", last])
    assert [row.pop("customer_id") for row in found.rows] == [first, last]
    assert found.rows == base.loc[[first, last]].astype(object).where(lambda x: x.notna(), None).to_dict("records")
    assert found.unknown == ["nobody"]
    assert found.facts["as_of"] == "2024-04-01"
    assert (found.facts["model_version"], found.facts["horizon_days"]) == ("7", 60)


def test_a_champion_of_another_rating_scale_is_refused(tmp_path: Path) -> None:
    """Before anything is written; the rule alone needs no scale."""
    model = customer_model()
    other = replace(model, card=replace(model.card, rating_maximum=100.0))
    store = shelved(log(purchase("a", 3)))
    with pytest.raises(
        ModelError, match="learnt from ratings up to 100, the store has ratings up to 10: fit a version"
    ):
        write_scores(store, AS_OF_DAY, RULE, tmp_path / "scores.parquet", Forecasts(other, "1", 30))
    assert not list(tmp_path.iterdir())
