"""A fit at a past date is the fit of that day: what happened or was recorded later has no part in it."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.errors import InvalidArgumentError
from features.loyalty.formula import load_formula
from features.store.event_store import EventStore
from tests.training.logs import cut, simulated, stored
from training.fit_challenger import Challenger, ChallengerSettings, fit_challenger
from training.promote import promote
from training.registry.mlflow_client import open_tracking
from training.registry.versions import load
from training.settings import CandidateSettings, GateLimits, TrialSettings
from training.windows import window

AS_OF = date(2024, 3, 1)
SETTINGS = ChallengerSettings(
    CandidateSettings(("standard",), ("base_rate", "rule", "bg_nbd")),
    trials=TrialSettings(horizons=(30,), count=1),
    limits=GateLimits(draws=20),
)


def fits(store: EventStore, home: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Challenger, pd.DataFrame]]:
    """A first fit and, once it is champion, its refit, each with the forecasts of its version."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracking = open_tracking(home)
    made = []
    for _ in range(2):
        done = fit_challenger(store, tracking, load_formula(), settings=SETTINGS, quick=True, as_of=AS_OF)
        current = window(store, AS_OF, [])
        model = load(tracking, done.version)
        assert model.card.as_of == str(AS_OF)
        made.append((done, model.predict(current.features, current.day, 30)))
        promote(tracking, force=True, why="the next is a refit")
    return made


def assert_same(some: list[tuple[Challenger, pd.DataFrame]], others: list[tuple[Challenger, pd.DataFrame]]) -> None:
    for (one, forecast), (other, other_forecast) in zip(some, others, strict=True):
        pd.testing.assert_frame_equal(forecast, other_forecast, check_exact=True)
        pd.testing.assert_frame_equal(one.measures, other.measures, check_exact=True)
        pd.testing.assert_frame_equal(one.by_segment, other.by_segment, check_exact=True)
        assert (one.candidate, one.verdict.question) == (other.candidate, other.verdict.question)
        figures, expected = ({**verdict.figures} for verdict in (one.verdict, other.verdict))
        assert figures.pop("milliseconds") > 0
        assert expected.pop("milliseconds") > 0
        assert pd.Series(figures).equals(pd.Series(expected))
        assert one.verdict.reasons == other.verdict.reasons
    assert [done.verdict.question for done, _ in some] == ["recipe", "refit"]


def test_what_happened_later_has_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not in the gate's figures, where customers came later, or where no amount was known by then."""
    log = simulated(150)
    before = pc.less(log["event_time"], pa.scalar(pd.Timestamp(AS_OF)))
    unknown = pc.if_else(before, pa.scalar(None, pa.float64()), log["amount"])
    log = log.set_column(log.schema.get_field_index("amount"), "amount", unknown)
    whole, until = stored(log, tmp_path / "whole"), stored(cut(log, AS_OF), tmp_path / "cut")
    assert whole.manifest["priced_events"] > until.manifest["priced_events"] == 0
    assert_same(
        fits(whole, tmp_path / "whole", monkeypatch),
        fits(until, tmp_path / "cut", monkeypatch),
    )


def test_what_was_recorded_later_has_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of before that were corrected, withdrawn to other days, or entered only after the date."""
    log = simulated(120)
    size = len(log)
    columns = {
        "reference": pa.array([f"e{row}" for row in range(size)]),
        "recorded_at": log["event_time"],
    }
    for name, values in columns.items():
        log = log.set_column(log.schema.get_field_index(name), name, values)
    later = pa.array(np.full(size, np.datetime64("2024-04-01", "us")))
    corrected = log.set_column(log.schema.get_field_index("recorded_at"), "recorded_at", later)
    corrected = corrected.set_column(log.schema.get_field_index("amount"), "amount", pa.array(np.full(size, 1.0)))
    entered = corrected.set_column(
        corrected.schema.get_field_index("reference"), "reference", pa.array([f"late{row}" for row in range(size)])
    )
    both = pa.concat_tables([log, corrected.slice(0, size // 2), entered.slice(0, size // 3)])
    assert_same(
        fits(stored(both, tmp_path / "both"), tmp_path / "both", monkeypatch),
        fits(stored(cut(log, AS_OF), tmp_path / "cut"), tmp_path / "cut", monkeypatch),
    )


def test_a_date_after_the_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The days up to it would count as days without a purchase; nothing is tracked."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    store, tracking = stored(simulated(30), tmp_path), open_tracking(tmp_path / "home")
    with pytest.raises(InvalidArgumentError, match=r"the log ends before .*: give --as-of 2024-06-2\d or an"):
        fit_challenger(store, tracking, load_formula(), as_of="2025-01-01")
    assert tracking.search_runs("regulars") == []
