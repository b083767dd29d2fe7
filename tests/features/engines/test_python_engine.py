"""One customer's features in plain Python are the row that the batch has."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.definitions import FEATURE_NAMES
from features.engines.feature_table import feature_table
from features.engines.python_engine import customer_features
from features.ingestion.ingest import ingest
from features.schema import GOALS, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES, VISIT_CHANNELS, VISIT_OUTCOMES
from features.simulate import LOG_SCHEMA
from features.store.event_store import open_store

AS_OF = datetime(2024, 6, 1, 12, 30)
TIMES = st.datetimes(datetime(2022, 1, 1), datetime(2024, 12, 31)).map(lambda t: t.replace(microsecond=0, minute=0))
RATINGS = st.none() | st.integers(0, 100).map(lambda tenths: tenths / 10)


SCHEMA = LOG_SCHEMA.append(pa.field("sale_reference", pa.string()))


@st.composite
def events(draw):
    """An event of any type; few hours, references and moments of record, so that ties and versions come up."""
    kind = draw(st.sampled_from(["purchase", "purchase", "return", "visit", "feedback", "usage", "incentive"]))
    event = {"customer_id": "a", "event_time": draw(TIMES), "event_type": kind}
    if kind in ("purchase", "return"):
        event["amount"] = draw(st.none() | st.integers(0, 10**7).map(lambda cents: cents / 100))
    if kind == "visit":
        event["channel"] = draw(st.none() | st.sampled_from(VISIT_CHANNELS))
        event["goal"] = draw(st.none() | st.sampled_from(GOALS))
        event["outcome"] = draw(st.none() | st.sampled_from(VISIT_OUTCOMES))
    if kind == "incentive":
        event["channel"] = draw(st.none() | st.sampled_from(INCENTIVE_CHANNELS))
        event["outcome"] = draw(st.none() | st.sampled_from(INCENTIVE_OUTCOMES))
    if kind in ("visit", "feedback"):
        event["satisfaction"], event["loyalty"] = draw(RATINGS), draw(RATINGS)
    event["reference"] = draw(st.none() | st.sampled_from(["r1", "r2", "r3"]))
    event["sale_reference"] = draw(st.none() | st.sampled_from(["r1", "r2", "r3"])) if kind == "return" else None
    event["recorded_at"] = draw(
        st.none() | st.sampled_from([datetime(2023, 1, 1), datetime(2024, 5, 1), datetime(2024, 7, 1)])
    )
    has_result = any(event.get(name) is not None for name in ("outcome", "satisfaction", "loyalty"))
    if kind == "visit" and not has_result and event["recorded_at"] and event["recorded_at"] < event["event_time"]:
        event["recorded_at"] = None  # on record before its time it is a plan, which a log refuses
    return event


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
@settings(max_examples=30)
@given(log=st.lists(events(), min_size=1, max_size=12))
def test_online_equals_batch_to_the_last_bit(tmp_path_factory, timezone, log):
    """Ties, missing values, corrections and mid-day dates included."""
    # A local time that the clocks skip is refused by the door, and none of a request's business.
    log = [e for e in log if timezone == "UTC" or (e["event_time"].month, e["event_time"].hour) != (3, 2)]
    if not log:
        return
    folder = tmp_path_factory.mktemp("online")
    pq.write_table(pa.Table.from_pylist(log, SCHEMA), folder / "log.parquet")
    report = ingest(folder / "log.parquet", folder / "store", timezone=timezone)
    assert report.quarantined == 0
    batch = feature_table(open_store(folder / "store"), AS_OF)
    online = customer_features(log, AS_OF, timezone)
    assert list(online) == list(FEATURE_NAMES)
    if len(batch):
        assert np.array_equal(np.array(list(online.values())), batch.loc["a"].to_numpy(), equal_nan=True)
    else:
        assert online["purchase_count"] == online["visit_count"] == 0


def test_a_later_correction_does_not_reorder_equals(tmp_path):
    """Of two ratings of one moment the same is the last, online and in batch, whichever was recorded first."""
    at = datetime(2024, 1, 1, 12)
    log = [
        {
            "customer_id": "a",
            "event_time": at,
            "event_type": "feedback",
            "satisfaction": 9.0,
            "recorded_at": datetime(2024, 3, 2),
        },
        {
            "customer_id": "a",
            "event_time": at,
            "event_type": "feedback",
            "satisfaction": 5.0,
            "recorded_at": datetime(2024, 3, 3),
        },
    ]
    pq.write_table(pa.Table.from_pylist(log, LOG_SCHEMA), tmp_path / "log.parquet")
    ingest(tmp_path / "log.parquet", tmp_path / "store")
    batch = feature_table(open_store(tmp_path / "store"), AS_OF)
    assert batch["feedback_satisfaction_last"].item() == 9.0
    assert customer_features(log, AS_OF)["feedback_satisfaction_last"] == 9.0


def test_an_offset_is_honoured():
    """The same moment written in two zones is the same event."""
    here = {"event_type": "purchase", "event_time": datetime(2024, 1, 1, 23, 30, tzinfo=UTC), "amount": 5.0}
    there = here | {"event_time": here["event_time"].astimezone(tz=None) + timedelta(0)}
    as_of = datetime(2024, 2, 1)
    assert str(customer_features([here], as_of)) == str(customer_features([there], as_of))


def test_unknown_words_are_refused():
    """An event type that the contract has not is no event."""
    with pytest.raises(KeyError):
        customer_features([{"event_type": "gift", "event_time": AS_OF}], AS_OF)


@pytest.mark.parametrize(
    ("event_type", "column", "values", "feature"),
    [
        ("feedback", "satisfaction", (3.0, 8.0, None), "feedback_satisfaction_last"),
        ("feedback", "loyalty", (3.0, 8.0, None), "feedback_loyalty_last"),
        ("visit", "channel", ("email", "face_to_face", None), "visits_email"),
        ("visit", "goal", ("loyalty", "purchase_count", None), "visits_for_loyalty"),
        ("visit", "outcome", ("no_contact", "ordered", None), "visits_no_contact"),
        ("purchase", "amount", (3.0, 8.0, None), "total_spend"),
    ],
)
def test_rows_recorded_at_once_are_parts(tmp_path, event_type, column, values, feature):
    """Rows of one reference that differ in one column are events of their own, equal ones are one, as in batch."""
    at = datetime(2024, 1, 1, 12)
    recorded = {"event_time": at, "event_type": event_type, "reference": "r1", "recorded_at": datetime(2024, 2, 1)}
    parts = [{"customer_id": "a", column: value} | recorded for value in (*values, values[0])]
    pq.write_table(pa.Table.from_pylist(parts, LOG_SCHEMA), tmp_path / "log.parquet")
    ingest(tmp_path / "log.parquet", tmp_path / "store")
    batch = feature_table(open_store(tmp_path / "store"), AS_OF)
    assert batch[f"{event_type}_count"].item() == 3
    for order in permutations(parts):
        found = customer_features(order, AS_OF)
        assert {name: found[name] for name in (feature, f"{event_type}_count")} == {
            feature: batch[feature].item(),
            f"{event_type}_count": 3,
        }


def test_outcomes_of_one_incentive_are_events_of_their_own():
    """What was sent and then redeemed; the same outcome again is a version."""
    offer = {"event_type": "incentive", "event_time": datetime(2024, 1, 1), "channel": "coupon", "reference": "r"}
    sent = offer | {"outcome": "sent", "recorded_at": datetime(2024, 1, 2)}
    redeemed = offer | {"outcome": "redeemed", "recorded_at": datetime(2024, 1, 9)}
    again = redeemed | {"recorded_at": datetime(2024, 1, 10)}
    found = customer_features([sent, redeemed, again], AS_OF)
    assert (found["incentives_sent"], found["incentives_redeemed"]) == (1, 1)


def test_a_version_counts_from_its_record_to_the_next():
    """As of each moment the version that was known, and none before the first was recorded."""
    at = {"event_time": datetime(2024, 1, 1), "event_type": "purchase", "reference": "r"}
    events = [at | {"amount": 5.0, "recorded_at": datetime(2024, 2, 1)}]
    events += [at | {"amount": 2.0, "recorded_at": datetime(2024, 3, 1)}]
    spend = {
        as_of: customer_features(events, as_of)["total_spend"] for as_of in ("2024-02-01", "2024-03-01", "2024-03-02")
    }
    assert spend == {"2024-02-01": 0, "2024-03-01": 5, "2024-03-02": 2}


def test_amounts_and_ratings_are_rounded_half_up():
    """To cents and thousandths, as in the store."""
    events = [{"event_type": "purchase", "event_time": datetime(2024, 1, 1), "amount": 0.125}]
    events += [{"event_type": "visit", "event_time": datetime(2024, 1, 1), "loyalty": 0.0625, "satisfaction": 0.0005}]
    found = customer_features(events, AS_OF)
    assert (found["total_spend"], found["visit_loyalty_last"], found["visit_satisfaction_last"]) == (0.13, 0.063, 0.001)


def test_an_event_at_as_of_does_not_count():
    """The cutoff itself is excluded, a microsecond before it is not."""
    event = {"event_type": "usage", "event_time": AS_OF}
    assert customer_features([event], AS_OF)["usage_count"] == 0
    assert customer_features([event], AS_OF + timedelta(microseconds=1))["usage_count"] == 1


def test_a_reference_names_one_event_of_its_type():
    """A purchase and a return with one reference are two events; two equal purchases with it are one."""
    purchase = {"event_type": "purchase", "event_time": datetime(2024, 1, 1), "amount": 5.0, "reference": "r"}
    found = customer_features([purchase, purchase, purchase | {"event_type": "return"}], AS_OF)
    assert (found["purchase_count"], found["return_count"]) == (1, 1)
