"""One customer scores as among many, and what cannot be scored has a reason."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from msgspec import UNSET

from features.definitions import FEATURE_NAMES
from features.engines.feature_table import feature_table
from features.errors import ModelError
from features.segments.assignment import learn_boundaries
from features.segments.segmentation import load_segmentation
from features.store.event_store import EventStore
from serving.batch import write_scores
from serving.batch_lookup import lookup_batch_scores
from serving.scoring import (
    BATCH_OUTPUTS,
    NEVER_BOUGHT,
    NO_MODEL,
    NO_NUMBER,
    NO_SCORE,
    score_of_batch,
    score_row,
    score_table,
    scores_of_table,
)
from serving.state import Challenger, ServedModel, ServiceState
from tests.serving.asking import feature_row
from training.models.rollout import Role

DAY, HORIZON_DAYS = 15135, 90


def features(**changes: Any) -> dict[str, float]:
    row = feature_row(**changes)
    return {name: np.nan if row[name] is None else row[name] for name in FEATURE_NAMES}


@pytest.mark.parametrize("with_model", [True, False])
def test_one_scores_as_among_many(
    example_store: EventStore, model_state: ServiceState, rule_state: ServiceState, with_model: bool
) -> None:
    """The rule is the same to the last bit, the forecasts up to rounding, and so are the reasons."""
    state = model_state if with_model else rule_state
    table = feature_table(example_store, "2011-06-10").iloc[::20]
    many = list(scores_of_table(score_table(table, state, DAY, HORIZON_DAYS)))
    for (customer_id, row), among_many in zip(table.iterrows(), many, strict=True):
        alone = score_row(str(customer_id), row.to_dict(), state, DAY, HORIZON_DAYS)
        assert alone.loyalty_score == among_many.loyalty_score
        assert (alone.band, alone.coverage, alone.loyalty_parts) == (
            *(among_many.band, among_many.coverage, among_many.loyalty_parts),
        )
        assert alone.absent == among_many.absent
        if with_model and "forecast" not in (alone.absent or {}):
            assert alone.expected_purchases == pytest.approx(among_many.expected_purchases, rel=1e-9)
            assert alone.churn_probability == pytest.approx(among_many.churn_probability, rel=1e-9)


def test_segments_are_equal_in_every_way_to_score(
    example_store: EventStore, rule_state: ServiceState, tmp_path: Path
) -> None:
    """One customer, many, and a row of a file of batch scores; without segments in use there are none."""
    base, cutoff = load_segmentation(), "2011-06-10"
    everyone = feature_table(example_store, cutoff)
    boundaries = learn_boundaries(everyone, base, cutoff, "abc")
    state = replace(rule_state, segmentation=msgspec.structs.replace(base, boundaries=boundaries))
    table = everyone.iloc[::50]
    many = list(scores_of_table(score_table(table, state, DAY, HORIZON_DAYS)))
    write_scores(example_store, cutoff, state.formula, tmp_path / "s.parquet", segmentation=state.segmentation)
    found = lookup_batch_scores(tmp_path / "s.parquet", list(table.index))
    assert found.facts["segments_version"] == "1"
    for (customer_id, row), among_many, last in zip(table.iterrows(), many, found.rows, strict=True):
        alone = score_row(str(customer_id), row.to_dict(), state, DAY, HORIZON_DAYS)
        batch = score_of_batch(last)
        assert (alone.segment, alone.rfm) == (among_many.segment, among_many.rfm) == (batch.segment, batch.rfm)
        assert (alone.segment is UNSET) == (row["purchase_days"] == 0)
    assert {score.segment for score in many} > {"champions", "lost"}
    assert score_row("a", features(), rule_state, DAY, HORIZON_DAYS).segment is UNSET


def test_what_cannot_be_scored_has_a_reason(model_state: ServiceState, rule_state: ServiceState) -> None:
    """No data, no purchase, no model: each has its own."""
    stranger = dict.fromkeys(FEATURE_NAMES, np.nan) | {"purchase_days": 0.0}
    score = score_row("a", stranger, model_state, DAY, HORIZON_DAYS)
    assert score.absent == {"loyalty_score": NO_SCORE, "forecast": NEVER_BOUGHT}
    assert score_row("a", features(), rule_state, DAY, HORIZON_DAYS).absent == {"forecast": NO_MODEL}


def test_a_number_that_is_not_finite_is_no_forecast(model_state: ServiceState, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone and among many the customer has the rule's score, and all five numbers are absent."""
    model = model_state.model
    assert model is not None
    numbers = (1.0, 0.0, 2.0, 0.5, np.inf)
    monkeypatch.setattr(type(model.compiled), "predict", lambda *_: numbers)
    monkeypatch.setattr(type(model.compiled), "predict_table", lambda *_: np.array([numbers]))
    row = features()
    alone = score_row("a", row, model_state, DAY, HORIZON_DAYS)
    (among_many,) = scores_of_table(score_table(pd.DataFrame([row], ["a"]), model_state, DAY, HORIZON_DAYS))
    for score in (alone, among_many):
        assert score.absent == {"forecast": NO_NUMBER}
        assert not score.expected_purchases
        assert score.loyalty_score


def test_a_row_of_a_batch_is_a_score() -> None:
    """Null is absent with its reason; parts without data are left out."""
    row = {"customer_id": "a", "loyalty_score": 50.0, "band": "silver", "coverage": 0.5}
    row |= {"part_amount": 0.5, "contribution_amount": 50.0, "part_visits": None, "contribution_visits": None}
    score = score_of_batch(row)
    assert (score.loyalty_score, score.band, list(score.loyalty_parts)) == (50.0, "silver", ["amount"])
    assert score.absent == {"forecast": NO_MODEL}
    forecast = dict(zip(BATCH_OUTPUTS, (2.0, 0.0, 5.0, 0.25, 30.0), strict=True))
    score = score_of_batch(row | forecast)
    assert (score.expected_purchases, score.churn_probability, score.expected_spend) == (2.0, 0.25, 30.0)
    assert (score.expected_purchases_interval.low, score.expected_purchases_interval.high) == (0.0, 5.0)
    assert not score.absent
    nothing = row | dict.fromkeys(BATCH_OUTPUTS) | {"loyalty_score": None, "band": None}
    assert score_of_batch(nothing).absent == {"loyalty_score": NO_SCORE, "forecast": NEVER_BOUGHT}


class Doubling:
    """A model that expects twice what another does, or fails."""

    def __init__(self, served: ServedModel, fault: Exception | float | None = None) -> None:
        self.served, self.fault = served, fault
        self.version, self.folder, self.card, self.tag = "8", Path("8-abcdefabcdef"), served.card, "regulars:8-abcdef"

    def forecast_one(self, *args: Any) -> tuple[float, ...]:
        if isinstance(self.fault, Exception):
            raise self.fault
        return tuple(2 * np.array(self.served.forecast_one(*args)) * (self.fault or 1))

    def forecast_table(self, *args: Any) -> np.ndarray:
        if isinstance(self.fault, Exception):
            raise self.fault
        return 2 * self.served.forecast_table(*args) * (self.fault or 1)


def with_canary(state: ServiceState, share: float, fault: Exception | float | None = None) -> ServiceState:
    model: Any = Doubling(state.model, fault)
    return replace(state, challenger=Challenger(model, Role.CANARY, share))


def test_a_canary_answers_its_customers_in_every_way_to_score(
    example_store: EventStore, model_state: ServiceState
) -> None:
    """Alone or in a table the same ones, with its version on each score and its forecast; the rule is as before."""
    state = with_canary(model_state, 0.3)
    table = feature_table(example_store, "2011-06-10").iloc[::10]
    before = list(scores_of_table(score_table(table, model_state, DAY, HORIZON_DAYS)))
    many = list(scores_of_table(score_table(table, state, DAY, HORIZON_DAYS)))
    shares = [state.canary.answers(score.customer_id) for score in many]
    assert 0 < sum(shares) < len(many)
    for (customer_id, row), plain, score, answers in zip(table.iterrows(), before, many, shares, strict=True):
        alone = score_row(str(customer_id), row.to_dict(), state, DAY, HORIZON_DAYS)
        assert alone.model_version == score.model_version == ("8" if answers else "7")
        assert (plain.model_version, plain.loyalty_score) == (UNSET, alone.loyalty_score)
        assert alone.loyalty_parts == score.loyalty_parts == plain.loyalty_parts
        if plain.expected_purchases is not UNSET:
            expected = plain.expected_purchases * (2 if answers else 1)
            assert alone.expected_purchases == pytest.approx(expected, rel=1e-9)
            assert score.expected_purchases == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("fault", [RuntimeError("broken"), ModelError("no"), np.nan, np.inf])
def test_where_a_canary_fails_the_champion_answers(
    example_store: EventStore, model_state: ServiceState, fault: Exception | float
) -> None:
    """Its forecast and its version, and the failures of those who ever bought are counted."""
    state = with_canary(model_state, 0.3, fault)
    table = feature_table(example_store, "2011-06-10").iloc[::10]
    plain = list(scores_of_table(score_table(table, model_state, DAY, HORIZON_DAYS)))
    many = list(scores_of_table(score_table(table, state, DAY, HORIZON_DAYS)))
    assert [score.expected_purchases for score in many] == [score.expected_purchases for score in plain]
    theirs = [score for score in many if state.canary.answers(score.customer_id)]
    bought = sum("forecast" not in (score.absent or {}) for score in theirs)
    assert state.canary.faults == bought > 0
    assert {score.model_version for score in theirs if "forecast" not in (score.absent or {})} == {"7"}
    for customer_id, row in table.iterrows():
        alone = score_row(str(customer_id), row.to_dict(), state, DAY, HORIZON_DAYS)
        among = next(score for score in many if score.customer_id == str(customer_id))
        assert (alone.model_version, alone.absent) == (among.model_version, among.absent)
    assert state.canary.faults == 2 * bought


def test_a_shadow_answers_nobody(example_store: EventStore, model_state: ServiceState) -> None:
    """Scores are those without it, to the last bit, and have no version of their own."""
    model: Any = Doubling(model_state.model)
    state = replace(model_state, challenger=Challenger(model, Role.SHADOW, 1.0))
    table = feature_table(example_store, "2011-06-10").iloc[::50]
    plain, beside = (score_table(table, each, DAY, HORIZON_DAYS) for each in (model_state, state))
    pd.testing.assert_frame_equal(plain, beside)
    row = table.iloc[0].to_dict()
    assert score_row("a", row, state, DAY, HORIZON_DAYS) == score_row("a", row, model_state, DAY, HORIZON_DAYS)
