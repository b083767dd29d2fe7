"""The planning table: last ratings as known at the cutoff, and the facts of the customers' table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.errors import PlanError
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.store.event_store import EventStore, open_store
from planning.options.forecasts import FORECASTS, Forecasts
from planning.options.planning_table import ONLY_REP, last_ratings, planning_table

LOG = """\
customer_id,event_time,event_type,amount,satisfaction,loyalty,recorded_at
anna,2026-01-05 10:00,purchase,20,,,
anna,2026-02-05 10:00,feedback,,8,,
anna,2026-03-05 10:00,feedback,,4,9,
anna,2026-04-05 10:00,feedback,,1,,
ben,2026-03-02 10:00,purchase,40,,,
ben,2026-03-09 10:00,feedback,,7.5,,2026-03-20 10:00
"""
CUTOFF = AsOf.parse("2026-03-15", "UTC")


@pytest.fixture(scope="module", params=[1, 2])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """In one bucket and in two."""
    folder: Path = tmp_path_factory.mktemp("store")
    (folder / "log.csv").write_text(LOG)
    ingest([folder / "log.csv"], folder / "store", buckets=request.param)
    return open_store(folder / "store")


def test_last_ratings_as_known(store: EventStore) -> None:
    """Nothing given or recorded at or after the cutoff."""
    rating, day = last_ratings(store, CUTOFF, "satisfaction")
    assert rating.to_dict() == {"anna": 4.0}
    assert day["anna"] == AsOf.parse("2026-03-05", "UTC").day
    later, _ = last_ratings(store, AsOf.parse("2026-03-21", "UTC"), "satisfaction")
    assert later.to_dict() == {"anna": 4.0, "ben": 7.5}
    assert last_ratings(store, CUTOFF, "loyalty")[0].to_dict() == {"anna": 9.0}


def table_of(store: EventStore, customers: pd.DataFrame | None = None) -> pd.DataFrame:
    ids = pd.Index(["anna", "ben"], name="customer_id")
    features = pd.DataFrame(1.0, ids, list(FEATURE_NAMES))
    forecasts = Forecasts(pd.DataFrame(1.0, ids, list(FORECASTS)), "a test", False)
    return planning_table(store, CUTOFF, features, forecasts, load_formula(), customers)


def test_without_a_table_of_customers(store: EventStore) -> None:
    """All belong to one team, nobody has opted out, and ratings have their age."""
    table = table_of(store)
    assert table["rep"].tolist() == [ONLY_REP, ONLY_REP]
    assert table["opted_out"].tolist() == [[], []]
    assert table["days_since_satisfaction_rating"].tolist()[0] == 10
    assert np.isnan(table["satisfaction_last"]["ben"])
    assert not table["complaint_open"].any()


def test_with_one(store: EventStore) -> None:
    """Its facts by customer; one who is not in it has none; attributes of the firm's own are columns."""
    customers = pd.DataFrame(
        {
            "rep": ["R1"],
            "opted_out": [np.array(["phone"])],
            "needs": [["garden"]],
            "segment": ["gold"],
            "complaint_open": [True],
            "recorded_at": [pd.Timestamp("2026-01-01", tz="UTC")],
        },
        index=["ben"],
    )
    table = table_of(store, customers)
    assert table["rep"].tolist() == [None, "R1"]
    assert table["opted_out"].tolist() == [[], ["phone"]]
    assert table["needs"].tolist() == [[], ["garden"]]
    assert table["segment"].isna().tolist() == [True, False]
    assert table["complaint_open"].tolist() == [False, True]
    assert table["customer_recorded_at"].isna().tolist() == [True, False]


@pytest.mark.parametrize("name", ["opted_out", "needs"])
def test_a_text_in_place_of_a_list_is_refused(store: EventStore, name: str) -> None:
    """An opt-out is never lost in silence."""
    with pytest.raises(PlanError, match=f"{name} of anna is 'email', expected a list"):
        table_of(store, pd.DataFrame({name: ["email"]}, pd.Index(["anna"], name="customer_id")))
