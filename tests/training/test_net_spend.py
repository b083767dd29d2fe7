"""What is left of a window's purchases: the same as the features of the same days say, and as counting by hand."""

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.simulate import LOG_SCHEMA
from features.store.event_store import EventStore, open_store
from tests.training.test_targets import MARCH, purchase, random_log, store_of
from training.net_spend import PURCHASE, RETURN, events, rows_known
from training.targets import targets


def named_store(rows, folder, **options) -> EventStore:
    """A store of a log with `reference` and `sale_reference`."""
    schema = LOG_SCHEMA if "sale_reference" in LOG_SCHEMA.names else LOG_SCHEMA.append(NAME)
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "log.parquet")
    assert ingest(folder / "log.parquet", folder / "store", **options).quarantined == 0
    return open_store(folder / "store")


NAME = pa.field("sale_reference", pa.string())


def named_log(seed):
    """A log in which most returns name a purchase, some of them one that there is not, or none of their customer."""
    rng = np.random.default_rng(seed)
    rows = random_log(seed, corrected=False)
    for number, row in enumerate(rows):
        row["reference"] = f"r{number // 2 if row['event_type'] == 'purchase' else number}x{row['event_type']}"
    bought = [row for row in rows if row["event_type"] == "purchase"]
    for row in rows:
        if row["event_type"] == "return" and rng.random() < 0.7:
            own = [sale["reference"] for sale in bought if sale["customer_id"] == row["customer_id"]]
            row["sale_reference"] = str(rng.choice([*own, "none such"]))
            row["amount"] = row["amount"] if rng.random() < 0.8 else None
    return rows


@pytest.mark.parametrize("buckets", [1, 3])
@pytest.mark.parametrize("named", [False, True])
def test_spend_of_a_horizon_is_the_net_spend_of_its_days(tmp_path, named, buckets):
    """Learnt as an outcome and seen afterwards as a feature, the same days have the same money, to the bit."""
    log = named_log(3) if named else random_log(3, corrected=False)
    store = named_store(log, tmp_path, timezone="Asia/Shanghai", buckets=buckets)
    assert store.names_sales == named
    for start in (date(2024, 1, 20), MARCH, date(2024, 4, 15)):
        seen = feature_table(store, start + timedelta(days=30)).reindex(store.customer_ids)
        found = targets(store, start, [30])
        assert found["spend_30"].tolist() == seen["net_spend_30"].fillna(0.0).tolist()
        np.testing.assert_allclose(found["spend_30"] + found["returned_30"], seen["spend_30"].fillna(0.0))
        assert found["returned_30"].sum() > 0


def test_a_named_return_is_charged_to_its_purchase(tmp_path):
    """One before the window takes nothing from it; what remains of the return is charged to the newest purchase."""
    rows = [
        purchase("a", datetime(2024, 2, 1), 50.0, reference="old"),
        purchase("a", datetime(2024, 3, 5), 30.0, reference="new"),
        purchase("a", datetime(2024, 3, 6), 45.0, event_type="return", sale_reference="old"),
        purchase("b", datetime(2024, 2, 1), 50.0, reference="old"),
        purchase("b", datetime(2024, 3, 5), 30.0, reference="new"),
        purchase("b", datetime(2024, 3, 6), 60.0, event_type="return", sale_reference="old"),
        purchase("c", datetime(2024, 3, 5), 30.0, reference="new"),
        purchase("c", datetime(2024, 3, 6), None, event_type="return", sale_reference="new"),
        purchase("z", datetime(2024, 8, 1), 1.0),
    ]
    found = targets(named_store(rows, tmp_path), MARCH, [30])
    assert found["spend_30"].to_dict() == {"a": 30.0, "b": 20.0, "c": 0.0, "z": 0.0}
    assert found["returned_30"].to_dict() == {"a": 0.0, "b": 10.0, "c": 30.0, "z": 0.0}


def test_a_return_after_the_horizon_or_of_an_older_purchase_takes_nothing_from_it(tmp_path):
    """Every window is measured by its own end; who returns more than was bought in it returns something older."""
    rows = [
        purchase("older", datetime(2024, 2, 1), 50.0),
        purchase("older", datetime(2024, 3, 5), 20.0, event_type="return"),
        purchase("older", datetime(2024, 3, 6), 30.0),
        purchase("later", datetime(2024, 3, 5), 40.0),
        purchase("later", datetime(2024, 5, 1), 40.0, event_type="return"),
        purchase("both", datetime(2024, 2, 1), 50.0),
        purchase("both", datetime(2024, 3, 5), 10.0),
        purchase("both", datetime(2024, 3, 5), 25.0, event_type="return"),
    ]
    found = targets(store_of(rows, tmp_path), MARCH, [30])
    assert found["spend_30"].to_dict() == {"both": 0.0, "later": 40.0, "older": 30.0}
    assert found["returned_30"].to_dict() == {"both": 10.0, "later": 0.0, "older": 0.0}


def test_rows_are_those_of_the_types_from_a_time_on(tmp_path):
    """With the position of their customer, and the columns asked for."""
    store = store_of(random_log(4, corrected=False), tmp_path)
    rows = rows_known(store, (PURCHASE, RETURN), 0, None)
    assert len(rows) == np.isin(store.columns["kind"], [PURCHASE, RETURN]).sum()
    customer, cents = events(store, rows, "cents")
    assert ((store.offsets[customer] <= rows) & (rows < store.offsets[customer + 1])).all()
    assert cents.tolist() == store.columns["cents"][rows].tolist()
