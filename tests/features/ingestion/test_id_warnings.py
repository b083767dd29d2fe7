"""Ids that one customer may have several of, or several customers one, are warned of."""

from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import SourceError
from features.ingestion.id_warnings import check_numbers, id_warnings, numbers_twice
from tests.features.reading import csv_file, read


def test_each_kind_is_counted() -> None:
    """E-mail addresses and names in other capitals, and numbers that a spreadsheet has shortened; codes may differ."""
    ids = ["A@x.example", "a@x.example", "Ann Lee", "ann lee", "0015AbC", "0015Abc", "1.23E+15", "12E4"]
    capitals, shortened = id_warnings(pa.array(ids))
    assert capitals.startswith("2 customer ids differ from another in capitals alone, such as a@x.example")
    assert shortened.startswith("1 customer ids look like numbers that a spreadsheet shortened, such as 1.23E+15")
    assert id_warnings(pa.array(["a", "b", "007"])) == []


def test_ingest_warns_of_them(tmp_path: Path) -> None:
    """And folded ids need no warning."""
    log = csv_file(tmp_path, "A@x,2024-01-01,usage", "a@x,2024-01-02,usage", header="customer_id,event_time,event_type")
    assert any("--fold-case" in warning for warning in read(log).report.warnings)


def test_a_number_with_and_without_decimals_is_warned_of_or_refused() -> None:
    """In one log it is a warning; an addition that brings the other spelling is refused, one that does not is not."""
    ids = pa.array(["7", "7.0", "8.0", "K-77"])
    assert numbers_twice(ids) == ["7"]
    assert id_warnings(ids)[0].startswith("ids such as 7.0 and 7 are kept as two customers")
    check_numbers(ids, ids)
    for before in (["7", "8.0"], ["7.0"]):
        with pytest.raises(SourceError, match=r"1 customer ids are 7\.0 .*whole_numbers = true"):
            check_numbers(ids, pa.array(before))
