"""Tables and views of Spark as sources: the rows that Spark gives, with their instants and decimals."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from features.engines.spark_session import spark_session
from features.engines.spark_shuffle import spark_workers
from features.engines.spark_tables import TIMES, changed_setting
from features.errors import SourceError
from features.ingestion.ingest import ingest
from features.simulate import write_log
from features.store.event_store import open_store
from tests.features.ingestion.workers import contents
from tests.needing_spark import with_spark

ZONE = "America/New_York"


class Settings:
    """The settings of a session."""

    def __init__(self) -> None:
        self.conf = self
        self.values = {"a": "1"}

    def get(self, name: str) -> str:
        return self.values[name]

    def set(self, name: str, value: str) -> None:
        self.values[name] = value


def test_a_setting_is_changed_for_the_block_alone() -> None:
    """Also when the block fails."""
    session = Settings()
    seen = []

    def block() -> None:
        with changed_setting(session, "a", "2"):  # type: ignore[arg-type]
            seen.append(session.values["a"])
            raise KeyError

    with pytest.raises(KeyError):
        block()
    assert (seen, session.values["a"]) == (["2"], "1")


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """One Spark for all tests that ask for it; `spark_session` then finds it."""
    with spark_session():
        yield


@with_spark
def test_a_view_is_read_as_its_rows_in_a_file(running: None, tmp_path: Path) -> None:
    """A view over Parquet, in several partitions: the store of one machine, and nothing is left beside it."""
    write_log(tmp_path / "log.parquet", customers=200, seed=5)
    here = ingest(tmp_path / "log.parquet", tmp_path / "here", buckets=3)
    with spark_session() as session:
        before = session.conf.get(TIMES)
        session.read.parquet(str(tmp_path / "log.parquet")).repartition(3).createOrReplaceTempView("events")
        there = ingest("spark:events", tmp_path / "there", buckets=3, workers=spark_workers(session))
        assert session.conf.get(TIMES) == before
    assert there.sources == [f"spark:events/part-{number:05d}" for number in range(3)]
    assert (there.kept, there.kinds) == (here.kept, here.kinds)
    assert contents(tmp_path / "there")["columns"] == contents(tmp_path / "here")["columns"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "log.parquet", "there"]


@with_spark
def test_instants_and_local_times_stay_what_they_are(running: None, tmp_path: Path) -> None:
    """TIMESTAMP is an instant, TIMESTAMP_NTZ a time in the business time zone, and DECIMAL an amount."""
    with spark_session() as session:
        for name, type_ in (("instants", "timestamp"), ("local", "timestamp_ntz")):
            time = f"cast('2024-01-01 01:30:00' as {type_})"
            session.sql(
                f"select 'a' as customer_id, {time} as event_time, 'purchase' as event_type, "
                "cast(12.34 as decimal(9, 2)) as amount"
            ).createOrReplaceTempView(name)
            ingest(f"spark:{name}", tmp_path / name, timezone=ZONE, workers=spark_workers(session))
    stores = [open_store(tmp_path / name) for name in ("instants", "local")]
    times = [datetime.fromisoformat("2024-01-01T01:30:00" + offset) for offset in ("+00:00", "-05:00")]
    assert [int(store.columns["time"][0]) for store in stores] == [round(time.timestamp() * 1e6) for time in times]
    assert [int(store.columns["cents"][0]) for store in stores] == [1234, 1234]


@with_spark
def test_a_table_that_is_not_there_is_one_line(running: None, tmp_path: Path) -> None:
    """With its name, and no store."""
    with spark_session() as session, pytest.raises(SourceError, match=r"spark:sales\.event cannot be read") as error:
        ingest("spark:sales.event", tmp_path / "store", workers=spark_workers(session))
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
