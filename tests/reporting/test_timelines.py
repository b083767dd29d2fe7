"""The history of customers: events by day as the log has them, scores as the rule gives them at each date."""

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.loyalty.scoring import score
from features.schema import WORDS
from features.store.event_store import open_store
from reporting.timelines import STEP_DAYS, event_words, timelines
from tests.reporting.conftest import AS_OF, DAYS


def test_scores_are_those_of_each_date(report, shop):
    """A year back in steps, the last at the cutoff; none where a customer was not known yet."""
    history = report.timelines.scores
    assert history.index.equals(report.comparison.features.index)
    dates = pd.to_datetime(history.columns)
    assert (np.diff(dates) == np.timedelta64(STEP_DAYS, "D")).all()
    assert history.columns[-1] == AS_OF
    for date in history.columns[[3, -1]]:
        known = feature_table(shop, date)
        expected = score(known, report.comparison.formula)["loyalty_score"].reindex(history.index)
        np.testing.assert_array_equal(history[date], expected)


def test_events_are_those_of_the_log_by_day(report, log):
    """Purchases of a day together, up to the end of the outcome, of the compared customers alone."""
    events = report.timelines.events
    end = (pd.Timestamp(AS_OF) + pd.Timedelta(days=DAYS) - pd.Timestamp("1970-01-01")).days
    assert events["day"].max() < end
    bought = log.filter(pc.equal(log["event_type"], "purchase")).to_pandas()
    bought["day"] = (bought["event_time"].dt.tz_localize(None) - pd.Timestamp("1970-01-01")).dt.days
    ids = report.comparison.features.index
    bought = bought[(bought["day"] < end) & bought["customer_id"].isin(ids)]
    expected = bought.groupby(["customer_id", "day"])["amount"].sum()
    found = events[events["kind"] == WORDS.types.index("purchase")]
    found = found.groupby([ids[found["position"]], "day"])["cents"].sum() / 100
    pd.testing.assert_series_equal(
        found.sort_index(),
        expected.sort_index().rename("cents"),
        check_names=False,
        check_dtype=False,
        check_index_type=False,
    )


def test_events_are_sorted_by_customer_and_day(report):
    """So that a customer's are one slice, the latest last."""
    events = report.timelines.events
    assert events["position"].is_monotonic_increasing
    assert events.groupby("position")["day"].apply(lambda days: days.is_monotonic_increasing).all()


def test_words_are_those_of_the_codes(report):
    """A visit has its channel and outcome, a purchase neither."""
    events = report.timelines.events
    visits = events[events["kind"] == WORDS.types.index("visit")].head(50)
    for row, words in zip(visits.itertuples(), event_words(visits), strict=True):
        assert words[0] == WORDS.channels["visit"][row.channel]
        assert words[1:] in ([], [WORDS.outcomes["visit"][row.outcome]] if row.outcome != 255 else [])
    purchases = events[events["kind"] == WORDS.types.index("purchase")].head(3)
    assert event_words(purchases) == [[], [], []]


def test_a_divided_store_has_the_same_history(report, log, tmp_path):
    """Events come a bucket at a time, in the same order."""
    pq.write_table(log, tmp_path / "log.parquet")
    for name, buckets in (("whole", 1), ("divided", 3)):
        ingest(tmp_path / "log.parquet", tmp_path / name, buckets=buckets)
    whole, divided = open_store(tmp_path / "whole"), open_store(tmp_path / "divided")
    ids = report.comparison.features.index
    cutoff = AsOf.parse(AS_OF, "UTC")
    first, second = (timelines(each, ids, cutoff, DAYS, report.comparison.formula) for each in (whole, divided))
    pd.testing.assert_frame_equal(first.scores, second.scores)
    pd.testing.assert_frame_equal(first.events.reset_index(drop=True), second.events.reset_index(drop=True))


@pytest.mark.parametrize("name", ["channel", "outcome"])
def test_coded_columns_keep_their_type(report, name):
    """Codes are whole numbers, as in the store."""
    assert np.issubdtype(report.timelines.events[name].dtype, np.integer)
