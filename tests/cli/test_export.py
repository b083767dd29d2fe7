"""`regulars export`: no id, text or reference leaves the store, tables join, and who stands out is said."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]
LOG = "customer_id,event_time,event_type,amount,channel,content,reference\n" + "".join(
    f"planted-{name},2024-0{month}-05 10:0{n},{kind},{amount},{channel},{text},REF{month}{name}\n"
    for n, name in enumerate(("anna", "ben", "cleo"))
    for month, kind, amount, channel, text in (
        (1, "purchase", 20 if name != "cleo" else 1234, "", ""),
        (2, "visit", "", "phone", "her secret garden"),
    )
)
EXPORT = ("export", "store", "--out", "out", "--key", "keys/pseudonyms.key")


@pytest.fixture
def place(tmp_path: Path, regulars: Regulars) -> Path:
    """A store, and scores of it."""
    (tmp_path / "log.csv").write_text(LOG)
    assert regulars("ingest", "log.csv", "--out", "store").code == 0
    assert regulars("score", "store", "--as-of", "2024-06-01", "--out", "s.parquet").code == 0
    return tmp_path


def test_three_tables_join_and_name_nobody(place: Path, regulars: Regulars) -> None:
    """The same pseudonyms in all, and again in the next export; the key is its owner's alone."""
    ended = regulars(
        *EXPORT, "--as-of", "2024-06-01", "--scores", "s.parquet", "--quasi-identifier", "total_spend", "--json"
    )
    assert ended.code == 0
    assert json.loads(ended.out)["values"]["singled_out_by_one_event"] == 1
    assert json.loads(ended.out)["tables"][0]["rows"] == [
        ["customers", 3],
        ["unique", 1],
        ["in groups of fewer than 5", 3],
        ["smallest group (k)", 1],
    ]
    tables = {path.stem: pq.read_table(path) for path in (place / "out").iterdir()}
    assert sorted(tables) == ["events", "features", "scores"]
    names = [sorted(set(table["customer_id"].to_pylist())) for table in tables.values()]
    assert names[0] == names[1] == names[2]
    assert (place / "keys/pseudonyms.key").stat().st_mode & 0o777 == 0o600
    for path in (place / "out").iterdir():
        for text in (b"planted", b"garden", b"REF"):
            assert text not in path.read_bytes()
    ended = regulars(*EXPORT, "--exact-times")
    assert (ended.code, "out is not empty" in " ".join(ended.error.split())) == (2, True)
    assert regulars(*EXPORT, "--exact-times", "--out", "later").code == 0
    assert not [path for path in place.iterdir() if path.name.startswith(".later")]
    again = pq.read_table(place / "later/events.parquet")
    assert sorted(set(again["customer_id"].to_pylist())) == names[0]


def test_the_export_can_be_ingested(place: Path, regulars: Regulars) -> None:
    """It is a log like others, under pseudonyms; amounts are as coarse as was asked for."""
    ended = regulars(*EXPORT, "--as-of", "2024-06-01", "--significant-digits", "1")
    assert ended.code == 0
    assert "these tables are personal data" in ended.error
    assert regulars("ingest", "out/events.parquet", "--out", "theirs").code == 0
    assert sorted(pq.read_table(place / "out/events.parquet")["amount"].drop_null().to_pylist()) == [20, 20, 1000]
    assert max(pq.read_table(place / "out/features.parquet")["total_spend"].to_pylist()) == 1000


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--key", "out/k"), 2, "is inside of out: who gets the tables would get it too"),
        (("--key", "k", "--quasi-identifier", "T"), 2, "give --as-of for them"),
        (("--key", "k", "--quasi-identifier", "t", "--as-of", "2024-06-01"), 1, "'t'"),
        (("--key", "k", "--scores", "log.csv"), 1, "cannot be read as Parquet"),
        (("--key", "k", "--scores", "crm.parquet"), 1, "crm.parquet holds no batch scores"),
        (("--key", "log.csv"), 1, "cannot be read as a key of pseudonyms"),
    ],
)
def test_a_wrong_call_writes_nothing(
    place: Path, regulars: Regulars, options: tuple[str, ...], code: int, said: str
) -> None:
    """It is said in one line."""
    pq.write_table(pa.table({"customer_id": ["anna"], "email": ["anna@home.example"]}), place / "crm.parquet")
    ended = regulars("export", "store", "--out", "out", *options)
    assert ended.code == code
    assert said in " ".join(ended.error.split())
    assert not (place / "out").exists()
