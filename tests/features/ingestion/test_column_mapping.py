"""Log columns are found under their own names, mapped, or missing with a suggestion."""

from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.column_mapping import map_columns
from tests.features.reading import csv_file, read


def test_columns_are_mapped_and_constants_fill_what_is_absent(tmp_path: Path) -> None:
    """One column may stand for two; a constant goes to the sources that lack the column."""
    till = csv_file(tmp_path, "17850,2024-01-01 10:00,12.5", header="CustomerID,InvoiceDate,Total", name="till.csv")
    options = {
        "map": {
            "customer_id": "CustomerID",
            "event_time": "InvoiceDate",
            "amount": "Total",
            "recorded_at": "InvoiceDate",
        },
        "constants": {"event_type": "purchase"},
    }
    (event,) = read(till, **options).events
    assert (event["customer_id"], event["cents"], event["known_from"]) == ("17850", 1250, event["time"])
    other = csv_file(
        tmp_path, "17850,2024-01-02,5,return", header="CustomerID,InvoiceDate,Total,event_type", name="other.csv"
    )
    kinds = read([till, other], **options).report.kinds
    assert (kinds["purchase"], kinds["return"]) == (1, 1)


REQUIRED = ("customer_id", "event_time", "event_type")


def test_columns_of_their_own_names_are_found() -> None:
    """In the order of the log's columns; others are left out."""
    assert list(map_columns("log.csv", ["note", "amount", *REQUIRED], {}, [])) == [*REQUIRED, "amount"]


@pytest.mark.parametrize(
    ("header", "given", "message"),
    [
        (["CustomerID", *REQUIRED[1:]], {}, r"log.csv has no column customer_id: did you mean --map customer_id=Cust"),
        (["x", *REQUIRED[1:]], {}, r"map it to one of its columns \(x, event_time, event_type\) or give it as a const"),
        ([*REQUIRED], {"amount": "Total"}, r"log.csv has no column Total: map it"),
        ([*REQUIRED, "amount", "amount"], {}, r"log.csv has the column amount more than once: rename or remove one"),
        ([*REQUIRED[:2], *(f"c{n}" for n in range(20))], {}, r"has no column event_type: map it .*, c9, \.\.\.\)"),
    ],
)
def test_a_missing_column_is_one_line(header: list[str], given: dict[str, str], message: str) -> None:
    """With the nearest name, or the first columns of the source."""
    with pytest.raises(SourceError, match=message):
        map_columns("log.csv", header, given, [])


def test_constants_need_no_column() -> None:
    """Also the required ones."""
    assert map_columns("log.csv", REQUIRED[:2], {}, ["event_type"]) == {name: name for name in REQUIRED[:2]}
