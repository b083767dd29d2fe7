"""A profile turns a source's columns into the contract's: events by value, prefix and sign, amounts, times, refunds."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.errors import SourceError
from features.ingestion.interpretation import TWO_READINGS
from features.ingestion.profile import SourceProfile
from features.ingestion.profile_detection import SAMPLE_ROWS
from features.schema import EVENT_TYPES
from features.store.row_packing import reference_codes
from tests.features.reading import Read, csv_file, read

DAY = 86_400_000_000
MARCH = 19_783 * DAY  # 2024-03-01
HOUR, MINUTE = DAY // 24, DAY // 1440


def interpreted(tmp_path: Path, header: str, *lines: str, **sections: dict[str, Any]) -> Read:
    names = {"customer_id": "who", "event_time": "when", "amount": "sum"}
    columns = {name: theirs for name, theirs in names.items() if theirs in header.split(",")}
    profile = SourceProfile(columns=columns, constants={"event_type": "purchase"}).with_values(**sections)
    return read(csv_file(tmp_path, *lines, header=header), profile=profile)


def events(result: Read) -> list[tuple[str, str, int]]:
    return [(event["customer_id"], EVENT_TYPES[event["kind"]], event["cents"]) for event in result.events]


def test_values_are_event_types_whatever_their_case(tmp_path: Path) -> None:
    """The contract's own words need not be listed; an unknown one is faulty."""
    lines = [f"a,2024-03-01,{word},1" for word in ("order", " SALE ", "Purchase", "refund", "return", "gift", "")]
    profile = SourceProfile().with_values(
        event_types={"values": {"Order": "purchase", "sale": "purchase", "refund": "return"}}
    )
    result = read(csv_file(tmp_path, *lines, header="customer_id,event_time,event_type,amount"), profile=profile)
    assert [kind for _, kind, _ in events(result)] == ["purchase"] * 3 + ["return"] * 2
    assert list(result.reasons()) == [6, 7]


def test_a_beginning_or_a_sign_makes_a_return(tmp_path: Path) -> None:
    """Returns are positive amounts, whichever says so."""
    lines = ["a,2024-03-01,536365,5", "b,2024-03-01,C536366,-3", "c,2024-03-01,c536366,3", "d,2024-03-01,536367,-2"]
    by_prefix = {"prefix_column": "invoice", "prefixes": {"C": "return"}}
    result = interpreted(tmp_path, "who,when,invoice,sum", *lines, event_types=by_prefix)
    assert events(result) == [("a", "purchase", 500), ("b", "return", 300), ("c", "return", 300)]
    assert "--negative return" in result.reasons()[4]
    result = interpreted(tmp_path, "who,when,invoice,sum", *lines, event_types=by_prefix | {"negative": "return"})
    assert events(result)[3] == ("d", "return", 200)


def test_amounts_are_computed_from_columns(tmp_path: Path) -> None:
    """An expression, columns added and taken off (a blank adds nothing), and hundredths."""
    header = "who,when,n,price,tax,off"
    lines = ["a,2024-03-01,3,1.25,0.25,", "b,2024-03-01,,1,,", "c,2024-03-01,1,2,,0.5", "d,2024-03-01,x,1,,"]
    own = {"expression": "n * price", "add": ("tax",), "subtract": ("off",)}
    result = interpreted(tmp_path, header, *lines, amounts=own)
    assert events(result) == [("a", "purchase", 400), ("b", "purchase", None), ("c", "purchase", 150)]
    assert result.reasons()[4].startswith("amount is no number")
    result = interpreted(tmp_path, "who,when,sum", "a,2024-03-01,12345", amounts={"unit": "cents"})
    assert events(result) == [("a", "purchase", 12345)]


def test_cents_of_a_currency_without_cents_are_whole(tmp_path: Path) -> None:
    """As payment services write yen."""
    lines = ["a,2024-03-01,500,jpy", "b,2024-03-01,700,jpy"]
    result = interpreted(tmp_path, "who,when,sum,currency", *lines, amounts={"unit": "cents"})
    assert [cents for *_, cents in events(result)] == [50_000, 70_000]


def test_what_was_given_back_is_a_return_beside_the_purchase(tmp_path: Path) -> None:
    """At its own time where there is one, of valid rows only; it names the purchase that has a reference."""
    header = "who,when,sum,back,back_at,order,of"
    lines = [
        "a,2024-03-01,10,4,2024-03-05,r1,x",
        "b,2024-03-01,10,0,,r2,",
        "c,2024-03-01,10,-10,,,",
        "d,soon,10,5,,r4,",
        "e,2024-03-01,10,much,,r5,",
    ]
    amounts = {"refund": "back", "refund_time": "back_at"}
    code = reference_codes(pa.array(["r1"]))[0]
    choices: list[dict[str, str]] = [{}, {"reference": "order"}, {"reference": "order", "sale_reference": "of"}]
    for columns in choices:
        result = interpreted(tmp_path, header, *lines, amounts=amounts, columns=columns)
        assert [(e["customer_id"], EVENT_TYPES[e["kind"]], e["cents"], e["time"] - MARCH) for e in result.events] == [
            ("a", "purchase", 1000, 0),
            ("a", "return", 400, 4 * DAY),
            ("b", "purchase", 1000, 0),
            ("c", "purchase", 1000, 0),
            ("c", "return", 1000, 0),
        ]
        named = [e.get("sale_reference", 0) for e in result.events if EVENT_TYPES[e["kind"]] == "return"]
        assert named == ([code, 0] if columns else [0, 0])
    assert (result.report.rows_in, result.report.kept, result.report.added, result.report.quarantined) == (5, 5, 2, 2)
    assert "2 returns made of refunds" in result.report.lines()[0]


def test_rows_are_left_out_or_kept_by_their_values(tmp_path: Path) -> None:
    """Whatever the case; they are counted, and row numbers stay those of the file."""
    lines = ["a,2024-03-01,1,Paid", "b,2024-03-01,1,VOIDED", "c,2024-03-01,1,", "d,soon,1,paid"]
    result = interpreted(tmp_path, "who,when,sum,status", *lines, rows={"leave_out": {"status": ("voided", "")}})
    assert (result.report.kept, result.report.left_out, list(result.reasons())) == (1, 2, [4])
    assert result.quarantine[0]["who"] == "d"
    result = interpreted(tmp_path, "who,when,sum,status", *lines, rows={"keep": {"status": ("paid",)}})
    assert (result.report.kept, result.report.left_out, list(result.reasons())) == (1, 2, [4])


def test_a_zone_column_is_the_clock_of_its_row(tmp_path: Path) -> None:
    """A blank is the log's zone; a zone that does not exist, and a time that its clocks skip, are faulty."""
    lines = [
        "a,2024-03-01 10:00,Europe/Berlin",
        "b,2024-03-01 10:00,America/New_York",
        "c,2024-03-01 10:00,",
        "d,2024-03-01 10:00,Mars/Olympus",
        "e,2024-03-31 02:30,Europe/Berlin",
        "f,2024-03-01 10:00:00Z,Europe/Berlin",
    ]
    result = interpreted(tmp_path, "who,when,zone", *lines, times={"zone_column": "zone"})
    hours = {event["customer_id"]: (event["time"] - MARCH) / 3.6e9 for event in result.events}
    assert hours == {"a": 9.0, "b": 15.0, "c": 10.0, "f": 10.0}
    assert "'Mars/Olympus', which does not exist" in result.reasons()[4]
    assert "the clocks were put forward" in result.reasons()[5]


def test_the_second_currency_is_not_added_up(tmp_path: Path) -> None:
    """A column named currency is looked at without being asked to; rates convert by the day of the event."""
    (tmp_path / "rates.csv").write_text("currency,day,rate\nUSD,2024-01-01,0.5\nUSD,2024-03-02,0.25\n")
    lines = ["a,2024-03-01,8,USD", "b,2024-03-02,8,USD", "c,2024-03-02,8,EUR"]
    kept = interpreted(tmp_path, "who,when,sum,Currency", *lines, currency={"keep": "EUR"})
    assert events(kept) == [("c", "purchase", 800)]
    rates = {"keep": "EUR", "rates": str(tmp_path / "rates.csv")}
    converted = interpreted(tmp_path, "who,when,sum,Currency", *lines, currency=rates)
    assert [cents for *_, cents in events(converted)] == [400, 200, 800]


def test_a_column_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Before any row is read."""
    with pytest.raises(SourceError, match="has no column price"):
        interpreted(tmp_path, "who,when,n", "a,2024-03-01,1", amounts={"expression": "n * price"})


def test_the_time_of_day_may_have_a_column_of_its_own(tmp_path: Path) -> None:
    """Read with its date, in any spelling; a blank one is midnight, and a blank date no time."""
    lines = [f"a,{day},{clock},5" for day in ("1/3/2024", "") for clock in ("9:05 PM", "0905", "")]
    times = {"clock_column": "clock", "format": ("day_first",)}
    result = interpreted(tmp_path, "who,when,clock,sum", *lines, times=times)
    assert [event["time"] - MARCH for event in result.events] == [0, 9 * HOUR + 5 * MINUTE, 21 * HOUR + 5 * MINUTE]
    assert set(result.reasons().values()) == {"event_time is empty"}


def test_a_mark_that_the_sample_does_not_have_is_not_guessed(tmp_path: Path) -> None:
    """Of whole numbers one with three digits behind a point may be 1,234 or 1.234; with an option it is read."""
    lines = [f"a,2024-03-{1 + i % 28:02},{10 + i}" for i in range(SAMPLE_ROWS)]
    result = interpreted(tmp_path, "who,when,sum", *lines, "b,2024-03-01,1.234", "c,2024-03-01,12.5")
    assert result.reasons() == {len(lines) + 1: f"amount {TWO_READINGS}"}
    assert result.events[-1]["cents"] == 1250
    for key, mark, cents in (("decimal", ".", 123), ("thousands", ".", 123_400)):
        result = interpreted(tmp_path, "who,when,sum", *lines[:9], "b,2024-03-01,1.234", amounts={key: mark})
        assert result.events[-1]["cents"] == cents
